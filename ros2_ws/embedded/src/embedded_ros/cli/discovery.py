"""The node with which a command looks at the graph, and how long it looks."""

import argparse
import functools
import os
import signal
import time
from collections.abc import Callable, Sequence
from typing import Any

import rclpy
from rclpy.exceptions import NameValidationException
from rclpy.node import Node

from .interfaces import find_type
from .verbs import Argument, Status, argument, flag, verb

QUIET_S = 0.4  # nothing new for so long: all there is was found
INCOMPLETE_QUIET_S = 1.5  # the same while somebody has not yet said which nodes it has
LIMIT_S = 5.0
_PERIOD_S = 0.02
NODE_OPTIONS = (
    flag("-s", "--use-sim-time", help="take the time from /clock"),
    flag("--no-daemon", help="accepted: there is no daemon"),
    argument("--spin-time", type=float, metavar="S", help="accepted: the search ends when the graph is known"),
)
NodeRun = Callable[[Node, argparse.Namespace], Status]
NamesAndTypes = list[tuple[str, list[str]]]


def node_verb(
    name: str, *arguments: Argument, node_name: str = "", discovers: bool = True
) -> Callable[[NodeRun], NodeRun]:
    """Declare a verb that runs with a node that knows the graph, hidden by its name by default; SIGTERM ends it."""

    def register(run: NodeRun) -> NodeRun:
        @verb(name, *NODE_OPTIONS, *arguments)
        @functools.wraps(run)
        def with_node(args: argparse.Namespace) -> Status:
            own_name = getattr(args, "node_name", None) or node_name or f"_ros2cli_{os.getpid()}"
            wanted = {"use_sim_time": args.use_sim_time, "start_type_description_service": False}
            parameters = [rclpy.Parameter(name, value=value) for name, value in wanted.items()]
            rclpy.init(args=[])
            try:
                node = rclpy.create_node(own_name, start_parameter_services=False, parameter_overrides=parameters)
                if discovers:
                    discover(node)
                return run(node, args)
            except NameValidationException as error:
                return str(error)
            except Exception:
                if rclpy.ok():
                    raise
                return int(signal.SIGTERM)  # which has shut the context down
            finally:
                rclpy.try_shutdown()

        return run

    return register


def discover(node: Node) -> None:
    """Wait until the graph is known."""
    start = last_change = now = time.monotonic()
    quiet_s, seen = QUIET_S, None
    while now - last_change < quiet_s and now - start < LIMIT_S:
        time.sleep(_PERIOD_S)
        now = time.monotonic()
        found, is_complete = _look(node)
        quiet_s = QUIET_S if is_complete else INCOMPLETE_QUIET_S
        if found != seen:
            seen, last_change = found, now


def _look(node: Node) -> tuple[object, bool]:
    """Return what is known, and whether all participants and endpoints that are told of are known."""
    graph = node.context.session.graph
    nodes = graph.nodes()
    told = {gid for one in nodes for gid in [*one.readers, *one.writers]}
    listed = [e for readers in (True, False) for e in graph.endpoints(readers=readers)]
    endpoints = {e.gid for e in listed if not e.topic.startswith("DCPS")}
    participants = {gid[:12] for gid, enclave in graph.enclaves().items() if enclave}
    is_complete = told <= endpoints and participants <= {gid[:12] for gid in told}
    return (sorted((one.namespace, one.name) for one in nodes), endpoints), is_complete


def full_names(node: Node, include_hidden: bool = False) -> list[str]:
    """Return the full names of all nodes, sorted."""
    pairs = node.get_node_names_and_namespaces()
    return sorted(
        f"{namespace.rstrip('/')}/{name}" for name, namespace in pairs if include_hidden or name[:1] not in ("", "_")
    )


def visible(names_and_types: NamesAndTypes, include_hidden: bool) -> NamesAndTypes:
    """Return the topics or services of whose names no part starts with an underscore."""
    return [(name, types) for name, types in names_and_types if include_hidden or "/_" not in name]


def with_types(names_and_types: NamesAndTypes, show_types: bool) -> list[str]:
    return [f"{name} [{', '.join(types)}]" if show_types else name for name, types in names_and_types]


def print_lines(lines: Sequence[Any], only_count: bool = False) -> int:
    """Print lines, or their number, and return the exit status 0."""
    for line in [len(lines)] if only_count else lines:
        print(line)
    return 0


def topic_class(node: Node, name: str) -> Any:
    """Return the class of a topic's messages, or None if nobody has the topic; raises RuntimeError."""
    types = dict(node.get_topic_names_and_types()).get(node.resolve_topic_name(name))
    if types is None:
        return None
    if len(types) > 1:
        raise RuntimeError(f"Cannot echo topic '{name}', as it contains more than one type: [{', '.join(types)}]")
    try:
        return find_type(types[0], "msg")
    except RuntimeError:
        raise RuntimeError(f"The message type '{types[0]}' is invalid") from None


def print_type(names_and_types: NamesAndTypes, name: str) -> int:
    """Print the types of a topic or service; return 1 if it is not there."""
    types = dict(names_and_types).get(name)
    return 1 if types is None else print_lines(types)
