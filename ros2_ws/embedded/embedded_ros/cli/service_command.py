"""`ros2 service`."""

import argparse
import time
from typing import Any

import rclpy
from rclpy.node import Node

from .discovery import discover, node_verb, print_found, visible
from .interfaces import find_type
from .message_text import fill
from .verbs import VALUES, Status, argument, flag, positive, read_values

SILENT_WAIT_S = 0.5
HIDDEN = flag("--include-hidden-services", help="with names that start with '_'")
COUNT = flag("-c", "--count-services", help="their number")
TYPE = argument("service_type", help="type, such as 'std_srvs/srv/SetBool'")


@node_verb("service list", flag("-t", "--show-types", help="with the types"), COUNT, HIDDEN)
def _list(node: Node, args: argparse.Namespace) -> Status:
    """List the services."""
    discover(node)
    services = visible(node.get_service_names_and_types(), args.include_hidden_services)
    lines = [f"{name} [{', '.join(types)}]" if args.show_types else name for name, types in services]
    print_found(lines, args.count_services)
    return 0


@node_verb("service type", argument("service_name", help="name of the service"))
def _type(node: Node, args: argparse.Namespace) -> Status:
    """Print the type of a service."""
    discover(node, lambda: args.service_name in dict(node.get_service_names_and_types()))
    types = dict(node.get_service_names_and_types()).get(args.service_name, [])
    print_found(types, only_count=False)
    return 0 if types else 1


@node_verb("service find", TYPE, COUNT, HIDDEN)
def _find(node: Node, args: argparse.Namespace) -> Status:
    """List the services of a type."""
    discover(node)
    services = visible(node.get_service_names_and_types(), args.include_hidden_services)
    print_found([name for name, types in services if args.service_type in types], args.count_services)
    return 0


@node_verb(
    "service call",
    argument("service_name", help="name of the service"),
    TYPE,
    *VALUES,
    argument("-r", "--rate", type=positive, metavar="N", help="repeat N times a second"),
)
def _call(node: Node, args: argparse.Namespace) -> Status:
    """Call a service."""
    service_type = find_type(args.service_type, "srv")
    request = service_type.Request()
    try:
        fill(request, read_values(args))
    except Exception as error:
        return f"Failed to populate field: {error}"
    client = node.create_client(service_type, args.service_name)
    if not client.wait_for_service(SILENT_WAIT_S):
        print("waiting for service to become available...")
        client.wait_for_service()
    while True:
        start = time.monotonic()
        print(f"requester: making request: {request!r}\n")
        print(f"response:\n{answer(node, client.call_async(request))!r}\n")
        if args.rate is None:
            return 0
        time.sleep(max(0.0, start + 1.0 / args.rate - time.monotonic()))


def answer(node: Node, future: Any) -> Any:
    """Wait for a service's response; raises RuntimeError if there is none."""
    rclpy.spin_until_future_complete(node, future)
    if future.result() is None:
        raise RuntimeError(f"Exception while calling service: {future.exception()!r}")
    return future.result()
