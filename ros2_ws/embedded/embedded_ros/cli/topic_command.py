"""`ros2 topic`: what is there."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from . import topic_rate, topic_stream
from .discovery import command_node, discover, find_types, visible
from .parsing import Status, Verb, add_hidden, run_verb


def main(argv: list[str]) -> Status:
    """Run `ros2 topic VERB`."""
    return run_verb("topic", VERBS, argv)


def _add_list(parser: argparse.ArgumentParser) -> None:
    add_hidden(parser)
    parser.add_argument("-t", "--show-types", action="store_true", help="with the types")
    parser.add_argument("-c", "--count-topics", action="store_true", help="only the number")
    parser.add_argument("-v", "--verbose", action="store_true", help="with types and numbers of endpoints")


def _list(args: argparse.Namespace) -> Status:
    with command_node() as node:
        discover(node)
        topics = visible(node.get_topic_names_and_types(), args.include_hidden_topics)
        if args.count_topics:
            print(len(topics))
        elif args.verbose:
            _print_counts("Published", "publisher", topics, node.count_publishers)
            _print_counts("Subscribed", "subscriber", topics, node.count_subscribers)
        else:
            for name, types in topics:
                print(f"{name} [{', '.join(types)}]" if args.show_types else name)
    return 0


def _print_counts(title: str, kind: str, topics: list[tuple[str, list[str]]], count: Callable[[str], int]) -> None:
    print(f"{title} topics:")
    for name, types in topics:
        if number := count(name):
            print(f" * {name} [{', '.join(types)}] {number} {kind}{'s' if number > 1 else ''}")
    print()


def _add_info(parser: argparse.ArgumentParser) -> None:
    add_hidden(parser)
    parser.add_argument("topic_name", help="name of the topic")
    parser.add_argument("-v", "--verbose", action="store_true", help="with nodes, type hash and QoS of the endpoints")


def _info(args: argparse.Namespace) -> Status:
    name = args.topic_name
    with command_node() as node:
        discover(node)
        types = find_types(node.get_topic_names_and_types(), name)
        if types is None:
            return f"Unknown topic '{name}'"
        end = "\n\n" if args.verbose else "\n"
        print(f"Type: {types[0] if len(types) == 1 else types}", end=end)
        print(f"Publisher count: {node.count_publishers(name)}", end=end)
        for info in node.get_publishers_info_by_topic(name) if args.verbose else ():
            print(info, end=end)
        print(f"Subscription count: {node.count_subscribers(name)}", end=end)
        for info in node.get_subscriptions_info_by_topic(name) if args.verbose else ():
            print(info, end=end)
    return 0


def _add_type(parser: argparse.ArgumentParser) -> None:
    add_hidden(parser)
    parser.add_argument("topic_name", help="name of the topic")


def _type(args: argparse.Namespace) -> Status:
    with command_node() as node:
        discover(node, lambda: find_types(node.get_topic_names_and_types(), args.topic_name))
        topics = visible(node.get_topic_names_and_types(), args.include_hidden_topics)
        types = find_types(topics, args.topic_name)
    for name in types or ():
        print(name)
    return 0 if types else 1


def _add_find(parser: argparse.ArgumentParser) -> None:
    add_hidden(parser)
    parser.add_argument("topic_type", help="type, such as 'std_msgs/msg/String'")
    parser.add_argument("-c", "--count-topics", action="store_true", help="only the number")


def _find(args: argparse.Namespace) -> Status:
    with command_node() as node:
        discover(node)
        topics = visible(node.get_topic_names_and_types(), args.include_hidden_topics)
    found = [name for name, types in topics if args.topic_type in types]
    for line in [len(found)] if args.count_topics else found:
        print(line)
    return 0


VERBS = {
    "bw": Verb("Measure the bandwidth of a topic", topic_rate.add_bw, topic_rate.bw),
    "echo": Verb("Print the messages of a topic", topic_stream.add_echo, topic_stream.echo),
    "find": Verb("List the topics of a type", _add_find, _find),
    "hz": Verb("Measure the rate of a topic", topic_rate.add_hz, topic_rate.hz),
    "info": Verb("Show the endpoints of a topic", _add_info, _info),
    "list": Verb("List the topics", _add_list, _list),
    "pub": Verb("Publish messages", topic_stream.add_pub, topic_stream.pub),
    "type": Verb("Print the type of a topic", _add_type, _type),
}
