"""`mir2 replay`: play a recorded run again and compare."""

import argparse
from pathlib import Path

from mir2_core.errors import UserError

from mir2_policies.cli.options import show

SUMMARY = "play a recorded run again in lockstep and compare the two"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, and where the replay goes."""
    parser.add_argument("folder", type=Path, metavar="RUN", help="the folder of a run")
    parser.add_argument("--output", type=Path, help="new folder of the replay; default: RUN-replay")


def run(arguments: argparse.Namespace) -> int:
    """Print where the two part; status 1 if a run in lockstep is not reproduced."""
    from mir2_policies.evaluation.replay import replay

    folder = arguments.folder.absolute()
    output = (arguments.output or folder.with_name(f"{folder.name}-replay")).absolute()
    if output.exists():
        raise UserError(f"{output}: is there already; give a new folder with --output")
    result = replay(folder, output)
    show(result.to_json())
    return 1 if result.promised and result.difference else 0
