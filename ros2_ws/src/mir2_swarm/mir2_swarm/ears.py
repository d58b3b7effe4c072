"""What a node hears of its robot's allies, judged in the same order in real time and in lockstep."""

from collections import deque
from collections.abc import Callable, Iterable

from mir2_core.listener import Heard, Listener
from mir2_core.robots import robot_model
from mir2_core.types import RobotState
from nav_msgs.msg import Odometry

from mir2_swarm.convert import says_nothing, seconds, to_state
from mir2_swarm.node import SwarmNode
from mir2_swarm.pace import Stamps

INBOX = 5  # reports of one ally that are kept until the next decision; more are a flood, and the oldest go


class Ears:
    """Subscribes to what the allies of a robot report, and calls `heard` after each report.

    Reports are judged when a decision is made, in team order and as of their arrival; where the pace waits, as of the
    decision's own time, so that nothing depends on the order of messages. A report without a frame says that
    there is no more of its time: nobody has to wait for a robot that is silent, or late.
    """

    def __init__(self, node: SwarmNode, robot: str, heard: Callable[[], None]) -> None:
        roster = node.roster
        self.listener = Listener(
            roster.names,
            robot,
            model=robot_model(roster.robot(robot).kind),
            arena_m=roster.arena.size_m,
            period_s=node.period_s,
            settings=roster.trust,
        )
        self._pace = node.pace
        self._heard = heard
        self._inbox: dict[str, deque[Heard]] = {ally: deque(maxlen=INBOX) for ally in self.listener.allies}
        self._newest_s: dict[str, float] = {}
        for ally in self.listener.allies:
            node.listen(Odometry, f"/{ally}/state", self._ally_listener(ally), self._pace.control_depth)

    def _ally_listener(self, ally: str) -> Callable[[Odometry], None]:
        def listen(message: Odometry) -> None:
            stamp_s = seconds(message.header.stamp)
            repeated = self._pace.patient and stamp_s == self._newest_s.get(ally)  # asked for again, not said again
            if not repeated and not says_nothing(message):
                self._inbox[ally].append(Heard(self._pace.now_s(()), to_state(message)))
            self._newest_s[ally] = stamp_s
            self._heard()

        return listen

    def stamps(self, allies: Iterable[str]) -> Stamps:
        """The stamps of what these allies reported last, believed or not."""
        return [self._newest_s.get(ally) for ally in allies]

    def judge(self, own: RobotState | None, now_s: float) -> None:
        """Let the listener take in what has arrived until now, the time of a decision."""
        while heard := {ally: reports.popleft() for ally, reports in self._inbox.items() if reports}:
            if self._pace.patient:
                heard = {ally: report._replace(arrived_s=now_s) for ally, report in heard.items()}
            self.listener.hear(heard, own)
