"""`ros2 launch`."""

import argparse
import os
import sys
from collections.abc import Iterable

from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import AnyLaunchDescriptionSource
from launch.substitution import describe_substitutions

from launch import LaunchContext, LaunchDescription, LaunchService

from .. import packages
from .verbs import Status, argument, flag, verb


@verb(
    "launch",
    argument("-n", "--noninteractive", action="store_true", default=not sys.stdin.isatty(), help="no terminal"),
    flag("-d", "--debug", help="more output"),
    flag("-s", "--show-args", "--show-arguments", help="print the arguments only"),
    flag("-a", "--show-all-subprocesses-output", help="show and log all output"),
    argument("--launch-prefix", help="command that goes before all executables"),
    argument("--launch-prefix-filter", help="pattern of the executables that --launch-prefix is meant for"),
    argument("package_name", help="package with the launch file, or the launch file's path"),
    argument("launch_file_name", nargs="?", help="name of the launch file"),
    argument("launch_arguments", nargs="*", help="arguments as '<name>:=<value>'"),
)
def _launch(args: argparse.Namespace) -> Status:
    """Run a launch file."""
    path, arguments = _find_file(args)
    if args.launch_prefix is None and args.launch_prefix_filter is not None:
        raise RuntimeError("--launch-prefix must be specified if --launch-prefix-filter is provided")
    prefixes = {"launch-prefix": args.launch_prefix, "launch-prefix-filter": args.launch_prefix_filter}
    arguments += [f"{name}:={value}" for name, value in prefixes.items() if value]
    source = AnyLaunchDescriptionSource(path)
    if args.show_args:
        print(_explain_arguments(source.get_launch_description(LaunchContext())))
        return 0
    if args.show_all_subprocesses_output:
        os.environ["OVERRIDE_LAUNCH_PROCESS_OUTPUT"] = "both"
    settings = parse_arguments(arguments)
    service = LaunchService(argv=arguments, noninteractive=args.noninteractive, debug=args.debug)
    include = IncludeLaunchDescription(source, launch_arguments=settings)
    service.include_launch_description(LaunchDescription([include]))
    return service.run()


def _find_file(args: argparse.Namespace) -> tuple[str, list[str]]:
    """Return the launch file's path and the launch arguments; raises RuntimeError."""
    package, name = args.package_name, args.launch_file_name
    if os.path.isfile(package):
        return package, ([] if name is None else [name]) + args.launch_arguments
    try:
        share = packages.find(package).share
    except packages.PackageNotFoundError as error:
        raise RuntimeError(f"Package '{package}' not found: {error}") from error
    walk = os.walk(share, followlinks=True)  # launch/ of a package in the checkout may be a link
    found = sorted(os.path.join(folder, str(name)) for folder, _, files in walk if name in files)
    where = f"in the share directory of package '{package}'"
    if not found:
        raise RuntimeError(f"file '{name}' was not found {where} which is at '{share}'")
    if len(found) > 1:
        raise RuntimeError(f"file '{name}' was found more than once {where}: {found}")
    return found[0], args.launch_arguments


def parse_arguments(arguments: Iterable[str]) -> list[tuple[str, str]]:
    """Return names and values of '<name>:=<value>'; the last value of a name counts. Raises RuntimeError."""
    settings: dict[str, str] = {}
    for text in arguments:
        name, separator, value = text.partition(":=")
        if not (name and separator and value):
            raise RuntimeError(f"malformed launch argument '{text}', expected format '<name>:=<value>'")
        settings[name] = value
    return list(settings.items())


def _explain_arguments(description: LaunchDescription) -> str:
    lines = ["Arguments (pass arguments as '<name>:=<value>'):"]
    found = description.find_launch_arguments()
    for declared, _, is_conditional in found:
        lines += ["", f"    '{declared.name}':{'*' if is_conditional else ''}", f"        {declared.description}"]
        if declared.default_value is not None:
            lines.append(f"        (default: {describe_substitutions(declared.default_value)})")
    if any(is_conditional for _, _, is_conditional in found):
        lines += ["", "* argument(s) which are only used if specific conditions occur"]
    return "\n".join(lines if found else [*lines, "", "  No arguments."])
