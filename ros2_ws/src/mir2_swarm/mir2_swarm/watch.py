"""What the monitor notices of others: who is silent, whose odometry cannot be true, who publishes that should not."""

from collections import Counter
from collections.abc import Callable

from mir2_core.types import RobotState
from nav_msgs.msg import Odometry
from rclpy.node import NodeNameNonExistentError

from mir2_swarm.comparison import HEARD
from mir2_swarm.convert import odometry_mistake
from mir2_swarm.ears import LIES
from mir2_swarm.node import SwarmNode

SILENCE_S, SILENCE_PATIENT_S = 1.0, 5.0  # wall time without a word; longer where the pace waits
CATCH_UP_S = 3.0  # after a pause of its own
GIVE_UP_S = 5.0  # a robot whose odometry is refused for so long is not waited for
LOOK_S = 0.5
LOOK_AROUND_S = 1.0  # between two looks at all nodes
FORGOTTEN_S = 20.0  # by then the network has forgotten a node that was killed
OWN_PAUSE_S = 0.5  # who is late for its own timer by so much was itself paused, and knows nothing of others

OWN = {"/monitor", "/simulator", "/emergency_stop", "/fault_injector", "/bag_recorder", "/run_clock"}
SHARED = {"/clock", "/faults", LIES, "/emergency_stop/reports", HEARD, "/swarm/metrics", "/swarm/suspicion"}

Note = Callable[..., bool]


class Silence:
    """Notes when a robot's `odom` or `gate` falls silent and when it is heard again, and pauses of the node itself."""

    def __init__(self, node: SwarmNode, note: Note) -> None:
        self._node, self._note = node, note
        self._limit_s = SILENCE_PATIENT_S if node.pace.patient else SILENCE_S
        self._heard_s: dict[tuple[str, str], float] = {}
        self._silent: set[tuple[str, str]] = set()
        self._looked_s = node.steady_s
        self._paused_s, self._excused_until_s = 0.0, 0.0
        self._late: dict[str, tuple[float, float]] = {}  # when each robot's newest word came, and how old it was then
        node.create_timer(LOOK_S, self.look, clock=node.steady_clock)

    @property
    def paused(self) -> bool:
        """Whether the node has just been paused and is still catching up."""
        return self._node.steady_s < self._excused_until_s

    @property
    def excused_s(self) -> float:
        """By how much what arrives now may be older than it should be: the node itself was paused, or is slow.

        What is late of all robots is not late by their clocks.
        """
        now_s = self._node.steady_s
        paused_s = self._paused_s if self.paused else 0.0
        late_s = min((late_s for came_s, late_s in self._late.values() if now_s - came_s < SILENCE_S), default=0.0)
        return max(paused_s, late_s)

    def heard(self, robot: str, what: str, stamp_s: float) -> None:
        """A word of a robot has come."""
        self.look()
        self._late[robot] = self._node.steady_s, self._node.pace.now_s([stamp_s]) - stamp_s
        self._heard_s[robot, what] = self._node.steady_s
        if (robot, what) in self._silent:
            self._silent.remove((robot, what))
            self._note(f"{what}_heard_again", robot=robot)

    def look(self) -> None:
        """Note who has been silent for too long."""
        now_s = self._node.steady_s
        gap_s, self._looked_s = now_s - self._looked_s, now_s
        if gap_s > LOOK_S + OWN_PAUSE_S:
            self._paused_s, self._excused_until_s = gap_s, now_s + CATCH_UP_S
            self._note("monitor_paused", detail=f"for {gap_s:.1f} s")
            self._heard_s = dict.fromkeys(self._heard_s, now_s)
        for (robot, what), heard_s in self._heard_s.items():
            if now_s - heard_s > self._limit_s and (robot, what) not in self._silent:
                self._silent.add((robot, what))
                self._note(f"{what}_silent", robot=robot, detail=f"nothing heard for {self._limit_s:g} s")


