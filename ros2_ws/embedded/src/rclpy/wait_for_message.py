import time
from typing import Any

from embedded_ros.dds import WaitSet

from .qos import QoSProfile
from .utilities import timeout_sec_to_nsec

LONGEST_WAIT_NS = 100_000_000  # a shutdown is noticed after that


def wait_for_message(
    msg_type: Any, node: Any, topic: str, *, qos_profile: QoSProfile | int = 1, time_to_wait: float = -1
) -> tuple[bool, Any]:
    """Whether a message came within `time_to_wait` seconds (-1: no limit), and the message."""
    limit_ns = timeout_sec_to_nsec(time_to_wait)
    deadline = time.monotonic_ns() + (2**62 if limit_ns < 0 else limit_ns)
    subscription = node.create_subscription(msg_type, topic, lambda _: None, qos_profile)
    waitset = WaitSet(node.context.session.participant)
    waitset.attach(subscription.condition, 1)
    try:
        while node.context.ok():
            if (taken := subscription.take()) is not None:
                return True, taken[0]
            if (remaining_ns := deadline - time.monotonic_ns()) <= 0:
                break
            waitset.wait(min(remaining_ns, LONGEST_WAIT_NS))
    finally:
        waitset.delete()
        node.destroy_subscription(subscription)
    return False, None
