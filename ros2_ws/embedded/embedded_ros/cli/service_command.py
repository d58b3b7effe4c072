"""`ros2 service`."""

from __future__ import annotations

import argparse
import time
from typing import Any

import rclpy

from .discovery import command_node, discover, find_types, visible
from .messages import fill, find_type
from .parsing import Status, Verb, add_hidden, add_values, positive_float, read_values, run_verb

SILENT_WAIT_S = 0.5


def main(argv: list[str]) -> Status:
    """Run `ros2 service VERB`."""
    return run_verb("service", VERBS, argv)


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-t", "--show-types", action="store_true", help="with the types")
    parser.add_argument("-c", "--count-services", action="store_true", help="only the number")
    add_hidden(parser, "services")


def _list(args: argparse.Namespace) -> Status:
    with command_node() as node:
        discover(node)
        services = visible(node.get_service_names_and_types(), args.include_hidden_services)
    if args.count_services:
        print(len(services))
        return 0
    for name, types in services:
        print(f"{name} [{', '.join(types)}]" if args.show_types else name)
    return 0


def _add_type(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service_name", help="name of the service")
    add_hidden(parser, "services")


def _type(args: argparse.Namespace) -> Status:
    with command_node() as node:
        discover(node, lambda: find_types(node.get_service_names_and_types(), args.service_name))
        services = visible(node.get_service_names_and_types(), args.include_hidden_services)
    types = find_types(services, args.service_name)
    for name in types or ():
        print(name)
    return 0 if types else 1


def _add_find(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service_type", help="type, such as 'std_srvs/srv/SetBool'")
    parser.add_argument("-c", "--count-services", action="store_true", help="only the number")
    add_hidden(parser, "services")


def _find(args: argparse.Namespace) -> Status:
    with command_node() as node:
        discover(node)
        services = visible(node.get_service_names_and_types(), args.include_hidden_services)
    found = [name for name, types in services if args.service_type in types]
    for line in [len(found)] if args.count_services else found:
        print(line)
    return 0


def _add_call(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service_name", help="name of the service")
    parser.add_argument("service_type", help="type, such as 'std_srvs/srv/SetBool'")
    add_values(parser)
    parser.add_argument("-r", "--rate", type=positive_float, metavar="N", help="repeat N times a second")


def _call(args: argparse.Namespace) -> Status:
    service_type = find_type(args.service_type, "srv")
    request = service_type.Request()
    try:
        fill(request, read_values(args))
    except Exception as error:
        return f"Failed to populate field: {error}"
    with command_node() as node:
        client = node.create_client(service_type, args.service_name)
        if not client.wait_for_service(SILENT_WAIT_S):
            print("waiting for service to become available...", flush=True)
            client.wait_for_service()
        while True:
            start = time.monotonic()
            print(f"requester: making request: {request!r}\n", flush=True)
            print(f"response:\n{_answer(node, client, request)!r}\n", flush=True)
            if args.rate is None:
                return 0
            time.sleep(max(0.0, start + 1.0 / args.rate - time.monotonic()))


def _answer(node: Any, client: Any, request: Any) -> Any:
    future = client.call_async(request)
    rclpy.spin_until_future_complete(node, future)
    if future.result() is None:
        raise RuntimeError(f"Exception while calling service: {future.exception()!r}")
    return future.result()


VERBS = {
    "call": Verb("Call a service", _add_call, _call),
    "find": Verb("List the services of a type", _add_find, _find),
    "list": Verb("List the services", _add_list, _list),
    "type": Verb("Print the type of a service", _add_type, _type),
}
