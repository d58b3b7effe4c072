"""`ros2 topic hz` and `ros2 topic bw`."""

from __future__ import annotations

import argparse
import math
import time
from collections import deque
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data

from .discovery import command_node, discover, find_types
from .messages import find_type
from .parsing import Status, add_hidden, natural

WINDOW_HZ, WINDOW_BW = 10_000, 100


def add_hz(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `hz`."""
    parser.add_argument("topic_name", help="name of the topic")
    parser.add_argument("-w", "--window", dest="window_size", type=natural, default=WINDOW_HZ, help="messages")
    parser.add_argument("--filter", dest="filter_expr", metavar="EXPR", help="Python expression of m, the message")
    parser.add_argument("--wall-time", action="store_true", help="measure by the wall clock")
    parser.add_argument("-s", "--use-sim-time", action="store_true", help="measure by the simulation's clock")
    add_hidden(parser)


def hz(args: argparse.Namespace) -> Status:
    """Print the rate of a topic, about once a second."""
    expression = None if args.filter_expr is None else compile(args.filter_expr, "--filter", "eval")
    with command_node() as node:
        message_type = _wait_for_type(node, args.topic_name)
        if args.use_sim_time:
            node.set_parameters([rclpy.Parameter("use_sim_time", value=True)])
        now_ns = time.time_ns if args.wall_time else lambda: int(node.get_clock().now().nanoseconds)
        rate = _Rate(args.window_size)

        def receive(message: Any) -> None:
            if expression is None or eval(expression, {"m": message}):
                rate.add(now_ns())

        node.create_subscription(message_type, args.topic_name, receive, qos_profile_sensor_data)
        while rclpy.ok():
            rclpy.spin_once(node)
            rate.report()
    return 0


class _Rate:
    """Intervals between messages; reports at the first and every further second of them."""

    def __init__(self, window: int) -> None:
        self._intervals_ns: deque[int] = deque(maxlen=window)
        self._last_ns = self._reported_ns = 0

    def add(self, now_ns: int) -> None:
        """Take note of a message at this time."""
        if now_ns == 0:
            if self._intervals_ns:
                print("time has reset, resetting counters", flush=True)
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
        if not 0 <= self._last_ns - self._reported_ns < 1_000_000_000:
            self._reported_ns = self._last_ns
            print(self.describe(), flush=True)

    def describe(self) -> str:
        """Return rate, shortest and longest interval, standard deviation and number of intervals."""
        intervals_s = [interval * 1e-9 for interval in self._intervals_ns]
        mean_s = sum(intervals_s) / len(intervals_s)
        deviation_s = math.sqrt(sum((interval - mean_s) ** 2 for interval in intervals_s) / len(intervals_s))
        rate_hz = 1.0 / mean_s if mean_s > 0.0 else 0.0
        return (
            f"average rate: {rate_hz:.3f}\n\tmin: {min(intervals_s):.3f}s max: {max(intervals_s):.3f}s "
            f"std dev: {deviation_s:.5f}s window: {len(intervals_s)}"
        )


def add_bw(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `bw`."""
    parser.add_argument("topic", help="name of the topic")
    parser.add_argument("-w", "--window", dest="window_size", type=natural, default=WINDOW_BW, help="messages")
    add_hidden(parser)


def bw(args: argparse.Namespace) -> Status:
    """Print the bandwidth of a topic every second."""
    with command_node() as node:
        message_type = _wait_for_type(node, args.topic)
        received: deque[tuple[float, int]] = deque(maxlen=args.window_size)
        node.create_subscription(
            message_type,
            args.topic,
            lambda data: received.append((time.monotonic(), len(data))),
            qos_profile_sensor_data,
            raw=True,
        )
        print(f"Subscribed to [{args.topic}]", flush=True)
        node.create_timer(1.0, lambda: _report_bandwidth(received))
        rclpy.spin(node)
    return 0


def _report_bandwidth(received: deque[tuple[float, int]]) -> None:
    if len(received) < 2:
        return
    sizes = [size for _, size in received]
    rate = sum(sizes) / (time.monotonic() - received[0][0])
    unit, divisor = next(u for u in (("B", 1), ("KB", 1e3), ("MB", 1e6)) if rate < u[1] * 1000 or u[0] == "MB")
    digits = 0 if unit == "B" else 2
    total, mean, low, high = (
        f"{value / divisor:.{digits}f} {unit}" for value in (rate, sum(sizes) / len(sizes), min(sizes), max(sizes))
    )
    print(f"{total}/s from {len(sizes)} messages\n\tMessage size mean: {mean} min: {low} max: {high}", flush=True)


def _wait_for_type(node: Node, name: str) -> Any:
    """Return the class of a topic's messages, once somebody has it."""

    def types() -> list[str] | None:
        return find_types(node.get_topic_names_and_types(), node.resolve_topic_name(name))

    if not discover(node, types):
        print(f"WARNING: topic [{name}] does not appear to be published yet", flush=True)
    while (found := types()) is None:
        time.sleep(0.05)
    return find_type(found[0], "msg")
