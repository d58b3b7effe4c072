"""`mir2 ladder`: what policies lose on the way from the training world to robots, rung by rung."""

import argparse
from pathlib import Path

from mir2_core.errors import UserError
from mir2_core.files import locked, writable_folder

from mir2_policies.cli.options import (
    add_team,
    add_traitors,
    check_at_least,
    load_policy,
    read_numbers,
    read_settings,
    show,
)

CONDITIONS = ("clean", "flee", "lie-far-corner")  # by default
SUMMARY = "what policies lose on the way from the training world to robots, rung by rung"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which policies, on which rungs, in which conditions, and where to."""
    parser.add_argument("bundles", type=Path, nargs="+", metavar="FILE.onnx")
    add_team(parser)
    parser.add_argument("--rungs", metavar="NUMBERS", help="such as 0..2; default: all that there are")
    add_traitors(parser, conditions=",".join(CONDITIONS))
    parser.add_argument("--seeds", metavar="NUMBERS", help="each gives one start; default: 0..4")
    parser.add_argument("--jobs", type=int, default=1, help="runs at the same time; default: 1")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="for tables, picture and ladder.html")
    parser.add_argument("--resume", action="store_true", help="go on with the runs in --output")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Print where the report lies and the differences between rungs; 1 if rungs that must be equal are not."""
    from mir2_policies.evaluation.rungs import choose
    from mir2_policies.evaluation.through_nodes import SEEDS
    from mir2_policies.studies.ladder import climb

    check_at_least("--jobs", arguments.jobs, 1)
    rungs = choose(None if arguments.rungs is None else read_numbers(arguments.rungs, "--rungs"))
    bundles = [load_policy(path, arguments.team) for path in arguments.bundles]
    settings = read_settings(arguments, conditions=CONDITIONS, seeds=SEEDS)
    try:
        with locked(writable_folder(arguments.output) / ".lock", wait=False, what="'mir2 ladder'"):
            result = climb(
                bundles,
                arguments.adversaries,
                settings,
                rungs,
                arguments.output,
                jobs=arguments.jobs,
                resume=arguments.resume,
                quiet=arguments.quiet,
            )
    except KeyboardInterrupt:
        raise UserError("interrupted; go on with the same command and --resume") from None
    show(result)
    return 0 if all(twins["equal"] for twins in result["twins"]) else 1
