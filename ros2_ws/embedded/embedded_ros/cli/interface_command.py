"""`ros2 interface`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from .. import packages
from ..definitions import Field, UnknownTypeError, definition, definition_file, parse, type_names
from ..messages import RUNTIME_FOLDER
from .parsing import Status, Verb, run_verb


def main(argv: list[str]) -> Status:
    """Run `ros2 interface VERB`."""
    return run_verb("interface", VERBS, argv)


def interface_packages() -> list[str]:
    """Return the packages with messages or services, sorted."""
    shares = [package.share for package in packages.packages().values()]
    folders = [Path(share) for share in [*shares, *RUNTIME_FOLDER.iterdir()]]
    return sorted({f.name for f in folders if (f / "msg").is_dir() or (f / "srv").is_dir()})


def _add_kinds(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-m", "--only-msgs", action="store_true", help="only messages")
    parser.add_argument("-s", "--only-srvs", action="store_true", help="only services")


def _kinds(args: argparse.Namespace) -> list[str]:
    chosen = [kind for kind in ("msg", "srv") if getattr(args, f"only_{kind}s")]
    return chosen or ["msg", "srv"]


def _list(args: argparse.Namespace) -> Status:
    names = [name for package in interface_packages() for name in type_names(package)]
    for kind in _kinds(args):
        print({"msg": "Messages:", "srv": "Services:"}[kind])
        for name in names:
            if f"/{kind}/" in name:
                print(f"    {name}")
    return 0


def _add_package(parser: argparse.ArgumentParser) -> None:
    _add_kinds(parser)
    parser.add_argument("package_name", help="name of the package")


def _package(args: argparse.Namespace) -> Status:
    if args.package_name not in interface_packages():
        return f"Unknown package '{args.package_name}'"
    for name in type_names(args.package_name):
        if name.split("/")[1] in _kinds(args):
            print(name)
    return 0


def _add_show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("type", help="type, such as 'nav_msgs/msg/Odometry'")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--all-comments", action="store_true", help="with the comments of nested types")
    group.add_argument("--no-comments", action="store_true", help="without comments and empty lines")


def _show(args: argparse.Namespace) -> Status:
    if args.type.count("/") != 2:
        return f"Invalid name '{args.type}'. Expected three parts separated by '/'"
    try:
        for line in _lines(args.type, not args.no_comments, args.all_comments):
            print(line)
    except UnknownTypeError:
        return f"Could not find the interface '{args.type}'"
    return 0


def _lines(name: str, comments: bool, nested_comments: bool) -> Iterator[str]:
    """Yield a definition line by line, every nested type indented below the field that has it."""
    for line, nested in _definition_lines(name):
        text = line if comments else line.split("#")[0].rstrip()
        if text or comments:
            yield text
        if nested is not None:
            yield from ("\t" + inner for inner in _lines(nested, nested_comments, nested_comments))


def _definition_lines(name: str) -> Iterator[tuple[str, str | None]]:
    """Yield each line of a definition with the type it nests, if any."""
    file = definition_file(name)
    if file is None:
        yield from _generated_lines(name)
        return
    for raw in file.read_text(encoding="utf-8").splitlines():
        line = raw.rstrip()
        fields = () if line == "---" else parse(name, line).fields
        yield line, fields[0].base if fields and fields[0].nested else None


def _generated_lines(name: str) -> Iterator[tuple[str, str | None]]:
    found = definition(name)
    for constant, value in found.constants.items():
        kind = "string" if isinstance(value, str) else type(value).__name__
        yield f"{kind} {constant}={value}", None
    for field in found.fields:
        yield f"{_written(field)} {field.name}", field.base if field.nested else None


def _written(field: Field) -> str:
    """Return the type as a .msg file has it."""
    base = field.base.replace("/msg/", "/") if field.nested else field.base
    limit = f"<={field.string_limit}" if field.string_limit else ""
    if field.kind == "array":
        return f"{base}{limit}[{field.size}]"
    if field.kind == "sequence":
        return f"{base}{limit}[{f'<={field.size}' if field.size else ''}]"
    return base + limit


VERBS = {
    "list": Verb("List all types", _add_kinds, _list),
    "package": Verb("List the types of a package", _add_package, _package),
    "show": Verb("Show the definition of a type", _add_show, _show),
}
