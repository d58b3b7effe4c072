"""Robots tell each other what they have heard, to find allies that tell different robots different things."""

from collections.abc import Callable

from mir2_core.cross_check import TELL_S, second
from mir2_core.listener import Listener
from mir2_core.roster import MAX_ROBOTS
from mir2_interfaces.msg import Hearsay
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from mir2_swarm.convert import to_hearsay, to_hearsay_message
from mir2_swarm.node import SwarmNode

HEARD, READMIT = "/swarm/heard", "/swarm/readmit"
RECENT = QoSProfile(depth=4, durability=DurabilityPolicy.TRANSIENT_LOCAL)
RECENT_OF_ALL = QoSProfile(depth=RECENT.depth * MAX_ROBOTS, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Comparison:
    """Publishes once a second what a robot has heard, and compares it with what its allies say; each calls `came`.

    What is told of one second counts from the end of the next: where the pace waits, everything of it is here by then,
    and no verdict depends on the order of messages. In the second of its first decision a robot says nothing: before it
    was started again, it may have said something else.
    """

    def __init__(self, node: SwarmNode, robot: str, listener: Listener, came: Callable[[], None]) -> None:
        self._node, self._robot, self._listener, self._came = node, robot, listener, came
        self._check = listener.cross_check
        self._told_s: float | None = None
        self._publisher = node.create_publisher(Hearsay, HEARD, RECENT)
        node.listen(Hearsay, HEARD, self._on_hearsay, RECENT_OF_ALL)
        node.create_subscription(String, READMIT, self._on_readmit, 10)

    def _on_hearsay(self, message: Hearsay) -> None:
        ally = message.header.frame_id
        if ally in self._check.allies:
            self._check.listen(ally, to_hearsay(message, self._check.allies))
            self._came()

    def _on_readmit(self, message: String) -> None:
        if message.data in self._check.allies:
            self._node.get_logger().warning(f"{message.data} is believed again, as was asked for on {READMIT}")
            self._check.readmit(message.data)

    def complete(self, now_s: float) -> bool:
        """Whether every ally has told what counts at that time."""
        return self._check.complete(second(now_s) - TELL_S)

    def judge(self, now_s: float) -> None:
        """Once a second, at the time of a decision: find who is two-faced, and tell what was heard until then."""
        second_s = second(now_s)
        if second_s == self._told_s:  # another one is the next, or the clock was set
            return
        for ally in self._listener.compare(second_s - TELL_S, now_s):
            self._node.get_logger().warning(
                f"{ally} tells different robots different things and counts as absent; to believe it again: "
                f"ros2 topic pub --once {READMIT} std_msgs/msg/String '{{data: {ally}}}'"
            )
        if forged := self._check.two_voices:
            self._node.get_logger().error(
                f"a stranger on {HEARD}? Two different things are said there in the name of "
                f"{', '.join(sorted(forged))}; neither counts",
                throttle_duration_sec=10.0,
            )
        if self._told_s is not None:
            self._publisher.publish(to_hearsay_message(self._robot, self._check.hearsay(second_s)))
        self._told_s = second_s
