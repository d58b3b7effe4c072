"""`ros2 param`."""

import argparse
import sys
from typing import Any

import yaml
from rcl_interfaces.msg import Parameter, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import get_parameter_value, parameter_dict_from_yaml_file, parameter_value_to_python
from rclpy.parameter_client import AsyncParameterClient

from .discovery import full_names, node_verb, print_lines
from .service_command import answer
from .verbs import Status, argument, flag, pattern

SERVICES_TIMEOUT_S = 5.0
# Names and labels of the parameter types, in the order of rcl_interfaces/msg/ParameterType.
TYPES = ["not set", "boolean", "integer", "double", "string"]
TYPES += ["byte array", "boolean array", "integer array", "double array", "string array"]
LABELS = ["Parameter not set.", *(f"{name.capitalize()} value is:" for name in TYPES[1:5])]
LABELS += [f"{name.removesuffix(' array').capitalize()} values are:" for name in TYPES[5:]]

HIDDEN = flag("--include-hidden-nodes", help="with nodes whose names start with '_'")
NAME = argument("parameter_name", help="name of the parameter")
NODE = (
    argument("node", metavar="node_name", help="full name of the node"),
    argument("--timeout", type=int, metavar="N", help="accepted: the search ends when the graph is known"),
    HIDDEN,
)


def _client(node: Node, name: str) -> AsyncParameterClient:
    """Return a client of a node's parameters; raises RuntimeError if its services are not there."""
    client = AsyncParameterClient(node, name)
    if not client.wait_for_services(SERVICES_TIMEOUT_S):
        raise RuntimeError(f"Wait for service timed out waiting for parameter services for node {name}")
    return client


def _chosen_client(node: Node, args: argparse.Namespace) -> AsyncParameterClient:
    """Return a client of the node that the user has named; raises RuntimeError."""
    args.node = "/" + args.node.removeprefix("/")
    if args.node not in full_names(node, args.include_hidden_nodes):
        raise RuntimeError("Node not found")
    return _client(node, args.node)


@node_verb(
    "param list",
    argument("node", metavar="node_name", nargs="?", help="full name of the node (default: all nodes)"),
    argument("--filter", type=pattern, default="", help="regular expression of the names"),
    argument("--param-prefixes", nargs="+", default=[], help="only names with these prefixes"),
    flag("--param-type", help="with the types"),
    HIDDEN,
)
def _list(node: Node, args: argparse.Namespace) -> Status:
    """List the parameters."""
    if args.node is not None:
        return print_lines(_parameter_lines(node, _chosen_client(node, args), args))
    for name in sorted(set(full_names(node, args.include_hidden_nodes))):
        try:
            lines = _parameter_lines(node, _client(node, name), args)
        except RuntimeError as error:
            print(error, file=sys.stderr)
            continue
        if lines:
            print_lines([f"{name}:", *lines])
    return 0


def _parameter_lines(node: Node, client: AsyncParameterClient, args: argparse.Namespace) -> list[str]:
    listed = answer(node, client.list_parameters(args.param_prefixes)).result.names
    names = sorted(name for name in listed if args.filter.match(name))
    if not args.param_type:
        return [f"  {name}" for name in names]
    descriptors = answer(node, client.describe_parameters(names)).descriptors
    return [f"  {found.name} (type: {TYPES[found.type]})" for found in descriptors]


@node_verb("param get", *NODE, NAME, flag("--hide-type", help="only the value"))
def _get(node: Node, args: argparse.Namespace) -> Status:
    """Print the value of a parameter."""
    found = answer(node, _chosen_client(node, args).get_parameters([args.parameter_name])).values
    if not found:
        return "Parameter not set"
    value, label = parameter_value_to_python(found[0]), LABELS[found[0].type]
    if args.hide_type:
        print(value)
    else:
        print(label if value is None else f"{label} {value}")
    return 0


@node_verb("param set", *NODE, NAME, argument("value", help="value in YAML"))
def _set(node: Node, args: argparse.Namespace) -> Status:
    """Set a parameter."""
    parameter = Parameter(name=args.parameter_name, value=get_parameter_value(args.value))
    (result,) = answer(node, _chosen_client(node, args).set_parameters([parameter])).results
    _report(result, "Set parameter successful", "Setting parameter failed")
    return 0


@node_verb(
    "param load",
    *NODE,
    argument("parameter_file", help="YAML file"),
    flag("--no-use-wildcard", help="without the parameters of '/**'"),
)
def _load(node: Node, args: argparse.Namespace) -> Status:
    """Set the parameters of a file, whatever nodes it names."""
    client = _chosen_client(node, args)
    found = parameter_dict_from_yaml_file(args.parameter_file, use_wildcard=not args.no_use_wildcard)
    results = answer(node, client.set_parameters(list(found.values()))).results
    for name, result in zip(found, results, strict=True):
        _report(result, f"Set parameter {name} successful", f"Set parameter {name} failed")
    return 0


def _report(result: SetParametersResult, good: str, bad: str) -> None:
    reason = f": {result.reason}" if result.reason else ""
    print(f"{good if result.successful else bad}{reason}", file=sys.stdout if result.successful else sys.stderr)


@node_verb("param describe", *NODE, argument("parameter_names", nargs="+", help="names of the parameters"))
def _describe(node: Node, args: argparse.Namespace) -> Status:
    """Show type, description and limits of parameters."""
    for found in answer(node, _chosen_client(node, args).describe_parameters(args.parameter_names)).descriptors:
        print_lines(_description(found))
    return 0


def _description(found: Any) -> list[str]:
    lines = [f"Parameter name: {found.name}", f"  Type: {TYPES[found.type]}"]
    if found.description:
        lines.append(f"  Description: {found.description}")
    lines.append("  Constraints:")
    if found.read_only:
        lines.append("    Read only: true")
    for limits in [*found.floating_point_range, *found.integer_range]:
        lines += [f"    Min value: {limits.from_value}", f"    Max value: {limits.to_value}"]
        lines += [f"    Step: {limits.step}"] if limits.step else []
    if found.additional_constraints:
        lines.append(f"    Additional constraints: {found.additional_constraints}")
    return lines


@node_verb("param dump", *NODE)
def _dump(node: Node, args: argparse.Namespace) -> Status:
    """Print all parameters of a node as a parameter file."""
    client = _chosen_client(node, args)
    names = sorted(answer(node, client.list_parameters()).result.names)
    tree: dict[str, Any] = {}
    for name, value in zip(names, answer(node, client.get_parameters(names)).values, strict=True):
        *path, last = name.split(".")
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
        branch[last] = parameter_value_to_python(value)
    print(yaml.dump({args.node: {"ros__parameters": tree}}, default_flow_style=False))
    return 0
