"""`ros2 topic hz`."""

from __future__ import annotations

import argparse
import statistics
import time
from collections import deque
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data

from .discovery import discover, node_verb
from .interfaces import find_type
from .verbs import Status, argument, flag, natural

WINDOW = 10_000
REPORT_PERIOD_NS = 1_000_000_000


@node_verb(
    "topic hz",
    argument("topic_name", help="name of the topic"),
    argument("-w", "--window", type=natural, default=WINDOW, help=f"messages that count (default: {WINDOW})"),
    argument("--filter", metavar="EXPR", help="Python expression of m, the message"),
    flag("--wall-time", help="measure by the wall clock"),
)
def _hz(node: Node, args: argparse.Namespace) -> Status:
    """Measure the rate of a topic."""
    is_counted = eval(f"lambda m: {args.filter or 'True'}")
    now_ns = time.time_ns if args.wall_time else lambda: int(node.get_clock().now().nanoseconds)
    rate = Rate(args.window)

    def receive(message: Any) -> None:
        if is_counted(message):
            rate.add(now_ns())

    message_type = _wait_for_type(node, args.topic_name)
    node.create_subscription(message_type, args.topic_name, receive, qos_profile_sensor_data)
    while rclpy.ok():
        rclpy.spin_once(node)
        rate.report()
    return 0


def _wait_for_type(node: Node, name: str) -> Any:
    """Return the class of a topic's messages, once somebody has it."""
    full_name = node.resolve_topic_name(name)
    if not discover(node, lambda: full_name in dict(node.get_topic_names_and_types())):
        print(f"WARNING: topic [{name}] does not appear to be published yet")
    while (types := dict(node.get_topic_names_and_types()).get(full_name)) is None:
        rclpy.spin_once(node, timeout_sec=0.05)
    return find_type(types[0], "msg")


class Rate:
    """Intervals between messages; reports at the first and every further second of them."""

    def __init__(self, window: int) -> None:
        self._intervals_ns: deque[int] = deque(maxlen=window)
        self._last_ns = self._reported_ns = 0

    def add(self, now_ns: int) -> None:
        """Take note of a message at this time."""
        if now_ns == 0:
            if self._intervals_ns:
                print("time has reset, resetting counters")
            self._intervals_ns.clear()
            return
        if 0 < self._last_ns <= now_ns:
            self._intervals_ns.append(now_ns - self._last_ns)
        else:
            self._intervals_ns.clear()
        self._last_ns = now_ns

    def report(self) -> None:
        """Print the statistics if a second has passed since the last time."""
        if not self._intervals_ns:
            return
        if self._reported_ns == 0:
            self._reported_ns = self._last_ns
        if not 0 <= self._last_ns - self._reported_ns < REPORT_PERIOD_NS:
            self._reported_ns = self._last_ns
            print(self.describe())

    def describe(self) -> str:
        """Return rate, shortest and longest interval, standard deviation and number of intervals."""
        intervals_s = [interval * 1e-9 for interval in self._intervals_ns]
        mean_s = statistics.fmean(intervals_s)
        return (
            f"average rate: {1.0 / mean_s if mean_s else 0.0:.3f}\n\tmin: {min(intervals_s):.3f}s "
            f"max: {max(intervals_s):.3f}s std dev: {statistics.pstdev(intervals_s):.5f}s window: {len(intervals_s)}"
        )
