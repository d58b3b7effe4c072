"""`ros2 interface`."""

import argparse
import sys
from collections.abc import Iterator

from ..definitions import UnknownTypeError, type_names
from .discovery import print_lines
from .interfaces import definition_lines, interface_packages
from .verbs import Status, argument, flag, verb

KINDS = (flag("-m", "--only-msgs", help="no services"), flag("-s", "--only-srvs", help="no messages"))


@verb("interface list", *KINDS)
def _list(args: argparse.Namespace) -> Status:
    """List all types."""
    names = [name for package in interface_packages() for name in type_names(package)]
    for kind in _chosen_kinds(args):
        title = {"msg": "Messages:", "srv": "Services:"}[kind]
        print(title, *(f"    {name}" for name in names if f"/{kind}/" in name), sep="\n")
    return 0


@verb("interface package", argument("package_name", help="name of the package"), *KINDS)
def _package(args: argparse.Namespace) -> Status:
    """List the types of a package."""
    if args.package_name not in interface_packages():
        return f"Unknown package '{args.package_name}'"
    return print_lines([name for name in type_names(args.package_name) if name.split("/")[1] in _chosen_kinds(args)])


def _chosen_kinds(args: argparse.Namespace) -> list[str]:
    return [kind for kind in ("msg", "srv") if getattr(args, f"only_{kind}s")] or ["msg", "srv"]


@verb(
    "interface show",
    argument("type", help="type, such as 'nav_msgs/msg/Odometry'; '-' reads it from the standard input"),
    flag("--all-comments", help="with the comments of nested types"),
    flag("--no-comments", help="without comments and empty lines"),
)
def _show(args: argparse.Namespace) -> Status:
    """Show the definition of a type."""
    if args.type == "-":
        args.type = sys.stdin.readline().strip()
    if args.type.count("/") != 2:
        return f"Invalid name '{args.type}'. Expected three parts separated by '/'"
    try:
        for line in _lines(args.type, not args.no_comments, args.all_comments):
            print(line)
    except UnknownTypeError:
        if (package := args.type.split("/")[0]) not in interface_packages():
            return f"Unknown package '{package}'"
        return f"Could not find the interface '{args.type}'"
    return 0


def _lines(name: str, comments: bool, nested_comments: bool) -> Iterator[str]:
    """Yield a definition line by line, every nested type indented below the field that has it."""
    for line, nested in definition_lines(name):
        text = line if comments else line.split("#")[0].rstrip()
        if text or comments:
            yield text
        if nested is not None:
            yield from ("\t" + inner for inner in _lines(nested, nested_comments, nested_comments))
