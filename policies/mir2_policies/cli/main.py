"""Finds the subcommand, runs it, and turns a user's mistake into one line."""

import argparse
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, Protocol

from mir2_core.errors import EXIT_USER_ERROR, UserError, nearest, user_errors
from mir2_core.files import writing

from mir2_policies.cli import (
    attack,
    certify,
    check_world,
    claims,
    curve,
    evaluate,
    export,
    ladder,
    reference,
    render,
    replay,
    rollout,
    showcase,
    study,
    train,
    worst,
)


class Command(Protocol):
    """What a module of this folder offers."""

    SUMMARY: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Say what the subcommand takes."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; the exit status."""
        ...


COMMANDS: dict[str, Command] = {
    "train": train,
    "export": export,
    "evaluate": evaluate,
    "ladder": ladder,
    "rollout": rollout,
    "replay": replay,
    "render": render,
    "attack": attack,
    "certify": certify,
    "reference": reference,
    "curve": curve,
    "showcase": showcase,
    "study": study,
    "worst": worst,
    "claims": claims,
    "check-world": check_world,
}


class Parser(argparse.ArgumentParser):
    """An argument parser whose last line is the error."""

    def error(self, message: str) -> NoReturn:
        """Show the usage, then the error as the last line."""
        self.print_usage(sys.stderr)
        self.exit(EXIT_USER_ERROR, f"error: {message}\n")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = Parser(prog="mir2", allow_abbrev=False, description="Train, check and export robust swarm policies.")
    commands = top.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for name, command in COMMANDS.items():
        text = command.SUMMARY
        sub = commands.add_parser(name, allow_abbrev=False, help=text, description=f"{text[0].upper()}{text[1:]}.")
        command.add_arguments(sub)
        sub.set_defaults(run=command.run)
    return top


def _leave_disk_errors_to_the_main_thread(args: threading.ExceptHookArgs) -> None:
    """TensorBoard's thread hands them on."""
    if not issubclass(args.exc_type, OSError):
        threading.__excepthook__(args)


@user_errors
def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one subcommand; its result is the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words and not words[0].startswith("-") and words[0] not in COMMANDS:
        raise UserError(f"unknown command '{words[0]}'; {nearest(words[0], COMMANDS)}")
    arguments = parser().parse_args(words)
    threading.excepthook = _leave_disk_errors_to_the_main_thread
    try:
        with writing(Path.cwd()):
            sys.exit(arguments.run(arguments))
    except ModuleNotFoundError as error:
        raise UserError(
            f"'mir2 {words[0]}' needs the package '{error.name}'; install it in the checkout with: make setup"
        ) from None