class Refusals:
    """Judges robots' odometry, and notes once a robot that it is refused."""

    def __init__(self, node: SwarmNode, note: Note) -> None:
        self._node, self._note = node, note
        self._noted: set[str] = set()
        self._since_s: dict[str, float] = {}

    def mistake(self, message: Odometry, state: RobotState, excused_s: float) -> str:
        """Why odometry cannot be true, or nothing; it may be older by `excused_s`."""
        return odometry_mistake(message) or self.clock_mistake(state.stamp_s, excused_s) or self._outside(state)

    def clock_mistake(self, stamp_s: float, excused_s: float) -> str:
        """Why a stamp cannot be of something that happens now, or nothing."""
        ahead_s = stamp_s - self._node.pace.now_s([stamp_s])
        limit_s = self._node.roster.timeouts.state_s
        if -limit_s - excused_s <= ahead_s <= limit_s:
            return ""
        late = "ahead of" if ahead_s > 0 else "behind"
        return f"its stamp is {abs(ahead_s):.1f} s {late} the clock here (allowed: {limit_s:g} s); set the clocks alike"

    def _outside(self, state: RobotState) -> str:
        size_m, margin_m = self._node.roster.arena.size_m, self._node.roster.trust.margin_m
        if all(-margin_m <= place_m <= size_m + margin_m for place_m in (state.x_m, state.y_m)):
            return ""
        return f"its place ({state.x_m:g}, {state.y_m:g}) is outside the arena of {size_m:g} m"

    def note(self, robot: str, mistake: str) -> list[str]:
        """A robot's odometry is refused; those of whom it has been for so long that nobody should wait for them."""
        self._node.get_logger().error(f"odom of {robot} is not used: {mistake}", throttle_duration_sec=5.0)
        if robot not in self._noted:
            self._noted.add(robot)
            self._note("odometry_refused", robot=robot, detail=mistake)
        now_s = self._node.steady_s
        self._since_s.setdefault(robot, now_s)
        return [name for name, since_s in self._since_s.items() if now_s - since_s > GIVE_UP_S]

    def excuse(self, robot: str) -> None:
        """A robot's odometry is right again."""
        self._since_s.pop(robot, None)


class Strangers:
    """Notes nodes that publish on the swarm's topics but are not of the swarm, and those of it that are there twice."""

    def __init__(self, node: SwarmNode, note: Note) -> None:
        self._node, self._note = node, note
        self._robots = {f"/{robot}" for robot in node.roster.names}
        self._own = OWN | {f"{robot}/{name}" for robot in self._robots for name in ("gate", "policy")}
        self._once = self._own | {f"{robot}/driver" for robot in self._robots}
        self._known: set[tuple[str, ...]] = set()
        self._twice_since_s: dict[str, float] = {}
        node.create_timer(LOOK_AROUND_S, self._look, clock=node.steady_clock)

    def _look(self) -> None:
        found = self._node.get_node_names_and_namespaces()
        names = Counter(f"{namespace.rstrip('/')}/{name}" for name, namespace in found)
        for name, namespace in found:
            if f"{namespace.rstrip('/')}/{name}" not in self._own:
                self._look_at(name, namespace)
        twice = {name for name, count in names.items() if count > 1 and name in self._once}
        now_s = self._node.steady_s
        self._twice_since_s = {name: self._twice_since_s.get(name, now_s) for name in twice}
        for name, since_s in self._twice_since_s.items():
            if now_s - since_s > FORGOTTEN_S:
                self._say("node_twice", name, f"two nodes have the name {name}")

    def _look_at(self, name: str, namespace: str) -> None:
        try:
            topics = self._node.get_publisher_names_and_types_by_node(name, namespace)
        except NodeNameNonExistentError:
            return  # it has just left
        for topic, _ in topics:
            robot = next((robot for robot in self._robots if topic.startswith(f"{robot}/")), "")
            if topic in SHARED or robot not in ("", namespace):  # a robot may have more nodes, such as its driver
                self._say("foreign_publisher", topic, f"{namespace.rstrip('/')}/{name} publishes on {topic}")

    def _say(self, event: str, what: str, detail: str) -> None:
        if (event, what, detail) not in self._known:
            self._known.add((event, what, detail))
            if self._note(event, detail=detail):
                self._node.get_logger().warning(f"a stranger in this ROS domain? {detail}")
