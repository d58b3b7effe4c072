"""`mir2 check-world`: compare the task with recorded values of another implementation."""

import argparse
from pathlib import Path

SUMMARY = "compare the task with recorded values of another implementation"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which recorded values."""
    parser.add_argument("file", type=Path, metavar="FILE.npz")


def run(arguments: argparse.Namespace) -> int:
    """Print the largest error of each array; status 1 if one is too large."""
    from mir2_policies.evaluation.check_world import TOLERANCE, check_world

    errors, worst = check_world(arguments.file)
    for name, error in errors.items():
        print(f"{name:24} {error:.3e}")
    print(f"worst {worst:.3e}")
    return 0 if worst <= TOLERANCE else 1
