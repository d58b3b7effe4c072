"""What all nodes of the swarm share: the deployment, the clock's mode, and how a process begins and ends."""

import signal
import sys
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import rclpy
from ament_index_python.packages import get_package_share_directory
from mir2_core.deployment import Deployment
from mir2_core.errors import UserError, exit_with, nearest
from mir2_core.roster import Roster
from rcl_interfaces.msg import ParameterDescriptor
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.utilities import remove_ros_args

from mir2_swarm.environment import check_environment
from mir2_swarm.pace import PACES
from mir2_swarm.shared import Shared

HIGHEST_SEED = 2**31 - 1
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)

load_roster = lru_cache(maxsize=1)(Roster.load)
load_deployment = lru_cache(maxsize=1)(Deployment.load)


Number = TypeVar("Number", int, float)


class SwarmNode(Node):
    """A node with the parameters `roster` (a file) and `mode` (realtime or lockstep)."""

    def __init__(self, name: str, namespace: str = "", shared: Shared | None = None) -> None:
        super().__init__(name, namespace=namespace)
        self._require_name(f"/{namespace}/{name}" if namespace else f"/{name}")
        self._shared = shared or Shared()
        self._roster_path = self.text_parameter("roster", "the path of a roster file")
        self.roster = load_roster(self._roster_path)
        self.mode = self.choice_parameter("mode", tuple(PACES))
        self.period_s = 1.0 / self.roster.rate_hz
        self.pace = PACES[self.mode](self, self.roster)
        self.steady_clock = Clock(clock_type=ClockType.STEADY_TIME)

    def _require_name(self, name: str) -> None:
        """Two robots whose nodes were renamed to the same would share one gate and one driver."""
        found = self.get_fully_qualified_name()
        if found != name:
            raise UserError(
                f"{name} was renamed to {found} (__ns, __node, or a launch file that includes ours below a namespace); "
                "robots have the names that the roster gives them, and two teams on one network each need a "
                "ROS_DOMAIN_ID of their own"
            )

    @cached_property
    def deployment(self) -> Deployment:
        """The roster with its policy and task; gates, injector and emergency stop do without a policy."""
        return load_deployment(self._roster_path, self.zoo)

    @property
    def zoo(self) -> Path:
        """The folder of the shipped bundles."""
        return Path(get_package_share_directory("mir2_swarm")) / "policies"

    @property
    def now_s(self) -> float:
        """The node's clock: simulated time in lockstep, wall time otherwise."""
        return float(self.get_clock().now().nanoseconds * 1e-9)

    @property
    def steady_s(self) -> float:
        """A clock that nobody sets, for waiting and for real time."""
        return float(self.steady_clock.now().nanoseconds * 1e-9)

    def listen(self, kind: type, topic: str, listener: Callable[[Any], None], qos: QoSProfile | int) -> None:
        """Subscribe to an absolute topic together with the other nodes of the process."""
        self._shared.subscribe(self, kind, topic, listener, qos)

    def node_names(self) -> list[str]:
        """The names of all nodes in sight, which the nodes of the process look up together."""
        return self._shared.node_names(self, self.steady_s)

    def _parameter(self, name: str, default: Any) -> Any:
        """A parameter's value; it cannot be set later, when it would have no effect."""
        return self.declare_parameter(name, default, ParameterDescriptor(read_only=True, dynamic_typing=True)).value

    def _refuse(self, name: str, value: Any, way_out: str) -> NoReturn:
        raise UserError(f"{self.get_fully_qualified_name()}: parameter '{name}' is {value!r}; {way_out}")

    def text_parameter(self, name: str, what: str, *, needed: bool = True) -> str:
        """A string parameter; one that is needed must be given."""
        value = self._parameter(name, "")
        if value == "" and needed:
            raise UserError(f"{self.get_fully_qualified_name()}: parameter '{name}' is not set; give {what}")
        if not isinstance(value, str):
            self._refuse(name, value, f"give {what}")
        return value

    def choice_parameter(self, name: str, choices: tuple[str, ...]) -> str:
        """A string parameter with a few valid values, the first of which is the default."""
        value = self._parameter(name, choices[0])
        if value not in choices:
            self._refuse(name, value, nearest(str(value), choices))
        return str(value)

    def number_parameter(self, name: str, default: Number, high: Number) -> Number:
        """A number from 0 to `high`, whole if the default is."""
        value = self._parameter(name, default)
        whole = isinstance(default, int)
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or not 0 <= value <= high:
            self._refuse(name, value, f"allowed: a {'whole ' if whole else ''}number from 0 to {high}")
        return type(default)(value)

    def flag_parameter(self, name: str) -> bool:
        """True or false, which is the default."""
        value = self._parameter(name, False)
        if not isinstance(value, bool):
            self._refuse(name, value, "allowed: true or false")
        return value


def robot_arguments() -> list[str]:
    """The robots that this process serves: the command line's words that are not ROS arguments."""
    robots: list[str] = remove_ros_args(sys.argv)[1:]
    if not robots:
        raise UserError(
            "no robot named; give the names of the robots that this process serves, such as robot_0 robot_1"
        )
    return robots


def spin(make_nodes: Callable[[], Iterable[Node]]) -> None:
    """Run nodes until they are told to end; a `UserError` ends the process with one line and status 2."""
    try:
        check_environment()
        _spin(make_nodes)
    except UserError as error:
        exit_with(error)


def _spin(make_nodes: Callable[[], Iterable[Node]]) -> None:
    # The context is shut down on SIGINT by rclpy; Python's own answer would be an exception in the middle of anything,
    # of a message's conversion or of writing down a run.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    rclpy.init()
    executor = SingleThreadedExecutor()
    nodes: list[Node] = []
    try:
        for node in make_nodes():
            nodes.append(node)
            executor.add_node(node)
        executor.spin()
    except ExternalShutdownException:
        pass
    except RuntimeError:
        if rclpy.ok():  # else a message arrived while the context was being shut down
            raise
    finally:
        for node in nodes:
            node.destroy_node()
        rclpy.try_shutdown()
