"""`mir2 export`: write a run's best policy as a bundle for robots."""

import argparse
from pathlib import Path

from mir2_core.errors import UserError
from mir2_core.vote import MOST_LIARS

from mir2_policies.cli.options import show

SUMMARY = "write a run's best policy as a bundle for robots"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, and where to."""
    parser.add_argument("run_directory", type=Path, metavar="RUN_DIR")
    parser.add_argument("--vote", type=int, default=0, metavar="F", help="withstand F liars by voting; default: 0")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.onnx")


def run(arguments: argparse.Namespace) -> int:
    """Write a bundle and print the evaluation that it carries."""
    from mir2_policies.bundles.export import export_run

    if not 0 <= arguments.vote <= MOST_LIARS:
        raise UserError(f"--vote is {arguments.vote}; allowed: 0 to {MOST_LIARS}")
    show(export_run(arguments.run_directory, arguments.output, arguments.vote))
    return 0
