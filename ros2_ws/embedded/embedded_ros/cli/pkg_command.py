"""`ros2 pkg`."""

from __future__ import annotations

import argparse

from .. import packages
from .interface_command import interface_packages
from .parsing import Status, Verb, run_verb


def main(argv: list[str]) -> Status:
    """Run `ros2 pkg VERB`."""
    return run_verb("pkg", VERBS, argv)


def _list(_args: argparse.Namespace) -> Status:
    for name in sorted({*packages.packages(), *interface_packages()}):
        print(name)
    return 0


def _add_prefix(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("package_name", help="name of the package")
    parser.add_argument("--share", action="store_true", help="the share directory")


def _prefix(args: argparse.Namespace) -> Status:
    try:
        found = packages.find(args.package_name)
    except packages.PackageNotFoundError:
        return "Package not found"
    print(found.share if args.share else found.prefix)
    return 0


def _add_executables(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("package_name", nargs="?", help="name of the package (default: all packages)")
    parser.add_argument("--full-path", action="store_true", help="files, or 'module:function' in a source checkout")


def _executables(args: argparse.Namespace) -> Status:
    names = sorted(packages.packages()) if args.package_name is None else [args.package_name]
    for name in names:
        try:
            found = packages.executables(name)
        except packages.PackageNotFoundError:
            if name not in interface_packages():
                return f"Package '{name}' not found"
            found = {}
        for executable in sorted(found):
            print(found[executable] if args.full_path else f"{name} {executable}")
    return 0


VERBS = {
    "executables": Verb("List the executables of packages", _add_executables, _executables),
    "list": Verb("List the packages", lambda _parser: None, _list),
    "prefix": Verb("Print where a package is", _add_prefix, _prefix),
}
