"""What robots and gates say of each other, added up for the record and for /swarm/suspicion."""

from collections.abc import Callable, Iterable

from mir2_core.suspicion import Event, Suspicion
from mir2_interfaces.msg import AllyArray, GateStatus, SuspicionArray

from mir2_swarm.convert import to_opinions, to_suspicions
from mir2_swarm.node import LATCHED, SwarmNode

SETTLED_S = 2.0  # of a run, in which robots that have just started hear each other

IN_WORDS = {
    "robot_absent": "absent",
    "robot_back": "back, absent only",
    "reports_refused": "reports are refused:",
    "robot_contradicted": "is not where it says, contradicted",
    "sensors_silent": "silent sensors:",
    "sensors_back": "sensors heard again:",
}


class Verdicts:
    """Listens to what policies believe of allies; `tell` is called with every event and what it means in words."""

    def __init__(self, node: SwarmNode, tell: Callable[[Event, str], None]) -> None:
        self._names = node.roster.names
        self._tell = tell
        self.suspicion = Suspicion(self._names)
        self._publisher = node.create_publisher(SuspicionArray, "/swarm/suspicion", LATCHED)
        for robot in self._names:
            node.create_subscription(AllyArray, f"/{robot}/allies", self._allies_listener(robot), LATCHED)

    def _allies_listener(self, robot: str) -> Callable[[AllyArray], None]:
        def listen(message: AllyArray) -> None:
            events = self.suspicion.hear(robot, to_opinions(message, self._names))
            told = to_suspicions(self.suspicion.cases)
            told.header.stamp = message.header.stamp
            self._publisher.publish(told)
            self._tell_all(events)

        return listen

    def gate(self, robot: str, message: GateStatus) -> None:
        """Take in what a gate says of its robot's senses, once a run has begun."""
        contradicted = dict(zip(message.contradicted_robots, message.contradiction_counts, strict=False))
        self._tell_all(self.suspicion.senses(robot, contradicted, message.silent_sensors))

    def look(self, run_s: float, *, at_last: bool = False) -> None:
        """Note who was never there, once everybody has had time to be heard, or at the end of a run."""
        if run_s >= SETTLED_S or at_last:
            self._tell_all(self.suspicion.settle())

    def _tell_all(self, events: Iterable[Event]) -> None:
        for event in events:
            self._tell(event, f"{event.robot}: {IN_WORDS[event.name]} {event.detail}")
