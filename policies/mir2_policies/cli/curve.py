"""`mir2 curve`: draw return against training time of several runs."""

import argparse
from pathlib import Path

from mir2_policies.cli.options import check_ending, show

SUMMARY = "draw return against training time of several runs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which runs, and where to."""
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN_DIR")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.png")


def run(arguments: argparse.Namespace) -> int:
    """Write the picture and its numbers, and print the final returns."""
    from mir2_policies.studies.curve import draw_curve

    check_ending("--output", arguments.output, ".png")
    show(draw_curve(arguments.runs, arguments.output))
    return 0
