"""What a node hears of its robot's allies, judged in the same order in real time and in lockstep."""

from collections import deque
from collections.abc import Callable, Iterable

from geometry_msgs.msg import PoseArray
from mir2_core.disturbance import parse_disturbance
from mir2_core.listener import Heard, Listener
from mir2_core.radio import Radio
from mir2_core.traitors.links import UnderWay
from mir2_core.types import RobotState
from nav_msgs.msg import Odometry

from mir2_swarm.convert import says_nothing, seconds, to_lie, to_state
from mir2_swarm.fault_news import FaultNews
from mir2_swarm.link_faults import LinkFaults
from mir2_swarm.node import HIGHEST_SEED, SwarmNode
from mir2_swarm.pace import Stamps

LIES = "/fault_injector/lies"  # one topic for all robots: every subscription costs each node of a real ROS 2 time
MOST_LIES = 200  # that wait
INBOX = 5  # reports of one ally that are kept until the next decision; more are a flood, and the oldest go


class Ears:
    """Subscribes to what the allies of a robot report, and calls `heard` after each report.

    Reports are judged when a decision is made, in team order and as of their arrival; where the pace waits, as of the
    decision's own time, so that nothing depends on the order of messages. A report without a frame says that
    there is no more of its time: nobody has to wait for a robot that is silent, or late. Before they are judged,
    reports pass the link, which may be at fault: what is lost there, or late, is not waited for either. What a
    two-faced ally says is replaced by what the fault injector tells this robot in its place.
    """

    def __init__(self, node: SwarmNode, robot: str, news: FaultNews, heard: Callable[[], None]) -> None:
        roster = node.roster
        self.listener = Listener(
            roster.names,
            robot,
            model=roster.robot(robot).model,
            arena_m=roster.arena.size_m,
            period_s=node.period_s,
            settings=roster.trust,
            kinds={each.name: each.model for each in roster.robots},
        )
        self._pace = node.pace
        self._heard = heard
        self._slack_s = 0.5 * node.period_s if node.pace.patient else 0.0  # nothing happens between two steps
        self._inbox: dict[str, deque[Heard]] = {ally: deque(maxlen=INBOX) for ally in self.listener.allies}
        self._under_way: dict[str, UnderWay[Heard]] = {ally: UnderWay() for ally in self.listener.allies}
        self._newest_s: dict[str, float] = {}
        self._radio = _radio(node, robot)
        self._links = LinkFaults(node.pace, self._radio, self.listener.allies, news, heard)
        self._lies: dict[str, RobotState] = {}
        self._index = roster.names.index(robot)
        for ally in self.listener.allies:
            node.listen(Odometry, f"/{ally}/state", self._ally_listener(ally), self._pace.control_depth)
        if roster.allow_fault_injection:
            node.listen(PoseArray, LIES, self._on_lie, MOST_LIES)

    def _ally_listener(self, ally: str) -> Callable[[Odometry], None]:
        def listen(message: Odometry) -> None:
            stamp_s, now_s = seconds(message.header.stamp), self._pace.now_s(())
            repeated = self._pace.patient and stamp_s == self._newest_s.get(ally)  # asked for again, not said again
            if not repeated and not says_nothing(message):
                self._inbox[ally].append(Heard(now_s, to_state(message)))
            if self._pace.patient or self._links.late_s(now_s, ally) == 0.0:
                self._newest_s[ally] = stamp_s
            self._heard()

        return listen

    def _on_lie(self, message: PoseArray) -> None:
        ally, lie = message.header.frame_id, to_lie(message, self._index)
        if lie and ally in self._inbox:
            self._lies[ally] = lie
            self._heard()

    def stamps(self, allies: Iterable[str]) -> Stamps:
        """The stamps of what these allies reported last, believed or not."""
        return [self._newest_s.get(ally) for ally in allies]

    def is_settled(self, time_s: float) -> bool:
        """Whether it is known what becomes of the reports of a time."""
        lies = [self._lies.get(ally) for ally in self.listener.allies if self._links.is_two_faced(time_s, ally)]
        return self._links.is_settled(time_s, [lie.stamp_s if lie else None for lie in lies])

    def judge(self, own: RobotState | None, now_s: float) -> None:
        """Let the listener take in what has arrived until now, the time of a decision."""
        arrived = {ally: self._arrived(ally, now_s) for ally in self.listener.allies}
        while heard := {ally: reports.popleft() for ally, reports in arrived.items() if reports}:
            self.listener.hear(heard, own)

    def _arrived(self, ally: str, now_s: float) -> deque[Heard]:
        """What has come through the link from an ally, and when."""
        under_way, inbox = self._under_way[ally], self._inbox[ally]
        while inbox:
            report = inbox.popleft()
            sent_s = now_s if self._pace.patient else report.arrived_s
            if ally in self._lies and self._links.is_two_faced(sent_s, ally):
                report = report._replace(state=self._lies[ally])
            arrives_s = sent_s + self._links.late_s(sent_s, ally)
            state = self._radio.stamped(report.state, ally)
            under_way.send(report._replace(arrived_s=arrives_s, state=state), arrives_s)
        here = under_way.arrived(now_s + self._slack_s, whole=not self._links.touched(now_s, ally))
        return deque(
            report._replace(arrived_s=now_s if self._pace.patient else min(report.arrived_s, now_s)) for report in here
        )


def _radio(node: SwarmNode, robot: str) -> Radio:
    """The radio of a robot, by the node's parameters `disturbance` and `seed`."""
    text = node.text_parameter("disturbance", "such as lab", needed=False)
    settings = parse_disturbance(text, f"{node.get_fully_qualified_name()}: parameter 'disturbance'")
    seed = node.number_parameter("seed", 0, HIGHEST_SEED)
    return Radio(settings, node.roster.names, robot, seed=seed, period_s=node.period_s)
