"""`ros2 topic`: what is there."""

import argparse
from collections.abc import Callable

from rclpy.node import Node

from . import topic_echo, topic_hz, topic_pub
from .discovery import discover, node_verb, print_found, visible
from .verbs import Status, argument, flag

__all__ = ["topic_echo", "topic_hz", "topic_pub"]  # with verbs of their own
HIDDEN = flag("--include-hidden-topics", help="with names that start with '_'")
COUNT = flag("-c", "--count-topics", help="their number")
NAME = argument("topic_name", help="name of the topic")


@node_verb(
    "topic list",
    flag("-t", "--show-types", help="with the types"),
    flag("-v", "--verbose", help="with types and numbers of endpoints"),
    COUNT,
    HIDDEN,
)
def _list(node: Node, args: argparse.Namespace) -> Status:
    """List the topics."""
    discover(node)
    topics = visible(node.get_topic_names_and_types(), args.include_hidden_topics)
    if args.verbose and not args.count_topics:
        _print_counts("Published", "publisher", topics, node.count_publishers)
        _print_counts("Subscribed", "subscriber", topics, node.count_subscribers)
    else:
        lines = [f"{name} [{', '.join(types)}]" if args.show_types else name for name, types in topics]
        print_found(lines, args.count_topics)
    return 0


def _print_counts(title: str, kind: str, topics: list[tuple[str, list[str]]], count: Callable[[str], int]) -> None:
    print(f"{title} topics:")
    for name, types in topics:
        if number := count(name):
            print(f" * {name} [{', '.join(types)}] {number} {kind}{'s' if number > 1 else ''}")
    print()


@node_verb("topic info", NAME, flag("-v", "--verbose", help="with nodes, type hash and QoS of the endpoints"))
def _info(node: Node, args: argparse.Namespace) -> Status:
    """Show the endpoints of a topic."""
    name = args.topic_name
    discover(node)
    types = dict(node.get_topic_names_and_types()).get(name)
    if types is None:
        return f"Unknown topic '{name}'"
    lines = [f"Type: {types[0] if len(types) == 1 else types}"]
    for kind, find in (
        ("Publisher", node.get_publishers_info_by_topic),
        ("Subscription", node.get_subscriptions_info_by_topic),
    ):
        infos = find(name)
        lines += [f"{kind} count: {len(infos)}", *(str(info) for info in infos if args.verbose)]
    for line in lines:
        print(line, end="\n\n" if args.verbose else "\n")
    return 0


@node_verb("topic type", NAME)
def _type(node: Node, args: argparse.Namespace) -> Status:
    """Print the type of a topic."""
    discover(node, lambda: args.topic_name in dict(node.get_topic_names_and_types()))
    types = dict(node.get_topic_names_and_types()).get(args.topic_name, [])
    print_found(types, only_count=False)
    return 0 if types else 1


@node_verb("topic find", argument("topic_type", help="type, such as 'std_msgs/msg/String'"), COUNT, HIDDEN)
def _find(node: Node, args: argparse.Namespace) -> Status:
    """List the topics of a type."""
    discover(node)
    topics = visible(node.get_topic_names_and_types(), args.include_hidden_topics)
    print_found([name for name, types in topics if args.topic_type in types], args.count_topics)
    return 0
