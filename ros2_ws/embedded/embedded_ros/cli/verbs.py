"""How the verbs of `ros2 COMMAND VERB …` are declared and run."""

import argparse
import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

import yaml

Status = int | str | None  # as for `sys.exit`: a text is an error
Run = Callable[[argparse.Namespace], Status]
Argument = tuple[tuple[str, ...], dict[str, Any]]

# By command and verb, such as 'topic list', or by the command alone.
VERBS: dict[str, tuple[Run, tuple[Argument, ...]]] = {}


def verb(name: str, *arguments: Argument) -> Callable[[Run], Run]:
    """Declare a verb, which its docstring describes."""

    def register(run: Run) -> Run:
        VERBS[name] = (run, arguments)
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
    parser = argparse.ArgumentParser(prog=f"ros2 {command}")
    if command in VERBS:
        _declare(parser, command)
    else:
        verbs = parser.add_subparsers(metavar="verb", required=True)
        for name in sorted(name for name in VERBS if name.startswith(f"{command} ")):
            description = VERBS[name][0].__doc__
            _declare(verbs.add_parser(name.split()[1], help=description, conflict_handler="resolve"), name)
    options_may_be_anywhere = command == "launch"
    parse = parser.parse_intermixed_args if options_may_be_anywhere else parser.parse_args
    args = parse(argv or ["--help"])
    status: Status = args.run(args)
    return status


def _declare(parser: argparse.ArgumentParser, name: str) -> None:
    run, arguments = VERBS[name]
    parser.description = run.__doc__
    parser.set_defaults(run=run)
    for names, options in arguments:
        parser.add_argument(*names, **options)


def positive(text: str) -> float:
    value = float(text)
    if value <= 0.0:
        raise argparse.ArgumentTypeError("Value must be positive")
    return value


def natural(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("Value must be positive or zero")
    return value


def pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no regular expression: {error}") from error


def _expression(text: str) -> Callable[[Any], Any]:
    """Return a function of m, a message, from a Python expression."""
    try:
        found: Callable[[Any], Any] = eval(f"lambda m: {text}")
    except SyntaxError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no Python expression: {error}") from error
    return found


def _values(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is not YAML: {error}") from error


FILTER = argument(
    "--filter", type=_expression, default=lambda _: True, metavar="EXPR", help="Python expression of m, the message"
)
VALUES = argument("values", nargs="?", type=_values, default="{}", help="fields in YAML, such as '{data: true}'")
