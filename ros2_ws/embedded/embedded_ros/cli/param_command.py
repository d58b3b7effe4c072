"""`ros2 param`."""

from __future__ import annotations

import argparse
import re
import sys
from typing import Any

import rclpy
import yaml
from rcl_interfaces.msg import Parameter, ParameterType, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import get_parameter_value, parameter_dict_from_yaml_file, parameter_value_to_python
from rclpy.parameter_client import AsyncParameterClient

from .discovery import command_node, discover, full_names
from .parsing import Status, Verb, add_hidden, run_verb

SERVICES_TIMEOUT_S = 5.0
# parameter type -> its name, and the label in front of a value
TYPES = {
    ParameterType.PARAMETER_NOT_SET: ("not set", "Parameter not set."),
    ParameterType.PARAMETER_BOOL: ("boolean", "Boolean value is:"),
    ParameterType.PARAMETER_INTEGER: ("integer", "Integer value is:"),
    ParameterType.PARAMETER_DOUBLE: ("double", "Double value is:"),
    ParameterType.PARAMETER_STRING: ("string", "String value is:"),
    ParameterType.PARAMETER_BYTE_ARRAY: ("byte array", "Byte values are:"),
    ParameterType.PARAMETER_BOOL_ARRAY: ("boolean array", "Boolean values are:"),
    ParameterType.PARAMETER_INTEGER_ARRAY: ("integer array", "Integer values are:"),
    ParameterType.PARAMETER_DOUBLE_ARRAY: ("double array", "Double values are:"),
    ParameterType.PARAMETER_STRING_ARRAY: ("string array", "String values are:"),
}


def main(argv: list[str]) -> Status:
    """Run `ros2 param VERB`."""
    return run_verb("param", VERBS, argv)


class _Client:
    """Calls the parameter services of one node; raises RuntimeError if they do not answer."""

    def __init__(self, node: Node, name: str) -> None:
        self._node = node
        self._name = name
        self._client = AsyncParameterClient(node, name)
        if not self._client.wait_for_services(SERVICES_TIMEOUT_S):
            raise RuntimeError(f"Wait for service timed out waiting for parameter services for node {name}")

    def _answer(self, future: Any) -> Any:
        rclpy.spin_until_future_complete(self._node, future)
        if future.result() is None:
            raise RuntimeError(f"Exception while calling service of node {self._name}: {future.exception()}")
        return future.result()

    def names(self, prefixes: list[str] | None = None) -> list[str]:
        """Return the parameters' names, sorted."""
        return sorted(self._answer(self._client.list_parameters(prefixes=prefixes or [])).result.names)

    def values(self, names: list[str]) -> list[Any]:
        """Return ParameterValue messages; fewer where a parameter is not declared."""
        return list(self._answer(self._client.get_parameters(names)).values)

    def descriptors(self, names: list[str]) -> list[Any]:
        """Return ParameterDescriptor messages."""
        return list(self._answer(self._client.describe_parameters(names)).descriptors)

    def set(self, parameters: list[Any]) -> list[SetParametersResult]:
        """Set Parameter messages one by one."""
        return list(self._answer(self._client.set_parameters(parameters)).results)


def _absolute(name: str) -> str:
    return name if name.startswith("/") else f"/{name}"


def _is_there(node: Node, args: argparse.Namespace) -> bool:
    return discover(node, lambda: _absolute(args.node_name) in full_names(node, args.include_hidden_nodes))


