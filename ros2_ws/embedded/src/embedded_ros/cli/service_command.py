"""`ros2 service`."""

import argparse
import time
from typing import Any

import rclpy
from rclpy.node import Node

from .discovery import NamesAndTypes, node_verb, print_lines, print_type, visible, with_types
from .interfaces import find_type
from .message_text import VALUES, fill, given_values
from .verbs import Status, argument, flag, positive

SILENT_WAIT_S = 0.5
NAME = argument("service_name", help="name of the service")
TYPE = argument("service_type", help="type, such as 'std_srvs/srv/SetBool'")
COUNT = flag("-c", "--count-services", help="their number")
HIDDEN = flag("--include-hidden-services", help="with names that start with '_'")


def _services(node: Node, args: argparse.Namespace) -> NamesAndTypes:
    return visible(node.get_service_names_and_types(), args.include_hidden_services)


@node_verb("service list", flag("-t", "--show-types", help="with the types"), COUNT, HIDDEN)
def _list(node: Node, args: argparse.Namespace) -> Status:
    """List the services."""
    return print_lines(with_types(_services(node, args), args.show_types), args.count_services)


@node_verb("service type", NAME)
def _type(node: Node, args: argparse.Namespace) -> Status:
    """Print the type of a service."""
    return print_type(_services(node, args), args.service_name)


@node_verb("service find", TYPE, COUNT, HIDDEN)
def _find(node: Node, args: argparse.Namespace) -> Status:
    """List the services of a type."""
    found = [name for name, types in _services(node, args) if args.service_type in types]
    return print_lines(found, args.count_services)


@node_verb(
    "service call",
    NAME,
    TYPE,
    *VALUES,
    argument("-r", "--rate", type=positive, metavar="N", help="repeat N times a second"),
    discovers=False,
)
def _call(node: Node, args: argparse.Namespace) -> Status:
    """Call a service."""
    service_type = find_type(args.service_type, "srv")
    request, values = service_type.Request(), given_values(args)
    try:
        fill(request, values)
    except Exception as error:
        return f"Failed to populate field: {error}"
    client = node.create_client(service_type, args.service_name)
    if not client.wait_for_service(SILENT_WAIT_S):
        print("waiting for service to become available...")
        client.wait_for_service()
    while True:
        start_s = time.monotonic()
        print(f"requester: making request: {request!r}\n")
        print(f"response:\n{answer(node, client.call_async(request))!r}\n")
        if args.rate is None:
            return 0
        time.sleep(max(0.0, start_s + 1.0 / args.rate - time.monotonic()))


def answer(node: Node, future: Any) -> Any:
    """Wait for a service's response; raises RuntimeError if there is none."""
    rclpy.spin_until_future_complete(node, future)
    if future.result() is None:
        raise RuntimeError(f"Exception while calling service: {future.exception()!r}")
    return future.result()
