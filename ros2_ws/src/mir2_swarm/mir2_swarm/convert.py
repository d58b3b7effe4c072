"""Between ROS messages and the values of mir2_core."""

import math
from collections.abc import Container, Iterable, Mapping

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Pose, PoseArray, PoseWithCovariance, Twist, TwistStamped
from mir2_core.allies import Presence, Verdict
from mir2_core.cross_check import MOST_REPORTS
from mir2_core.cross_check import Hearsay as Told
from mir2_core.listener import TWO_VOICES
from mir2_core.robots import ProximitySensor
from mir2_core.suspicion import Case, Opinion
from mir2_core.traitors.schedule import FOREVER, FaultSpec
from mir2_core.types import Command, Echo, RobotState, to_heading, to_quaternion
from mir2_interfaces.msg import (
    AllyArray,
    AllyStatus,
    Fault,
    FaultArray,
    HeardReports,
    Hearsay,
    Suspicion,
    SuspicionArray,
)
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Range

MAP_FRAME = "map"
REFUSALS = {verdict.name.lower() for verdict in Verdict} | {TWO_VOICES}
FIRST_S, LAST_S = -(2.0**31), 2.0**31 - 1.0  # a stamp holds whole seconds in 32 bits


def seconds(stamp: Time) -> float:
    """A stamp as seconds."""
    return float(stamp.sec + stamp.nanosec * 1e-9)


