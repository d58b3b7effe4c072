"""`mir2 attack`: train the ally that hurts a policy most."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mir2_core.bundle import PolicyBundle
from mir2_core.config import parse
from mir2_core.errors import UserError, nearest

from mir2_policies.cli.options import add_budget, read_budget, read_numbers, show

if TYPE_CHECKING:
    from mir2_policies.attacks.config import AttackConfig

SUMMARY = "train the ally that hurts a policy most"
DEFAULT_STEPS = 100_000
ADVERSARY_FILE = "adversary.onnx"
USUAL_WIDTH = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whom to attack, as whom, what for, and for how long."""
    parser.add_argument("--policy", type=Path, required=True, metavar="FILE.onnx", help="the victims' policy")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder of the attack")
    parser.add_argument("--threat", default="published", metavar="NAME", help="published, saboteur, liar or two_faced")
    parser.add_argument("--robots", metavar="INDICES", help="the traitors, such as 0,4")
    parser.add_argument("--all", action="store_true", help="one attack as each robot, in folders below --output")
    parser.add_argument("--seed", type=int, default=0)
    add_budget(parser, f"default: {DEFAULT_STEPS} steps; with --all, of each attack")
    parser.add_argument("--resume", action="store_true", help="go on from the folder's checkpoint")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Attack as one set of robots, or as each robot in turn, and print one line of figures for each."""
    from mir2_policies.attacks.threats import THREATS
    from mir2_policies.attacks.trainer import open_attack
    from mir2_policies.bundles.adversary import export_adversary

    if arguments.threat not in THREATS:
        raise UserError(f"unknown threat '{arguments.threat}'; {nearest(arguments.threat, THREATS)}")
    victim = PolicyBundle.load(arguments.policy)
    budget = read_budget(arguments, transitions=DEFAULT_STEPS)
    for robots, directory in _targets(arguments, victim):
        trainer = open_attack(_config(arguments, victim, robots), victim, directory, arguments.resume)
        try:
            trainer.run(budget, quiet=arguments.quiet)
        except KeyboardInterrupt:
            raise UserError("interrupted; give the same command with --resume to go on") from None
        output = directory / ADVERSARY_FILE
        show(export_adversary(trainer, output) | {"file": str(output)})
    return 0


def _targets(arguments: argparse.Namespace, victim: PolicyBundle) -> list[tuple[tuple[int, ...], Path]]:
    """The robots of each attack and its folder."""
    from mir2_policies.evaluation.episodes import check_robots
    from mir2_policies.evaluation.measure import bundle_task

    team = bundle_task(victim).params.robots
    if arguments.all == (arguments.robots is not None):
        raise UserError("give either --robots, such as --robots 0,4, or --all")
    if arguments.all:
        return [((robot,), arguments.output / f"robot-{robot}") for robot in range(team)]
    robots = read_numbers(arguments.robots, "--robots")
    check_robots(robots, team)
    return [(robots, arguments.output)]


def _width(victim: PolicyBundle, threat: str) -> int:
    """Of the layers: as usual, but for both signs of all that a two-faced traitor of a large team says."""
    from mir2_core.traitors.trained import REPORT_SIZE

    from mir2_policies.attacks.threats import THREATS

    task = victim.task()
    return max(USUAL_WIDTH, 2 * (task.action_size + REPORT_SIZE * THREATS[threat].reports(task.params.robots)))


def _config(arguments: argparse.Namespace, victim: PolicyBundle, robots: tuple[int, ...]) -> "AttackConfig":
    from mir2_policies.attacks.config import AttackConfig

    settings = {
        "policy": arguments.policy.name,
        "victim_sha256": victim.metadata.file_sha256,
        "threat": arguments.threat,
        "robots": robots,
        "seed": arguments.seed,
        "hidden": (_width(victim, arguments.threat),) * 2,
    }
    return parse(settings, AttackConfig, "command line")
