"""What all nodes of the swarm share: the deployment, the clock's mode, and how a process begins and ends."""

import sys
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache

import rclpy
from mir2_core.deployment import Deployment
from mir2_core.errors import UserError, exit_with, nearest
from mir2_core.roster import Roster
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.utilities import remove_ros_args

from mir2_swarm.environment import check_environment
from mir2_swarm.pace import PACES

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)

load_roster = lru_cache(maxsize=1)(Roster.load)
load_deployment = lru_cache(maxsize=1)(Deployment.load)


class SwarmNode(Node):
    """A node with the parameters `roster` (a file) and `mode` (realtime or lockstep)."""

    def __init__(self, name: str, namespace: str = "") -> None:
        super().__init__(name, namespace=namespace)
        self._roster_path = self.text_parameter("roster", "the path of a roster file")
        self.roster = load_roster(self._roster_path)
        self.mode = self.choice_parameter("mode", tuple(PACES))
        self.period_s = 1.0 / self.roster.rate_hz
        self.pace = PACES[self.mode](self, self.roster)
        self.steady_clock = Clock(clock_type=ClockType.STEADY_TIME)

    @cached_property
    def deployment(self) -> Deployment:
        """The roster with its policy and task; gates, injector and emergency stop do without a policy."""
        return load_deployment(self._roster_path)

    @property
    def now_s(self) -> float:
        """The node's clock: simulated time in lockstep, wall time otherwise."""
        return float(self.get_clock().now().nanoseconds * 1e-9)

    @property
    def steady_s(self) -> float:
        """A clock that nobody sets, for waiting and for real time."""
        return float(self.steady_clock.now().nanoseconds * 1e-9)

    def text_parameter(self, name: str, what: str) -> str:
        """A string parameter that must be given."""
        value = str(self.declare_parameter(name, "").value)
        if not value:
            raise UserError(f"{self.get_fully_qualified_name()}: parameter '{name}' is not set; give {what}")
        return value

    def choice_parameter(self, name: str, choices: tuple[str, ...]) -> str:
        """A string parameter with a few valid values, the first of which is the default."""
        value = str(self.declare_parameter(name, choices[0]).value)
        if value not in choices:
            where = self.get_fully_qualified_name()
            raise UserError(f"{where}: parameter '{name}' is '{value}'; {nearest(value, choices)}")
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
    except UserError as error:
        exit_with(error)
    rclpy.init()
    executor = SingleThreadedExecutor()
    nodes: list[Node] = []
    try:
        for node in make_nodes():
            nodes.append(node)
            executor.add_node(node)
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except UserError as error:
        exit_with(error)
    except RuntimeError:
        if rclpy.ok():  # else a message arrived while the context was being shut down
            raise
    finally:
        for node in nodes:
            node.destroy_node()
        rclpy.try_shutdown()
