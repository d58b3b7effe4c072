"""`ros2 topic pub`."""

import argparse
import math
import time
from typing import Any

import rclpy
from rclpy.node import Node

from .discovery import node_verb
from .interfaces import find_type
from .message_text import VALUES, StampSetter, fill, given_values
from .qos_options import chosen_qos, qos_options
from .verbs import Status, argument, flag, nonnegative_int, positive

PERIOD_S = 0.1


@node_verb(
    "topic pub",
    argument("topic_name", help="name of the topic"),
    argument("message_type", help="type, such as 'std_msgs/msg/String'"),
    *VALUES,
    argument("-r", "--rate", type=positive, default=1.0, metavar="N", help="messages a second (default: 1)"),
    argument("-p", "--print", type=int, default=1, metavar="N", help="print every N-th message"),
    flag("-1", "--once", help="one message"),
    argument("-t", "--times", type=nonnegative_int, default=0, help="so many messages"),
    argument("-w", "--wait-matching-subscriptions", type=nonnegative_int, help="subscriptions waited for"),
    argument("--max-wait-time-secs", type=positive, metavar="N", help="end if they are not there after N seconds"),
    argument("--keep-alive", type=positive, default=0.1, metavar="N", help="seconds after the last message"),
    argument("-n", "--node-name", help="name of the publishing node"),
    *qos_options("default"),
)
def _pub(node: Node, args: argparse.Namespace) -> Status:
    """Publish messages."""
    times = 1 if args.once else args.times
    wanted = int(times > 0) if args.wait_matching_subscriptions is None else args.wait_matching_subscriptions
    if wanted == 0 and args.max_wait_time_secs is not None:
        return "--max-wait-time-secs option is only effective with --wait-matching-subscriptions, --once or --times"
    message, stamps = find_type(args.message_type, "msg")(), list[StampSetter]()
    values = given_values(args)
    if not isinstance(values, dict):
        return "The passed value needs to be a dictionary in YAML format"
    try:
        fill(message, values, stamps)
    except Exception as error:
        return f"Failed to populate field: {error}"
    publisher = node.create_publisher(type(message), args.topic_name, chosen_qos(args))
    _wait_for_subscriptions(node, publisher, wanted, args.max_wait_time_secs or math.inf)
    print("publisher: beginning loop")
    count = 0

    def publish() -> None:
        nonlocal count
        count += 1
        for set_stamp in stamps:
            set_stamp(node.get_clock().now().to_msg())
        if args.print and count % args.print == 0:
            print(f"publishing #{count}: {message!r}\n")
        publisher.publish(message)

    publish()
    node.create_timer(1.0 / args.rate, publish)
    while times == 0 or count < times:
        rclpy.spin_once(node)
    time.sleep(args.keep_alive)
    return 0


def _wait_for_subscriptions(node: Node, publisher: Any, wanted: int, limit_s: float) -> None:
    """Wait until there are enough, and say so every second; raises RuntimeError after the limit."""
    periods = 0
    while (found := publisher.get_subscription_count()) < wanted:
        if periods % 10 == 0:
            print(f"Waiting for at least {wanted} matching subscription(s)...")
        if periods * PERIOD_S >= limit_s:
            raise RuntimeError(
                f"Timed out waiting for subscribers: Expected {wanted} subcribers but only got {found} subscribers"
            )
        rclpy.spin_once(node, timeout_sec=PERIOD_S)
        periods += 1
