"""The driver node: one real robot, or an emulated one, on the swarm's topics."""

import math
import time
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Twist, TwistStamped
from mir2_core.driver import Level, Reading, driver_module
from mir2_core.errors import UserError
from mir2_core.types import Command, Echo
from nav_msgs.msg import Odometry
from sensor_msgs.msg import BatteryState, Imu, Range
from std_srvs.srv import Trigger

from mir2_swarm.convert import seconds, to_range, to_twist_stamped
from mir2_swarm.driver_messages import AHEAD, to_battery, to_diagnostics, to_imu, to_wheel_odometry
from mir2_swarm.fault_news import FaultNews
from mir2_swarm.node import SwarmNode, robot_arguments, spin
from mir2_swarm.shared import Shared

LONGEST_SILENCE_S = 0.1  # between two commands to the robot
NEWS_S = 1.0  # between two reports of battery and health
REPEAT_S = 10.0  # after which trouble is said again


class DriverNode(SwarmNode):
    """Publishes what the robot knows, and passes `cmd_vel` on; a command that is older than `driver_s` is a stop.

    The robot stands until `~/start` is called, unless the parameter `start_paused` is false. With `resume`, odometry
    goes on from where a driver that has died left it.
    """

    def __init__(self, robot: str, shared: Shared | None = None) -> None:
        super().__init__("driver", robot, shared)
        if self.mode != "realtime":
            raise UserError(f"{self.get_fully_qualified_name()}: mode is '{self.mode}'; real robots know realtime only")
        self._entry = self.roster.robot(robot)
        self._running = not self.flag_parameter("start_paused")
        self._command, self._came_s = Command(0.0, 0.0, 0.0), -math.inf
        self._published_s = 0.0
        memory = Path(self._roster_path).with_name(f"{robot}.odometry")
        module = driver_module(self._entry)
        self._driver = module.make_driver(self._entry, memory, resume=self.flag_parameter("resume"))
        self._news = FaultNews(self)
        self._talk()
        self.create_service(Trigger, "~/start", self._on_start)
        self.create_timer(min(self.period_s, LONGEST_SILENCE_S), self._keep, clock=self.steady_clock)
        self.create_timer(self.period_s, self._report, clock=self.steady_clock)
        self.create_timer(NEWS_S, self._report_health, clock=self.steady_clock)

    def _talk(self) -> None:
        sensor_qos = self.pace.odometry_qos
        self._odometry = self.create_publisher(Odometry, "odom", 10)
        self._ranges = [
            (sensor, self.create_publisher(Range, sensor.name, sensor_qos)) for sensor in self._entry.model.proximity
        ]
        self._ahead = self.create_publisher(Range, AHEAD.name, sensor_qos)
        self._imu = self.create_publisher(Imu, "imu", sensor_qos)
        self._battery = self.create_publisher(BatteryState, "battery_state", 10)
        self._applied = self.create_publisher(TwistStamped, "cmd_vel/applied", 10)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        kind, callback = (TwistStamped, self._on_stamped) if self._entry.stamped_cmd_vel else (Twist, self._on_twist)
        self.create_subscription(kind, "cmd_vel", callback, self.pace.control_depth)

    def _on_start(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success, response.message = True, "already running" if self._running else "running"
        self._running = True
        return response

    def _on_stamped(self, message: TwistStamped) -> None:
        self._take(Command(seconds(message.header.stamp), message.twist.linear.x, message.twist.angular.z))

    def _on_twist(self, message: Twist) -> None:
        self._take(Command(self.now_s, message.linear.x, message.angular.z))

    def _take(self, command: Command) -> None:
        self._command, self._came_s = command, self.steady_s
        applied = self._tell()
        self._applied.publish(to_twist_stamped(applied, self._entry.name))

    def _tell(self) -> Command:
        """Tell the robot the newest command, or to stand."""
        fresh = self.steady_s - self._came_s <= self.roster.timeouts.driver_s
        obeyed = self._running and fresh and self._command.is_finite()
        return self._driver.apply(self._command if obeyed else self._command.stopped())

    def _keep(self) -> None:
        """Go on telling it, lest the robot's keeper takes this process for dead."""
        faults, now_s = self._news.faults or [], self.now_s
        self._driver.show_traitor(
            any(fault.robot == self._entry.name and not fault.on_links and fault.active(now_s) for fault in faults)
        )
        self._tell()

    def _report(self) -> None:
        reading = self._driver.read()
        if reading is None or reading.state.stamp_s <= self._published_s:
            return
        self._published_s = reading.state.stamp_s
        stamp_s = self._node_time_s(reading)
        name = self._entry.name
        self._odometry.publish(to_wheel_odometry(reading, name, stamp_s))
        for (sensor, publisher), range_m in zip(self._ranges, reading.ranges_m, strict=True):
            publisher.publish(to_range(Echo(stamp_s, range_m), sensor, name))
        if reading.ahead_m is not None:
            self._ahead.publish(to_range(Echo(stamp_s, reading.ahead_m), AHEAD, name))
        if reading.inertia:
            self._imu.publish(to_imu(reading.inertia, name, stamp_s))

    def _node_time_s(self, reading: Reading) -> float:
        return self.now_s - (time.monotonic() - reading.state.stamp_s)

    def _report_health(self) -> None:
        health, name = self._driver.health(), self._entry.name
        self._diagnostics.publish(to_diagnostics(health, name, self.now_s))
        reading = self._driver.read()
        if reading and reading.battery:
            self._battery.publish(to_battery(reading.battery, self._node_time_s(reading)))
        if health.level is not Level.OK:
            say = self.get_logger().error if health.level is Level.ERROR else self.get_logger().warning
            say(f"{name}: {health.text}", throttle_duration_sec=REPEAT_S, skip_first=True)

    def destroy_node(self) -> None:
        """Make the robot stand."""
        self._driver.close()
        super().destroy_node()


def main() -> None:
    """Serve the robots named on the command line."""
    shared = Shared()
    spin(lambda: (DriverNode(robot, shared) for robot in robot_arguments()))