def stamp(time_s: float) -> Time:
    """Seconds as a stamp; `seconds` gives back the same number, of those that fit into a stamp the nearest."""
    time_s = min(max(time_s, FIRST_S), LAST_S)
    whole = math.floor(time_s)
    nanoseconds = round((time_s - whole) * 1e9)
    return Time(sec=whole + nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def to_state(message: Odometry) -> RobotState:
    """Pose in the map frame and body velocity; the heading is that of the quaternion, in [0, 2π)."""
    position, q = message.pose.pose.position, message.pose.pose.orientation
    heading = to_heading(q.x, q.y, q.z, q.w)
    twist = message.twist.twist
    return RobotState(seconds(message.header.stamp), position.x, position.y, heading, twist.linear.x, twist.angular.z)


def odometry_mistake(message: Odometry) -> str:
    """Why a robot's odometry does not say where it is in the map, or nothing."""
    frame = message.header.frame_id
    if frame != MAP_FRAME:
        return (
            f"its frame is '{frame}', not '{MAP_FRAME}', which all robots share; let its driver, or a relay, publish "
            f"poses in '{MAP_FRAME}'"
        )
    return "" if to_state(message).is_finite() else "it holds a number that is not finite"


def to_allies(opinions: Mapping[str, Opinion], now_s: float) -> AllyArray:
    """What a robot believes of its allies."""
    statuses = [
        AllyStatus(
            robot=ally,
            presence=int(opinion.presence),
            refusal_reasons=list(opinion.refused),
            refusal_counts=list(opinion.refused.values()),
        )
        for ally, opinion in opinions.items()
    ]
    message = AllyArray(allies=statuses)
    message.header.stamp = stamp(now_s)
    return message


def to_opinions(message: AllyArray, names: Container[str]) -> list[tuple[str, Opinion]]:
    """What a robot believes of those allies that are among `names`; what is no opinion is left out."""
    opinions = []
    for ally in message.allies:
        if ally.robot in names and ally.presence in set(Presence):
            counts = zip(ally.refusal_reasons, ally.refusal_counts, strict=False)
            refused = {reason: count for reason, count in counts if reason in REFUSALS}
            opinions.append((ally.robot, Opinion(Presence(ally.presence), refused)))
    return opinions


def to_hearsay_message(robot: str, told: Told) -> Hearsay:
    """What a robot, named in place of a frame, has heard of its allies, for the others."""
    message = Hearsay(two_faced=sorted(told.two_faced))
    message.header.stamp = stamp(told.time_s)
    message.header.frame_id = robot
    for ally, rows in told.heard.items():
        stamp_s, x_m, y_m, heading_rad = rows.T.tolist()
        message.allies.append(HeardReports(robot=ally, stamp_s=stamp_s, x_m=x_m, y_m=y_m, heading_rad=heading_rad))
    return message


def to_hearsay(message: Hearsay, names: Container[str]) -> Told:
    """What an ally says that it has heard of those that are among `names`; of the rest, and of too much, nothing."""
    heard = {}
    for each in message.allies:
        columns = [each.stamp_s, each.x_m, each.y_m, each.heading_rad]
        if each.robot in names and max(map(len, columns)) <= MOST_REPORTS:
            count = min(map(len, columns))
            heard[each.robot] = np.array([column[:count] for column in columns], dtype=float).T
    return Told(seconds(message.header.stamp), heard, {name for name in message.two_faced if name in names})


def to_suspicions(cases: Mapping[str, Case]) -> SuspicionArray:
    """What the team says of each robot."""
    robots = [
        Suspicion(
            robot=robot,
            absent_for=len(case.absent_for),
            listeners=len(case.refused),
            refusal_reasons=list(case.refusals),
            refusal_counts=list(case.refusals.values()),
        )
        for robot, case in cases.items()
    ]
    return SuspicionArray(robots=robots)


def to_pose(state: RobotState) -> Pose:
    """Where a robot is."""
    pose = Pose()
    pose.position.x, pose.position.y = state.x_m, state.y_m
    pose.orientation.z, pose.orientation.w = to_quaternion(state.heading_rad)
    return pose


def to_lies(robot: str, states: Iterable[RobotState | None], stamp_s: float) -> PoseArray:
    """What a two-faced robot, named in place of a frame, tells each robot in team order; None where it says nothing."""
    nowhere = RobotState(stamp_s, math.nan, math.nan, math.nan)
    message = PoseArray(poses=[to_pose(state or nowhere) for state in states])
    message.header.stamp = stamp(stamp_s)
    message.header.frame_id = robot
    return message


def to_lie(message: PoseArray, index: int) -> RobotState | None:
    """What is told to robot number `index`, as if it stood still."""
    if index >= len(message.poses):
        return None
    return to_state(Odometry(header=message.header, pose=PoseWithCovariance(pose=message.poses[index])))


def to_odometry(state: RobotState, robot: str) -> Odometry:
    """The odometry message of a robot."""
    message = Odometry(child_frame_id=f"{robot}/base_link")
    message.header.stamp = stamp(state.stamp_s)
    message.header.frame_id = MAP_FRAME
    message.pose.pose = to_pose(state)
    message.twist.twist.linear.x = state.v_mps
    message.twist.twist.angular.z = state.omega_radps
    return message


def nothing_more(time_s: float) -> Odometry:
    """A report that ends what a robot says at a time: it has no frame, so it is nowhere."""
    message = Odometry()
    message.header.stamp = stamp(time_s)
    return message


def says_nothing(message: Odometry) -> bool:
    """Whether a report only ends what its robot says at its time."""
    return not message.header.frame_id


def to_range(echo: Echo, sensor: ProximitySensor, robot: str) -> Range:
    """The message of one proximity sensor."""
    message = Range(
        radiation_type=Range.INFRARED,
        field_of_view=sensor.field_of_view_rad,
        max_range=sensor.range_m,
        range=echo.range_m,
    )
    message.header.stamp = stamp(echo.stamp_s)
    message.header.frame_id = f"{robot}/{sensor.name}"
    return message


def to_echo(message: Range) -> Echo:
    """What a proximity sensor says; a range of `max_range` or more means that nothing is seen."""
    nothing = 0.0 < message.max_range <= message.range
    return Echo(seconds(message.header.stamp), math.inf if nothing else message.range)


def to_command(message: TwistStamped) -> Command:
    """Body velocity of a stamped twist."""
    return Command(seconds(message.header.stamp), message.twist.linear.x, message.twist.angular.z)


def to_twist(command: Command) -> Twist:
    """A twist without its time."""
    twist = Twist()
    twist.linear.x = command.v_mps
    twist.angular.z = command.omega_radps
    return twist


def to_twist_stamped(command: Command, robot: str) -> TwistStamped:
    """A twist in the robot's body frame."""
    message = TwistStamped(twist=to_twist(command))
    message.header.stamp = stamp(command.stamp_s)
    message.header.frame_id = f"{robot}/base_link"
    return message


def to_faults(message: FaultArray) -> list[FaultSpec]:
    """The faults that the injector announces."""
    return [
        FaultSpec(
            fault.fault,
            fault.robot,
            seconds(fault.start),
            seconds(fault.end) or FOREVER,
            fault.parameters,
            fault.on_commands or not (fault.on_reports or fault.on_links),
            fault.on_reports,
            fault.on_links,
            fault.two_faced,
        )
        for fault in message.faults
    ]


def to_fault_array(faults: Iterable[FaultSpec], now_s: float, seed: int = 0) -> FaultArray:
    """The announcement, at `now_s`, of faults that are active or planned."""
    message = FaultArray(seed=seed)
    message.header.stamp = stamp(now_s)
    for spec in faults:
        fault = Fault(
            robot=spec.robot,
            fault=spec.kind,
            start=stamp(spec.start_s),
            active=spec.active(now_s),
            parameters=spec.parameters,
            on_commands=spec.on_commands,
            on_reports=spec.on_reports,
            on_links=spec.on_links,
            two_faced=spec.two_faced,
        )
        if spec.end_s < FOREVER:
            fault.end = stamp(spec.end_s)
        message.faults.append(fault)
    return message
