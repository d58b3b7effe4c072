"""How the verbs of `ros2 COMMAND VERB …` are declared and run."""

import argparse
import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

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
        argv = argv or ["--help"]
        if command in ("service", "topic"):
            parser.add_argument(f"--include-hidden-{command}s", action="store_true", help="with hidden ones")
        verbs = parser.add_subparsers(metavar="verb", required=True)
        for name in sorted(name for name in VERBS if name.startswith(f"{command} ")):
            description = VERBS[name][0].__doc__
            _declare(verbs.add_parser(name.split()[1], help=description, conflict_handler="resolve"), name)
    options_may_be_anywhere = command == "launch"
    parse = parser.parse_intermixed_args if options_may_be_anywhere else parser.parse_args
    args = parse(argv)
    status: Status = args.run(args)
    return status


def _declare(parser: argparse.ArgumentParser, name: str) -> None:
    run, arguments = VERBS[name]
    parser.description = run.__doc__
    parser.set_defaults(run=run)
    for names, options in arguments:
        parser.add_argument(*names, **options)


def positive(text: str) -> float:
    if (value := float(text)) <= 0.0:
        raise argparse.ArgumentTypeError("Value must be positive")
    return value


def nonnegative_int(text: str) -> int:
    if (value := int(text)) < 0:
        raise ValueError
    return value


def positive_int(text: str) -> int:
    if (value := int(text)) <= 0:
        raise argparse.ArgumentTypeError("value must be a positive integer")
    return value


def checked(parse: Callable[[str], Any], expected: str) -> Callable[[str], Any]:
    """Return `parse` with an error that names what the user should have typed."""

    def parse_argument(text: str) -> Any:
        try:
            return parse(text)
        except Exception as error:
            raise argparse.ArgumentTypeError(f"'{text}' is no {expected}: {error}") from error

    return parse_argument


pattern = checked(re.compile, "regular expression")
FILTER = argument(
    "--filter",
    type=checked(lambda text: eval(f"lambda m: {text}"), "Python expression"),
    default=lambda _: True,
    metavar="EXPR",
    help="Python expression of m, the message",
)
