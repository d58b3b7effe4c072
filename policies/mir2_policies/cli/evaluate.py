"""`mir2 evaluate`: measure the clean return of a bundle; with --output, how robust policies are."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mir2_core.disturbance import parse_disturbance
from mir2_core.errors import UserError
from mir2_core.files import locked, writable_folder

from mir2_policies.cli.options import add_team, add_traitors, check_at_least, load_policy, read_settings, show
from mir2_policies.evaluation.returns import FINAL_SEED

if TYPE_CHECKING:
    from mir2_policies.evaluation.measure import Settings

EPISODES = 256
NEEDS_OUTPUT = "needs --output DIR, where the report goes"
SUMMARY = "measure the clean return of a bundle; with --output, how robust policies are"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which policies, in which conditions, how often, and where to."""
    parser.add_argument("bundles", type=Path, nargs="+", metavar="FILE.onnx")
    add_team(parser)
    parser.add_argument(
        "--disturbance", metavar="NAME", help="of the clean return: lab or harsh, or such as 'lab:{motor_lag_s: 0.1}'"
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="for tables, pictures and report.html")
    add_traitors(parser, conditions="all")
    parser.add_argument("--episodes", type=int, help=f"of each seed, in one process; default: {EPISODES}")
    parser.add_argument("--seed", type=int, help=f"of the starts; default: {FINAL_SEED}, as in shipped figures")
    parser.add_argument("--seeds", metavar="NUMBERS", help="several seeds, such as 0,1; needs --output")
    parser.add_argument(
        "--runtime",
        choices=("process", "ros", "twin", "realtime"),
        default="process",
        help="process: many episodes at once in the training world; ros: every episode a run of the real nodes, in "
        "lockstep; twin: the same to the last bit, without messages; realtime: as ros, by the wall clock",
    )
    parser.add_argument("--backend", help="world of the nodes: pybullet (default) or kinematic")
    parser.add_argument("--jobs", type=int, help="runs of the nodes at the same time; default: 1")
    parser.add_argument("--resume", action="store_true", help="go on with the runs of the nodes in --output")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Print the clean return, or where the report lies and how the policies rank."""
    if arguments.runtime == "process":
        if arguments.output is not None:
            _refuse(arguments, ("disturbance",), "is for the clean return, without --output")
        _refuse(arguments, ("backend", "jobs", "resume"), "is for --runtime ros, twin or realtime")
        show(_clean(arguments) if arguments.output is None else _report(arguments))
    else:
        _refuse(arguments, ("disturbance",), "is for --runtime process; give the launch disturbance:=NAME")
        show(_through_nodes(arguments))
    return 0


def _refuse(arguments: argparse.Namespace, options: Sequence[str], why: str) -> None:
    for name in options:
        if getattr(arguments, name) not in (None, False, []):
            raise UserError(f"--{name} {why}")


def _clean(arguments: argparse.Namespace) -> dict[str, Any]:
    """The clean return of a bundle, computed as robots do it: NumPy and ONNX Runtime."""
    from mir2_policies.evaluation.episodes import bundle_act
    from mir2_policies.evaluation.returns import episode_returns, summary

    _refuse(arguments, ("adversaries", "conditions", "robots", "traitors", "seeds"), NEEDS_OUTPUT)
    if len(arguments.bundles) > 1:
        raise UserError(f"{len(arguments.bundles)} policies need --output DIR, where the report goes")
    episodes = EPISODES if arguments.episodes is None else arguments.episodes
    seed = FINAL_SEED if arguments.seed is None else arguments.seed
    check_at_least("--episodes", episodes, 2)
    check_at_least("--seed", seed, 0)
    bundle = load_policy(arguments.bundles[0], arguments.team)
    disturbance = parse_disturbance(arguments.disturbance or "", "--disturbance")
    returns = episode_returns(bundle.task(), bundle_act(bundle), episodes, seed, disturbance=disturbance)
    named = {} if disturbance.off else {"disturbance": arguments.disturbance}
    return summary(returns, seed) | named


def _report(arguments: argparse.Namespace) -> dict[str, Any]:
    from mir2_policies.studies.compare import compare

    bundles = [load_policy(path, arguments.team) for path in arguments.bundles]
    return compare(bundles, arguments.adversaries, _settings(arguments), arguments.output, quiet=arguments.quiet)


def _through_nodes(arguments: argparse.Namespace) -> dict[str, Any]:
    from mir2_policies.evaluation.in_process import play_twin
    from mir2_policies.evaluation.ros import play_run
    from mir2_policies.evaluation.through_nodes import CONDITIONS, SEEDS, Nodes
    from mir2_policies.studies.compare import compare_through_nodes

    if arguments.output is None:
        raise UserError(f"--runtime {arguments.runtime} {NEEDS_OUTPUT}")
    _refuse(arguments, ("episodes", "seed"), "is for --runtime process; each of --seeds is one episode of the nodes")
    jobs = 1 if arguments.jobs is None else arguments.jobs
    check_at_least("--jobs", jobs, 1)
    bundles = [load_policy(path, arguments.team) for path in arguments.bundles]
    settings = _settings(arguments, conditions=CONDITIONS, seeds=SEEDS)
    nodes = Nodes(
        "realtime" if arguments.runtime == "realtime" else "lockstep",
        arguments.backend or "pybullet",
        jobs,
        player=play_twin if arguments.runtime == "twin" else play_run,
    )
    try:
        with locked(writable_folder(arguments.output) / ".lock", wait=False, what="'mir2 evaluate'"):
            return compare_through_nodes(
                bundles,
                arguments.adversaries,
                settings,
                arguments.output,
                nodes,
                resume=arguments.resume,
                quiet=arguments.quiet,
            )
    except KeyboardInterrupt:
        raise UserError("interrupted; go on with the same command and --resume") from None


def _settings(arguments: argparse.Namespace, **default: Any) -> "Settings":
    given: dict[str, Any] = {"seeds": (FINAL_SEED,)} | default
    if arguments.episodes is not None:
        given["episodes"] = arguments.episodes
    if arguments.seed is not None:
        given["seeds"] = (arguments.seed,)
    return read_settings(arguments, **given)
