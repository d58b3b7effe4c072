"""Robots tell each other what they have heard, to find allies that tell different robots different things."""

import math
from collections.abc import Callable

from mir2_core.cross_check import TELL_S, CrossCheck
from mir2_core.roster import MAX_ROBOTS
from mir2_interfaces.msg import Hearsay
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from mir2_swarm.convert import seconds, to_hearsay, to_hearsay_message
from mir2_swarm.node import SwarmNode

HEARD, READMIT = "/swarm/heard", "/swarm/readmit"
RECENT = QoSProfile(depth=4, durability=DurabilityPolicy.TRANSIENT_LOCAL)
RECENT_OF_ALL = QoSProfile(depth=RECENT.depth * MAX_ROBOTS, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Comparison:
    """Publishes once a second what a robot has heard, and compares it with what its allies say; each calls `came`.

    What is told of one second counts from the end of the next: where the pace waits, everything of it is here by then,
    and no verdict depends on the order of messages.
    """

    def __init__(self, node: SwarmNode, robot: str, check: CrossCheck, came: Callable[[], None]) -> None:
        self._node, self._robot, self._check, self._came = node, robot, check, came
        self._newest_s: dict[str, float] = {}
        self._told_s = -math.inf
        self._publisher = node.create_publisher(Hearsay, HEARD, RECENT)
        node.listen(Hearsay, HEARD, self._on_hearsay, RECENT_OF_ALL)
        node.create_subscription(String, READMIT, self._on_readmit, 10)

    def _on_hearsay(self, message: Hearsay) -> None:
        ally = message.header.frame_id
        if ally in self._check.allies:
            self._check.listen(ally, to_hearsay(message, self._check.allies))
            self._newest_s[ally] = seconds(message.header.stamp)
            self._came()

    def _on_readmit(self, message: String) -> None:
        if message.data in self._check.allies:
            self._node.get_logger().warning(f"{message.data} is believed again, as was asked for on {READMIT}")
            self._check.readmit(message.data)

    def complete(self, now_s: float) -> bool:
        """Whether every ally has told what counts at that time."""
        counts_s = _second(now_s) - TELL_S
        return counts_s < 0.0 or all(self._newest_s.get(ally, -1.0) >= counts_s for ally in self._check.allies)

    def judge(self, now_s: float) -> None:
        """Once a second, at the time of a decision: find who is two-faced, and tell what was heard until then."""
        second_s = _second(now_s)
        if second_s == self._told_s:  # another one is the next, or the clock was set
            return
        self._told_s = second_s
        for ally in self._check.judge(second_s - TELL_S):
            self._node.get_logger().warning(
                f"{ally} tells different robots different things and counts as absent; to believe it again: "
                f"ros2 topic pub --once {READMIT} std_msgs/msg/String '{{data: {ally}}}'"
            )
        self._publisher.publish(to_hearsay_message(self._robot, self._check.hearsay(second_s)))


def _second(now_s: float) -> float:
    return math.floor(now_s / TELL_S + 1e-6) * TELL_S
