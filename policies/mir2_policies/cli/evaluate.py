"""`mir2 evaluate`: measure the clean return of a bundle; with --output, how robust policies are."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mir2_core.errors import UserError

from mir2_policies.cli.options import check_at_least, read_numbers, show
from mir2_policies.evaluation.returns import FINAL_SEED

if TYPE_CHECKING:
    from mir2_policies.evaluation.measure import Settings

SUMMARY = "measure the clean return of a bundle; with --output, how robust policies are"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which policies, in which conditions, how often, and where to."""
    parser.add_argument("bundles", type=Path, nargs="+", metavar="FILE.onnx")
    parser.add_argument("--output", type=Path, metavar="DIR", help="for tables, pictures and report.html")
    parser.add_argument("--adversaries", type=Path, nargs="+", default=[], metavar="FILE.onnx", help="of 'mir2 attack'")
    parser.add_argument("--conditions", metavar="NAMES", help="such as clean,flee,offset:{x_m: 0.5}; default: all")
    parser.add_argument("--robots", metavar="INDICES", help="who may be a traitor, such as 0,4,9; default: 0")
    parser.add_argument("--traitors", metavar="NUMBERS", help="how many at once, such as 1..3; default: 1")
    parser.add_argument("--episodes", type=int, default=256)
    parser.add_argument("--seed", type=int, default=FINAL_SEED, help="of the starts; default: as in shipped figures")
    parser.add_argument("--seeds", metavar="NUMBERS", help="several seeds, such as 0,1; needs --output")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Print the clean return, or where the report lies and how the policies rank."""
    show(_clean(arguments) if arguments.output is None else _report(arguments))
    return 0


def _clean(arguments: argparse.Namespace) -> dict[str, Any]:
    """The clean return of a bundle, computed as robots do it: NumPy and ONNX Runtime."""
    from mir2_core.bundle import PolicyBundle

    from mir2_policies.evaluation.episodes import bundle_act
    from mir2_policies.evaluation.returns import episode_returns, summary

    for name in ("adversaries", "conditions", "robots", "traitors", "seeds"):
        if getattr(arguments, name):
            raise UserError(f"--{name} needs --output DIR, where the report goes")
    if len(arguments.bundles) > 1:
        raise UserError(f"{len(arguments.bundles)} policies need --output DIR, where the report goes")
    check_at_least("--episodes", arguments.episodes, 2)
    check_at_least("--seed", arguments.seed, 0)
    bundle = PolicyBundle.load(arguments.bundles[0])
    returns = episode_returns(bundle.task(), bundle_act(bundle), arguments.episodes, arguments.seed)
    return summary(returns, arguments.seed)


def _report(arguments: argparse.Namespace) -> dict[str, Any]:
    from mir2_policies.studies.compare import compare

    return compare(
        arguments.bundles, arguments.adversaries, _settings(arguments), arguments.output, quiet=arguments.quiet
    )


def _settings(arguments: argparse.Namespace) -> "Settings":
    """The options as settings; what is not given stays as it is by default."""
    from mir2_core.traitors.parameters import split_list

    from mir2_policies.evaluation.measure import Settings

    given: dict[str, Any] = {"episodes": arguments.episodes, "seeds": (arguments.seed,)}
    if arguments.conditions is not None:
        given["conditions"] = tuple(split_list(arguments.conditions))
    for name in ("robots", "traitors", "seeds"):
        if (text := getattr(arguments, name)) is not None:
            given[name] = read_numbers(text, f"--{name}")
    return Settings(**given)
