"""What a bag holds of a run."""

from typing import Any, NamedTuple

from geometry_msgs.msg import PoseArray, Twist, TwistStamped
from mir2_core.roster import Roster
from mir2_interfaces.msg import AllyArray, FaultArray, GateStatus, Hearsay, StopReport, SuspicionArray, SwarmMetrics
from nav_msgs.msg import Odometry
from rcl_interfaces.msg import Log
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Bool, String

from mir2_swarm.comparison import HEARD
from mir2_swarm.ears import LIES
from mir2_swarm.node import LATCHED

RELIABLE = QoSProfile(depth=10)
ANY = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)  # hears every publisher


class BagTopic(NamedTuple):
    """A topic with what its publishers offer at least; a `lively` one is heard before the run begins."""

    name: str
    message: type[Any]
    qos: QoSProfile = RELIABLE
    lively: bool = False


def bag_topics(roster: Roster, *, odometry_qos: QoSProfile, clock: bool) -> list[BagTopic]:
    """The topics of a run; `clock` says whether time is simulated."""
    topics = [
        BagTopic("/swarm/metrics", SwarmMetrics),
        BagTopic("/swarm/suspicion", SuspicionArray, LATCHED),
        BagTopic(HEARD, Hearsay, LATCHED),
        BagTopic("/swarm/readmit", String),
        BagTopic("/emergency_stop", Bool, ANY),
        BagTopic("/emergency_stop/reports", StopReport, LATCHED),
        BagTopic("/rosout", Log, LATCHED),
    ]
    if clock:
        topics.append(BagTopic("/clock", Clock, lively=True))
    if roster.allow_fault_injection:
        topics += [BagTopic("/faults", FaultArray, LATCHED, lively=True), BagTopic(LIES, PoseArray)]
    for robot in roster.robots:
        topics += [
            BagTopic(f"/{robot.name}/odom", Odometry, odometry_qos, lively=True),
            BagTopic(f"/{robot.name}/state", Odometry, lively=True),
            BagTopic(f"/{robot.name}/cmd_vel/policy", TwistStamped, lively=True),
            BagTopic(f"/{robot.name}/cmd_vel", TwistStamped if robot.stamped_cmd_vel else Twist, lively=True),
            BagTopic(f"/{robot.name}/gate", GateStatus, lively=True),
            BagTopic(f"/{robot.name}/allies", AllyArray, LATCHED, lively=True),
        ]
        if roster.allow_fault_injection:
            topics += [
                BagTopic(f"/{robot.name}/cmd_vel/fault", TwistStamped),
                BagTopic(f"/{robot.name}/state/fault", Odometry),
            ]
    return topics
