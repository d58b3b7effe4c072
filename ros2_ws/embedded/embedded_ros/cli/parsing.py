"""Command lines of the form `ros2 COMMAND VERB …`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from . import not_here

Status = int | str | None


@dataclass(frozen=True)
class Verb:
    """What a verb does, in words, its arguments and its work."""

    description: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], Status]


def run_verb(command: str, verbs: dict[str, Verb], argv: list[str]) -> Status:
    """Run the verb that the first argument names."""
    name = argv[0] if argv else "--help"
    if name in ("-h", "--help"):
        print(f"usage: ros2 {command} VERB …\n")
        for known, verb in verbs.items():
            print(f"  {known:<12} {verb.description}")
        return 0
    if name not in verbs:
        return not_here(f"ros2 {command} {name}", list(verbs))
    parser = argparse.ArgumentParser(prog=f"ros2 {command} {name}", description=verbs[name].description)
    verbs[name].add_arguments(parser)
    return verbs[name].run(parser.parse_args(argv[1:]))


def positive_float(text: str) -> float:
    """Return a number above zero."""
    value = float(text)
    if value <= 0.0:
        raise argparse.ArgumentTypeError("Value must be positive")
    return value


def natural(text: str) -> int:
    """Return a whole number, zero or above."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("Value must be positive or zero")
    return value


def add_hidden(parser: argparse.ArgumentParser, what: str = "topics") -> None:
    """Add the option to show what is hidden."""
    parser.add_argument(f"--include-hidden-{what}", action="store_true", help="with names that start with '_'")


def read_values(args: argparse.Namespace) -> Any:
    """Return the values given as `values`, or on standard input with --stdin; raises RuntimeError."""
    text = sys.stdin.read() if args.stdin else args.values
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RuntimeError(f"The values are not YAML: {error}") from error


def add_values(parser: argparse.ArgumentParser) -> None:
    """Add what `read_values` reads."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("values", nargs="?", default="{}", help="fields in YAML, such as '{data: true}'")
    group.add_argument("--stdin", action="store_true", help="read the fields from standard input")
