"""`mir2 certify`: bound how far the report of one ally can turn a decision."""

import argparse
from pathlib import Path

from mir2_core.errors import UserError
from mir2_core.vote import MOST_LIARS

from mir2_policies.cli.options import add_team, check_at_least, check_ending, load_policy, read_numbers, show

SUMMARY = "prove how far the report of one ally can turn any decision"
CONDITIONS = "clean,flee,lie-far-corner"
STATES = 10
GAP, BOXES = 0.005, 50_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which policy, in which states, how exactly, and where to."""
    parser.add_argument("policy", type=Path, metavar="FILE.onnx")
    add_team(parser)
    parser.add_argument("--vote", type=int, metavar="F", help="liars that voting withstands; default: as in the file")
    parser.add_argument("--traitors", type=int, default=1, metavar="1", help="allies that may lie at once: one")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="for certificate.json, .md and .html")
    parser.add_argument(
        "--write", type=Path, metavar="FILE.onnx", help="another file for the policy with its certificate inside"
    )
    parser.add_argument("--conditions", default=CONDITIONS, metavar="NAMES", help=f"of episodes; default: {CONDITIONS}")
    parser.add_argument("--robots", default="0", metavar="INDICES", help="traitors of attacked episodes; default: 0")
    parser.add_argument("--adversaries", type=Path, nargs="+", default=[], metavar="FILE.onnx", help="of 'mir2 attack'")
    parser.add_argument("--states", type=int, default=STATES, help=f"of each condition; default: {STATES}")
    parser.add_argument("--seed", type=int, default=0, help="of episodes and states; default: 0")
    parser.add_argument("--gap", type=float, default=GAP, help=f"to an attack that is good enough; default: {GAP:g}")
    parser.add_argument("--boxes", type=int, default=BOXES, help=f"of a decision, at most; default: {BOXES}")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Print a summary and where the report lies."""
    from mir2_core.files import writable_folder
    from mir2_core.traitors.parameters import split_list
    from tqdm import tqdm

    from mir2_policies.bundles.certificate.certificate import certificate, write_certified
    from mir2_policies.bundles.certificate.report import PAGE_FILE, write_certificate
    from mir2_policies.bundles.certificate.search import Effort
    from mir2_policies.evaluation.measure import Settings, load_adversaries

    _check(arguments)
    bundle = load_policy(arguments.policy, arguments.team)
    if arguments.vote is not None:
        bundle = bundle.voting(arguments.vote)
    settings = Settings(
        conditions=tuple(split_list(arguments.conditions)),
        robots=read_numbers(arguments.robots, "--robots"),
        episodes=arguments.states,
        seeds=(arguments.seed,),
    )
    settings.check(bundle.metadata.task_parameters["robots"])
    adversaries = load_adversaries(arguments.adversaries, [bundle])[bundle.metadata.file_sha256]
    directory = writable_folder(arguments.output)
    with tqdm(disable=arguments.quiet, unit=" states") as bar:
        found = certificate(bundle, adversaries, settings, Effort(arguments.gap, arguments.boxes), done=bar.update)
    write_certificate(found, directory)
    if arguments.write is not None:
        write_certified(arguments.policy, found.summary(), arguments.write)
    show(found.summary().model_dump() | {"report": str(directory / PAGE_FILE)})
    return 0


def _check(arguments: argparse.Namespace) -> None:
    if arguments.traitors != 1:
        raise UserError(
            f"--traitors is {arguments.traitors}: bounds are known for 1, whose report is three numbers to search; for "
            "more, give 'mir2 attack' as many --robots"
        )
    if arguments.vote is not None and not 0 <= arguments.vote <= MOST_LIARS:
        raise UserError(f"--vote is {arguments.vote}; allowed: 0 to {MOST_LIARS}")
    check_at_least("--states", arguments.states, 2)
    check_at_least("--seed", arguments.seed, 0)
    check_at_least("--boxes", arguments.boxes, 1)
    if not 0.0 < arguments.gap <= 2.0:
        raise UserError(f"--gap is {arguments.gap:g}: give a number above 0 and up to 2, in units of an action")
    if arguments.write is not None:
        check_ending("--write", arguments.write, ".onnx")
        if arguments.write.resolve() == arguments.policy.resolve():
            raise UserError(
                f"--write is '{arguments.write}', the policy itself: adversaries that were trained against it would no "
                "longer fit; give another file"
            )
