"""What a robot tells its allies: where it is, or what the fault injector says in its place."""

from collections import deque

from mir2_core.types import RobotState
from nav_msgs.msg import Odometry

from mir2_swarm.convert import says_nothing, to_state
from mir2_swarm.fault_news import FaultNews
from mir2_swarm.node import SwarmNode

MOST_REPORTS = 1000  # of one time


class StateRelay:
    """Repeats a robot's odometry as `state`, or `state/fault` while `/faults` lists its reports and the lease runs.

    On `state/fault` a report without a frame ends those of its time; there may be none before it, which is silence. In
    real time the truth is held back and the injector's reports go out as they come. Where the pace waits, what is told
    at a time needs the injector's word on that time, and its end is passed on, so that no ally waits for more. What
    differs from listener to listener does not come by here: each hears it from the injector.
    """

    def __init__(self, node: SwarmNode, robot: str, news: FaultNews) -> None:
        self._robot, self._pace, self._news = robot, node.pace, news
        self._truth: Odometry | None = None  # that has not been told
        self._truth_s: float | None = None
        self._coming: deque[Odometry] = deque(maxlen=MOST_REPORTS)
        self._reports: list[Odometry] = []  # of the injector, that have not been told
        self._ended: RobotState | None = None  # the time of which they are
        self._lease = self._pace.lease(self._consider)
        self._publisher = node.create_publisher(Odometry, "state", 10)
        news.tell(lambda: self._pace.after_news(self._consider))
        if node.roster.allow_fault_injection:
            node.create_subscription(Odometry, "state/fault", self._on_fault_report, MOST_REPORTS)

    def tell(self, truth: Odometry) -> None:
        """Take in where the robot is, once per control period."""
        self._truth, self._truth_s = truth, to_state(truth).stamp_s
        self._consider()

    def _on_fault_report(self, message: Odometry) -> None:
        if not says_nothing(message):
            self._coming.append(message)
            return
        self._ended = to_state(message)
        self._reports = [*self._coming, message] if self._pace.patient else [*self._coming]
        self._coming.clear()
        self._consider()

    def _consider(self) -> None:
        """Tell what is due."""
        known_s = None if self._news.faults is None else self._truth_s
        if self._truth_s is None or not self._pace.due(self._truth_s, [known_s]):
            return
        time_s = self._pace.now_s([self._truth_s])
        if not self._lies(time_s):
            told = [self._truth] if self._truth else []
        elif self._pace.due(self._truth_s, [self._ended.stamp_s if self._ended else None]):
            told, self._reports = self._reports, []
        else:
            self._lease.miss(time_s)
            return
        self._lease.met()
        self._truth = None
        for message in told:
            self._publisher.publish(message)

    def _lies(self, time_s: float) -> bool:
        """Whether the injector's word counts now."""
        faults = [fault for fault in self._news.faults or [] if fault.robot == self._robot and fault.on_reports]
        lies = any(fault.active(time_s) and not fault.two_faced for fault in faults)
        return lies and self._lease.holds(time_s, self._ended)
