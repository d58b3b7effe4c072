"""What a driver knows of its robot, as ROS messages."""

import math
from dataclasses import replace

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from mir2_core.driver import Battery, Health, Inertia, Reading
from mir2_core.robots.epuck2 import TOF
from mir2_core.types import FloatArray
from nav_msgs.msg import Odometry
from sensor_msgs.msg import BatteryState, Imu

from mir2_swarm.convert import stamp, to_odometry

AHEAD = TOF  # the only sensor so far that looks ahead and farther
PLANE = (0, 1, 5)  # x, y and heading among the six of a pose
UNKNOWN = -1.0  # first element of a covariance of what a sensor does not measure
LEVELS = (DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR)


def to_wheel_odometry(reading: Reading, robot: str, stamp_s: float) -> Odometry:
    """Where the robot is, and how surely, at a time of the node's clock."""
    message = to_odometry(replace(reading.state, stamp_s=stamp_s), robot)
    message.pose.covariance = planar(reading.covariance)
    return message


def planar(covariance: FloatArray) -> list[float]:
    """The 36 numbers of a pose's covariance from those of x_m, y_m, heading_rad (3, 3)."""
    numbers = [0.0] * 36
    for row, i in enumerate(PLANE):
        for column, j in enumerate(PLANE):
            numbers[6 * i + j] = float(covariance[row, column])
    return numbers


def to_imu(inertia: Inertia, robot: str, stamp_s: float) -> Imu:
    """Acceleration and turn rates; the robot measures no orientation."""
    message = Imu()
    message.header.stamp, message.header.frame_id = stamp(stamp_s), f"{robot}/base_link"
    message.orientation_covariance = [UNKNOWN] + [0.0] * 8
    acceleration, turn = message.linear_acceleration, message.angular_velocity
    acceleration.x, acceleration.y, acceleration.z = inertia.acceleration_mps2
    turn.x, turn.y, turn.z = inertia.turn_radps
    return message


def to_battery(battery: Battery, stamp_s: float) -> BatteryState:
    """How full the battery is."""
    message = BatteryState(voltage=battery.volts, percentage=battery.share, present=True)
    message.header.stamp = stamp(stamp_s)
    message.power_supply_status = BatteryState.POWER_SUPPLY_STATUS_DISCHARGING
    for unknown in ("current", "charge", "capacity", "design_capacity", "temperature"):
        setattr(message, unknown, math.nan)
    return message


def to_diagnostics(health: Health, robot: str, stamp_s: float) -> DiagnosticArray:
    """How a driver and its robot are doing."""
    values = [KeyValue(key=name, value=fact) for name, fact in health.facts.items()]
    status = DiagnosticStatus(
        level=LEVELS[health.level], name=f"{robot}: driver", message=health.text, hardware_id=robot, values=values
    )
    message = DiagnosticArray(status=[status])
    message.header.stamp = stamp(stamp_s)
    return message
