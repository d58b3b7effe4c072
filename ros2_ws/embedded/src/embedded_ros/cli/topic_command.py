"""`ros2 topic`: what is there, and how often it comes; echo and pub have modules of their own."""

import argparse
import statistics
import time
from collections import deque
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data

from . import topic_echo, topic_pub
from .discovery import NamesAndTypes, node_verb, print_lines, print_type, topic_class, visible, with_types
from .verbs import FILTER, Status, argument, flag, positive_int

__all__ = ["topic_echo", "topic_pub"]  # with verbs of their own
WINDOW = 10_000
REPORT_PERIOD_S = 1.0
HIDDEN = flag("--include-hidden-topics", help="with names that start with '_'")
COUNT = flag("-c", "--count-topics", help="their number")
NAME = argument("topic_name", help="name of the topic")


def _topics(node: Node, args: argparse.Namespace) -> NamesAndTypes:
    return visible(node.get_topic_names_and_types(), args.include_hidden_topics)


@node_verb(
    "topic list",
    flag("-t", "--show-types", help="with the types"),
    flag("-v", "--verbose", help="with types and numbers of endpoints"),
    COUNT,
    HIDDEN,
)
def _list(node: Node, args: argparse.Namespace) -> Status:
    """List the topics."""
    topics = _topics(node, args)
    if not args.verbose or args.count_topics:
        return print_lines(with_types(topics, args.show_types), args.count_topics)
    _print_counts("Published", "publisher", topics, node.count_publishers)
    _print_counts("Subscribed", "subscriber", topics, node.count_subscribers)
    return 0


def _print_counts(title: str, kind: str, topics: NamesAndTypes, count: Callable[[str], int]) -> None:
    print(f"{title} topics:")
    for name, types in topics:
        if number := count(name):
            print(f" * {name} [{', '.join(types)}] {number} {kind}{'s' if number > 1 else ''}")
    print()


@node_verb("topic info", NAME, flag("-v", "--verbose", help="with nodes, type hash and QoS of the endpoints"))
def _info(node: Node, args: argparse.Namespace) -> Status:
    """Show the endpoints of a topic."""
    name = args.topic_name
    types = dict(node.get_topic_names_and_types()).get(name)
    if types is None:
        return f"Unknown topic '{name}'"
    lines = [f"Type: {types[0] if len(types) == 1 else types}"]
    for kind, infos in (
        ("Publisher", node.get_publishers_info_by_topic(name)),
        ("Subscription", node.get_subscriptions_info_by_topic(name)),
    ):
        lines += [f"{kind} count: {len(infos)}", *(str(info) for info in infos if args.verbose)]
    return print_lines([f"{line}\n" for line in lines] if args.verbose else lines)


@node_verb("topic type", NAME)
def _type(node: Node, args: argparse.Namespace) -> Status:
    """Print the type of a topic."""
    return print_type(_topics(node, args), args.topic_name)


@node_verb("topic find", argument("topic_type", help="type, such as 'std_msgs/msg/String'"), COUNT, HIDDEN)
def _find(node: Node, args: argparse.Namespace) -> Status:
    """List the topics of a type."""
    found = [name for name, types in _topics(node, args) if args.topic_type in types]
    return print_lines(found, args.count_topics)


@node_verb(
    "topic hz",
    NAME,
    argument("-w", "--window", type=positive_int, default=WINDOW, help=f"messages that count (default: {WINDOW})"),
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
            print(_rate([later - earlier for earlier, later in pairwise(times_s)]))

    if (message_type := topic_class(node, args.topic_name)) is None:
        print(f"WARNING: topic [{args.topic_name}] does not appear to be published yet")
    while message_type is None:
        rclpy.spin_once(node, timeout_sec=0.05)
        message_type = topic_class(node, args.topic_name)
    node.create_subscription(message_type, args.topic_name, receive, qos_profile_sensor_data)
    rclpy.spin(node)
    return 0


def _rate(intervals_s: list[float]) -> str:
    mean_s = statistics.fmean(intervals_s)
    return (
        f"average rate: {1.0 / mean_s if mean_s else 0.0:.3f}\n\tmin: {min(intervals_s):.3f}s "
        f"max: {max(intervals_s):.3f}s std dev: {statistics.pstdev(intervals_s):.5f}s window: {len(intervals_s)}"
    )
