import time
from typing import Any

from ._wait import Waiter
from .qos import QoSProfile
from .signals import watch_waiter
from .utilities import timeout_sec_to_nsec


class _Holder:
    """Looks to a Waiter like a node that has one subscription."""

    timers = ()

    def __init__(self, subscription: Any) -> None:
        self._subscription = subscription

    def waitables_now(self) -> list[Any]:
        return [self._subscription]


def wait_for_message(
    msg_type: Any, node: Any, topic: str, *, qos_profile: QoSProfile | int = 1, time_to_wait: float = -1
) -> tuple[bool, Any]:
    """Whether a message came within `time_to_wait` seconds (-1: no limit), and the message."""
    limit_ns = timeout_sec_to_nsec(time_to_wait)
    deadline = None if limit_ns < 0 else time.monotonic_ns() + limit_ns
    waiter = Waiter(node.context)
    watch_waiter(waiter)
    node.context.on_shutdown(waiter.wake)
    subscription = node.create_subscription(msg_type, topic, lambda _: None, qos_profile)
    try:
        while node.context.ok():
            if (taken := subscription.take()) is not None:
                return True, taken[0]
            remaining_ns = 2**62 if deadline is None else deadline - time.monotonic_ns()
            if remaining_ns <= 0:
                break
            waiter.wait([_Holder(subscription)], remaining_ns)
    finally:
        waiter.close()
        node.destroy_subscription(subscription)
    return False, None
