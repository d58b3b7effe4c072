"""`ros2 topic hz`."""

import argparse
import statistics
import time
from collections import deque
from itertools import pairwise
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data

from .discovery import discover, node_verb
from .interfaces import find_type
from .verbs import FILTER, Status, argument, flag, natural

WINDOW = 10_000
REPORT_PERIOD_S = 1.0


@node_verb(
    "topic hz",
    argument("topic_name", help="name of the topic"),
    argument("-w", "--window", type=natural, default=WINDOW, help=f"messages that count (default: {WINDOW})"),
    FILTER,
    flag("--wall-time", help="measure by the wall clock"),
)
def _hz(node: Node, args: argparse.Namespace) -> Status:
    """Measure the rate of a topic."""
    times_s: deque[float] = deque(maxlen=args.window + 1)
    reported_s = 0.0

    def receive(message: Any) -> None:
        nonlocal reported_s
        now_s = time.time() if args.wall_time else node.get_clock().now().nanoseconds * 1e-9
        if not args.filter(message):
            return
        if times_s and now_s < times_s[-1]:
            print("time has reset, resetting counters")
            times_s.clear()
        times_s.append(now_s)
        if len(times_s) == 2:
            reported_s = now_s
        if len(times_s) > 2 and now_s - reported_s >= REPORT_PERIOD_S:
            reported_s = now_s
            print(describe([later - earlier for earlier, later in pairwise(times_s)]))

    message_type = _wait_for_type(node, args.topic_name)
    node.create_subscription(message_type, args.topic_name, receive, qos_profile_sensor_data)
    rclpy.spin(node)
    return 0


def _wait_for_type(node: Node, name: str) -> Any:
    """Return the class of a topic's messages, once somebody has it."""
    full_name = node.resolve_topic_name(name)
    if not discover(node, lambda: full_name in dict(node.get_topic_names_and_types())):
        print(f"WARNING: topic [{name}] does not appear to be published yet")
    while (types := dict(node.get_topic_names_and_types()).get(full_name)) is None:
        rclpy.spin_once(node, timeout_sec=0.05)
    return find_type(types[0], "msg")


def describe(intervals_s: list[float]) -> str:
    """Return rate, shortest and longest interval, standard deviation and number of intervals."""
    mean_s = statistics.fmean(intervals_s)
    return (
        f"average rate: {1.0 / mean_s if mean_s else 0.0:.3f}\n\tmin: {min(intervals_s):.3f}s "
        f"max: {max(intervals_s):.3f}s std dev: {statistics.pstdev(intervals_s):.5f}s window: {len(intervals_s)}"
    )
