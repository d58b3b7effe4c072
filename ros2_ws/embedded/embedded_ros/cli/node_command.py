"""`ros2 node`."""

from __future__ import annotations

import argparse
import sys

from .discovery import command_node, discover, full_names, visible
from .parsing import Status, Verb, run_verb


def main(argv: list[str]) -> Status:
    """Run `ros2 node VERB`."""
    return run_verb("node", VERBS, argv)


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-a", "--all", action="store_true", help="with hidden nodes")
    parser.add_argument("-c", "--count-nodes", action="store_true", help="only the number")


def _list(args: argparse.Namespace) -> Status:
    with command_node() as node:
        discover(node)
        names = full_names(node, args.all)
    if args.count_nodes:
        print(len(names))
        return 0
    if len(set(names)) < len(names):
        print(
            "WARNING: Be aware that there are nodes in the graph that share an exact name, "
            "which can have unintended side effects.",
            file=sys.stderr,
        )
    for name in names:
        print(name)
    return 0


def _add_info(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("node_name", help="full name of the node")
    parser.add_argument("--include-hidden", action="store_true", help="with hidden topics and services")


def _info(args: argparse.Namespace) -> Status:
    full_name = args.node_name
    with command_node() as node:
        discover(node)
        count = full_names(node, args.include_hidden).count(full_name)
        if count == 0:
            return f"Unable to find node '{full_name}'"
        if count > 1:
            print(
                f'There are {count} nodes in the graph with the exact name "{full_name}". '
                "You are seeing information about only one of them.",
                file=sys.stderr,
            )
        namespace, _, name = full_name.rpartition("/")
        print(full_name)
        for title, find in (
            ("Subscribers", node.get_subscriber_names_and_types_by_node),
            ("Publishers", node.get_publisher_names_and_types_by_node),
            ("Service Servers", node.get_service_names_and_types_by_node),
            ("Service Clients", node.get_client_names_and_types_by_node),
        ):
            _print_section(title, visible(find(name, namespace or "/"), args.include_hidden))
        _print_section("Action Servers", [])
        _print_section("Action Clients", [])
    return 0


def _print_section(title: str, names_and_types: list[tuple[str, list[str]]]) -> None:
    print(f"  {title}:")
    print("\n".join(f"    {name}: {', '.join(types)}" for name, types in names_and_types))


VERBS = {
    "info": Verb("Show what a node publishes, subscribes and serves", _add_info, _info),
    "list": Verb("List the nodes", _add_list, _list),
}