def _add_node(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("node_name", help="full name of the node")
    parser.add_argument("--timeout", type=int, metavar="N", help="accepted; the search ends when the graph is known")
    add_hidden(parser, "nodes")


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("node_name", nargs="?", help="full name of the node (default: all nodes)")
    parser.add_argument("--filter", help="regular expression of the names")
    parser.add_argument("--param-prefixes", nargs="+", default=[], help="only names with these prefixes")
    parser.add_argument("--param-type", action="store_true", help="with the types")
    add_hidden(parser, "nodes")


def _list(args: argparse.Namespace) -> Status:
    with command_node() as node:
        if args.node_name is None:
            discover(node)
            names = full_names(node, args.include_hidden_nodes)
        elif _is_there(node, args):
            names = [_absolute(args.node_name)]
        else:
            return "Node not found"
        for name in names:
            try:
                lines = _parameter_lines(_Client(node, name), args)
            except RuntimeError as error:
                print(error, file=sys.stderr)
                continue
            if args.node_name is None and lines:
                print(f"{name}:")
            for line in lines:
                print(line)
    return 0


def _parameter_lines(client: _Client, args: argparse.Namespace) -> list[str]:
    names = [name for name in client.names(args.param_prefixes) if re.match(args.filter or "", name)]
    if not args.param_type:
        return [f"  {name}" for name in names]
    return [f"  {found.name} (type: {TYPES[found.type][0]})" for found in client.descriptors(names)]


def _add_get(parser: argparse.ArgumentParser) -> None:
    _add_node(parser)
    parser.add_argument("parameter_name", help="name of the parameter")
    parser.add_argument("--hide-type", action="store_true", help="only the value")


def _get(args: argparse.Namespace) -> Status:
    with command_node() as node:
        if not _is_there(node, args):
            return "Node not found"
        found = _Client(node, _absolute(args.node_name)).values([args.parameter_name])
    if not found:
        return "Parameter not set"
    value, label = parameter_value_to_python(found[0]), TYPES[found[0].type][1]
    if args.hide_type:
        print(value)
    else:
        print(label if value is None else f"{label} {value}")
    return 0


def _add_set(parser: argparse.ArgumentParser) -> None:
    _add_node(parser)
    parser.add_argument("parameter_name", help="name of the parameter")
    parser.add_argument("value", help="value in YAML")


def _set(args: argparse.Namespace) -> Status:
    parameter = Parameter(name=args.parameter_name, value=get_parameter_value(args.value))
    with command_node() as node:
        if not _is_there(node, args):
            return "Node not found"
        (result,) = _Client(node, _absolute(args.node_name)).set([parameter])
    _report(result, "Set parameter successful", "Setting parameter failed")
    return 0


def _report(result: Any, good: str, bad: str) -> None:
    reason = f": {result.reason}" if result.reason else ""
    if result.successful:
        print(good + reason)
    else:
        print(bad + reason, file=sys.stderr)


def _add_describe(parser: argparse.ArgumentParser) -> None:
    _add_node(parser)
    parser.add_argument("parameter_names", nargs="+", help="names of the parameters")


def _describe(args: argparse.Namespace) -> Status:
    with command_node() as node:
        if not _is_there(node, args):
            return "Node not found"
        for found in _Client(node, _absolute(args.node_name)).descriptors(args.parameter_names):
            print("\n".join(_description(found)))
    return 0


def _description(found: Any) -> list[str]:
    lines = [f"Parameter name: {found.name}", f"  Type: {TYPES[found.type][0]}"]
    if found.description:
        lines.append(f"  Description: {found.description}")
    lines.append("  Constraints:")
    if found.read_only:
        lines.append("    Read only: true")
    for limits in [*found.floating_point_range, *found.integer_range][:1]:
        lines += [f"    Min value: {limits.from_value}", f"    Max value: {limits.to_value}"]
        lines += [f"    Step: {limits.step}"] if limits.step else []
    if found.additional_constraints:
        lines.append(f"    Additional constraints: {found.additional_constraints}")
    return lines


def _dump(args: argparse.Namespace) -> Status:
    name = _absolute(args.node_name)
    with command_node() as node:
        if not _is_there(node, args):
            return "Node not found"
        client = _Client(node, name)
        names = client.names()
        values = [parameter_value_to_python(value) for value in client.values(names)]
    tree: dict[str, Any] = {}
    for parameter, value in zip(names, values, strict=True):
        *path, last = parameter.split(".")
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
        branch[last] = value
    print(yaml.dump({name: {"ros__parameters": tree}}, default_flow_style=False))
    return 0


def _add_load(parser: argparse.ArgumentParser) -> None:
    _add_node(parser)
    parser.add_argument("parameter_file", help="YAML file")
    parser.add_argument("--no-use-wildcard", action="store_true", help="without the parameters of '/**'")


def _load(args: argparse.Namespace) -> Status:
    name = _absolute(args.node_name)
    with command_node() as node:
        if not _is_there(node, args):
            return "Node not found"
        found = parameter_dict_from_yaml_file(args.parameter_file, not args.no_use_wildcard, [name])
        results = _Client(node, name).set(list(found.values()))
    for parameter, result in zip(found, results, strict=True):
        _report(result, f"Set parameter {parameter} successful", f"Set parameter {parameter} failed")
    return 0


VERBS = {
    "describe": Verb("Show type, description and limits of parameters", _add_describe, _describe),
    "dump": Verb("Print all parameters of a node as a parameter file", _add_node, _dump),
    "get": Verb("Print the value of a parameter", _add_get, _get),
    "list": Verb("List the parameters", _add_list, _list),
    "load": Verb("Set the parameters of a file", _add_load, _load),
    "set": Verb("Set a parameter", _add_set, _set),
}
