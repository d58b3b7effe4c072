"""The driver's side of one simulated robot: its odometry and sensors go out, its commands come in."""

import math
from collections.abc import Callable, Iterable

from geometry_msgs.msg import Twist, TwistStamped
from mir2_core.roster import RobotEntry
from mir2_core.types import Command, Echo, RobotState
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Range

from mir2_swarm.convert import seconds, stamp, to_odometry, to_range
from mir2_swarm.node import SwarmNode


class RobotPort:
    """Topics of a robot whose body is in a world; `heard` is called after every command."""

    def __init__(
        self, node: SwarmNode, robot: RobotEntry, heard: Callable[[], None], *, disturbed: bool = False
    ) -> None:
        self.name = robot.name
        self._node, self._heard = node, heard
        self._timeout_s = node.roster.timeouts.driver_s
        self._command: Command | None = None  # its stamp is zero if it came without one
        self._came_s = 0.0
        self._odometry = node.create_publisher(Odometry, f"/{robot.name}/odom", 10)
        self._truth = node.create_publisher(Odometry, f"/{robot.name}/truth", 10) if disturbed else None
        self._sensors = [  # each with a message that is used again and again: there are hundreds a second
            (
                to_range(Echo(0.0, math.inf), sensor, robot.name),
                node.create_publisher(Range, f"/{robot.name}/{sensor.name}", node.pace.odometry_qos),
            )
            for sensor in robot.model.proximity
        ]
        kind, callback = (TwistStamped, self._on_stamped) if robot.stamped_cmd_vel else (Twist, self._on_twist)
        node.create_subscription(kind, f"/{robot.name}/cmd_vel", callback, node.pace.control_depth)

    def _on_stamped(self, message: TwistStamped) -> None:
        self._take(Command(seconds(message.header.stamp), message.twist.linear.x, message.twist.angular.z))

    def _on_twist(self, message: Twist) -> None:
        self._take(Command(0.0, message.linear.x, message.angular.z))

    def _take(self, command: Command) -> None:
        self._command, self._came_s = command, self._node.steady_s
        self._heard()

    def report(self, state: RobotState, ranges_m: Iterable[float]) -> None:
        """Publish where the robot is, and what each of its sensors reads."""
        self._odometry.publish(to_odometry(state, self.name))
        now = stamp(state.stamp_s)
        for (message, publisher), range_m in zip(self._sensors, ranges_m, strict=True):
            message.header.stamp, message.range = now, range_m
            publisher.publish(message)

    def reveal(self, state: RobotState) -> None:
        """Publish where a robot that is disturbed really is."""
        if self._truth:
            self._truth.publish(to_odometry(state, self.name))

    def answer(self, time_s: float) -> tuple[float, float] | None:
        """v_mps, omega_radps of the command stamped with that time, zero if not a number; None if it has not come."""
        command = self._command
        if command is None or command.stamp_s != time_s:
            return None
        return (command.v_mps, command.omega_radps) if command.is_finite() else (0.0, 0.0)

    def newest(self) -> tuple[float, float]:
        """v_mps, omega_radps of the newest command; zero if it is old, or not a number."""
        command = self._command
        if command is None or not command.is_finite() or self._node.steady_s - self._came_s > self._timeout_s:
            return 0.0, 0.0
        return command.v_mps, command.omega_radps
