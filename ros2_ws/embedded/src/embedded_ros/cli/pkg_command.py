"""`ros2 pkg`."""

import argparse

from .. import packages
from .interfaces import interface_packages
from .verbs import Status, argument, flag, verb


@verb("pkg list")
def _list(_args: argparse.Namespace) -> Status:
    """List the packages."""
    for name in sorted({*packages.packages(), *interface_packages()}):
        print(name)
    return 0


@verb("pkg prefix", argument("package_name", help="name of the package"), flag("--share", help="the share directory"))
def _prefix(args: argparse.Namespace) -> Status:
    """Print where a package is."""
    try:
        found = packages.find(args.package_name)
    except packages.PackageNotFoundError:
        return "Package not found"
    print(found.share if args.share else found.prefix)
    return 0


@verb(
    "pkg executables",
    argument("package_name", nargs="?", help="name of the package (default: all packages)"),
    flag("--full-path", help="files, or 'module:function' in a source checkout"),
)
def _executables(args: argparse.Namespace) -> Status:
    """List the executables of packages."""
    for name in sorted(packages.packages()) if args.package_name is None else [args.package_name]:
        found = executables(name)
        if found is None:
            return f"Package '{name}' not found"
        for executable in sorted(found):
            print(found[executable] if args.full_path else f"{name} {executable}")
    return 0


def executables(package: str) -> dict[str, str] | None:
    """Return the executables of a package with what they run, or None if there is no such package."""
    try:
        return packages.executables(package)
    except packages.PackageNotFoundError:
        return {} if package in interface_packages() else None
