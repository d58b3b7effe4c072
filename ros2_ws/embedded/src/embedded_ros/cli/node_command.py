"""`ros2 node`."""

import argparse
import sys

from rclpy.node import Node

from .discovery import NamesAndTypes, full_names, node_verb, print_lines, visible
from .verbs import Status, argument, flag

FEEDBACK = "/_action/feedback"
SAME_NAMES = (
    "WARNING: Be aware that there are nodes in the graph that share an exact name, "
    "which can have unintended side effects."
)


@node_verb("node list", flag("-a", "--all", help="with hidden nodes"), flag("-c", "--count-nodes", help="their number"))
def _list(node: Node, args: argparse.Namespace) -> Status:
    """List the nodes."""
    names = full_names(node, args.all)
    if len(set(names)) < len(names) and not args.count_nodes:
        print(SAME_NAMES, file=sys.stderr)
    return print_lines(names, args.count_nodes)


@node_verb(
    "node info",
    argument("node", metavar="node_name", help="full name of the node"),
    flag("--include-hidden", help="with hidden topics and services"),
)
def _info(node: Node, args: argparse.Namespace) -> Status:
    """Show what a node publishes, subscribes and serves."""
    count = full_names(node, args.include_hidden).count(args.node)
    if count == 0:
        return f"Unable to find node '{args.node}'"
    if count > 1:
        print(
            f'There are {count} nodes in the graph with the exact name "{args.node}". '
            "You are seeing information about only one of them.",
            file=sys.stderr,
        )
    namespace, _, name = args.node.rpartition("/")
    names = (name, namespace or "/")
    publishers = node.get_publisher_names_and_types_by_node(*names)
    subscribers = node.get_subscriber_names_and_types_by_node(*names)
    print(args.node)
    for title, found in (
        ("Subscribers", subscribers),
        ("Publishers", publishers),
        ("Service Servers", node.get_service_names_and_types_by_node(*names)),
        ("Service Clients", node.get_client_names_and_types_by_node(*names)),
        ("Action Servers", _actions(publishers)),
        ("Action Clients", _actions(subscribers)),
    ):
        print(f"  {title}:")
        print("\n".join(f"    {name}: {', '.join(types)}" for name, types in visible(found, args.include_hidden)))
    return 0


def _actions(topics: NamesAndTypes) -> NamesAndTypes:
    """Return the actions, of which servers publish and clients hear the feedback."""
    return [
        (name.removesuffix(FEEDBACK), [each.removesuffix("_FeedbackMessage") for each in types])
        for name, types in topics
        if name.endswith(FEEDBACK)
    ]
