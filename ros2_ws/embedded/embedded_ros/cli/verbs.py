"""How the verbs of `ros2 COMMAND VERB …` are declared and run."""

import argparse
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import yaml

Status = int | str | None  # as for `sys.exit`: a text is an error
Run = Callable[[argparse.Namespace], Status]
Argument = tuple[tuple[str, ...], dict[str, Any]]
NOT_HERE = 2


@dataclass(frozen=True)
class Verb:
    """What a verb does, described by its docstring, and its arguments."""

    run: Run
    arguments: tuple[Argument, ...]
    is_intermixed: bool

    @property
    def description(self) -> str:
        return (self.run.__doc__ or "").rstrip(".")


VERBS: dict[str, Verb] = {}  # by command and verb, such as 'topic list', or by the command alone


def verb(name: str, *arguments: Argument, is_intermixed: bool = False) -> Callable[[Run], Run]:
    """Declare a verb; if it is intermixed, its options may stand between its other arguments."""

    def register(run: Run) -> Run:
        VERBS[name] = Verb(run, arguments, is_intermixed)
        return run

    return register


def argument(*names: str, **options: Any) -> Argument:
    """Declare what `ArgumentParser.add_argument` takes."""
    return names, options


def flag(*names: str, help: str) -> Argument:
    """Declare an option without a value."""
    return names, {"action": "store_true", "help": help}


def run_command(command: str, argv: list[str]) -> Status:
    """Run the verb of a command that the first argument names."""
    import_module(f".{command}_command", __package__)
    if command in VERBS:
        return _run(command, argv)
    verbs = {name.split()[1]: found for name, found in VERBS.items() if name.split()[0] == command}
    word = argv[0] if argv else "--help"
    if word in ("-h", "--help"):
        print(f"usage: ros2 {command} VERB …\n")
        for name, found in sorted(verbs.items()):
            print(f"  {name:<12} {found.description}")
        return 0
    return _run(f"{command} {word}", argv[1:]) if word in verbs else not_here(f"ros2 {command} {word}", verbs)


def _run(name: str, argv: list[str]) -> Status:
    found = VERBS[name]
    parser = argparse.ArgumentParser(prog=f"ros2 {name}", description=found.description, conflict_handler="resolve")
    for names, options in found.arguments:
        parser.add_argument(*names, **options)
    return found.run(parser.parse_intermixed_args(argv) if found.is_intermixed else parser.parse_args(argv))


def not_here(what: str, known: Iterable[str]) -> int:
    """Say that something is not part of this runtime and return the exit status."""
    print(f"error: '{what}' is not part of the embedded runtime; it has: {', '.join(sorted(known))}", file=sys.stderr)
    return NOT_HERE


def positive(text: str) -> float:
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


def expression(text: str) -> Callable[[Any], Any]:
    """Return a function of m, a message, from a Python expression."""
    try:
        found: Callable[[Any], Any] = eval(f"lambda m: {text}")
    except SyntaxError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no Python expression: {error}") from error
    return found


def pattern(text: str) -> re.Pattern[str]:
    """Return a compiled regular expression."""
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no regular expression: {error}") from error


FILTER = argument(
    "--filter", type=expression, default=lambda _: True, metavar="EXPR", help="Python expression of m, the message"
)
VALUES = (
    argument("values", nargs="?", default="{}", help="fields in YAML, such as '{data: true}'"),
    flag("--stdin", help="read the fields from standard input"),
)


def read_values(args: argparse.Namespace) -> Any:
    """Return the fields that VALUES declares; raises RuntimeError."""
    try:
        return yaml.safe_load(sys.stdin.read() if args.stdin else args.values)
    except yaml.YAMLError as error:
        raise RuntimeError(f"The values are not YAML: {error}") from error
