"""`mir2 attack`: find the ally that hurts a policy most."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mir2_core.bundle import PolicyBundle
from mir2_core.config import parse
from mir2_core.errors import UserError, nearest

from mir2_policies.cli.options import add_budget, add_team, load_policy, read_budget, read_numbers, show

if TYPE_CHECKING:
    from mir2_policies.attacks.config import AttackConfig

SUMMARY = "find the ally that hurts a policy most"
DEFAULT_STEPS = 100_000
SUITE_MINUTES = 10.0
ADVERSARY_FILE = "adversary.onnx"
THREATS_HELP = "published, saboteur, liar, two_faced, plausible_liar or mute"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whom to attack, as whom, what for, and for how long."""
    parser.add_argument("--policy", type=Path, required=True, metavar="FILE.onnx", help="the victims' policy")
    add_team(parser)
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder of the attack")
    parser.add_argument("--threat", default="published", metavar="NAME", help=THREATS_HELP)
    parser.add_argument("--tracker", choices=("on", "off"), help="whether victims judge reports as robots do")
    parser.add_argument("--robots", metavar="INDICES", help="the traitors, such as 0,4")
    parser.add_argument("--suite", action="store_true", help="every family of attacks, and the worst of them")
    parser.add_argument("--families", metavar="NAMES", help="of the suite, such as scripts,plans; default: all")
    parser.add_argument("--check", type=Path, metavar="ADVERSARY.onnx", help="how much stronger the suite is than this")
    parser.add_argument("--all", action="store_true", help="one attack as each robot, in folders below --output")
    parser.add_argument("--seed", type=int, default=0)
    add_budget(parser, f"default: {DEFAULT_STEPS} steps, a suite {SUITE_MINUTES:g} minutes; with --all, each")
    parser.add_argument("--resume", action="store_true", help="go on from the folder's checkpoint")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Attack as one set of robots, or as each robot in turn, and print one line of figures for each."""
    from mir2_policies.attacks.threats import THREATS

    if arguments.threat not in THREATS:
        raise UserError(f"unknown threat '{arguments.threat}'; {nearest(arguments.threat, THREATS)}")
    victim = load_policy(arguments.policy, arguments.team)
    attack = _suite if arguments.suite else _network
    for name in ("families", "check"):
        if getattr(arguments, name) is not None and not arguments.suite:
            raise UserError(f"--{name} needs --suite")
    for robots, directory in _targets(arguments, victim):
        attack(arguments, victim, robots, directory)
    return 0


def _suite(arguments: argparse.Namespace, victim: PolicyBundle, robots: tuple[int, ...], directory: Path) -> None:
    """Run the suite of attacks; what a network has learned in it becomes a bundle."""
    from mir2_core.traitors.trained import AdversaryBundle

    from mir2_policies.attacks.check import harm, require_alike
    from mir2_policies.attacks.suite import SUITE_FILE, SuiteConfig, check_families, open_suite
    from mir2_policies.bundles.adversary import export_adversary

    if arguments.steps is not None:
        raise UserError("--steps: a suite is given its budget in --minutes")
    minutes = SUITE_MINUTES if arguments.minutes is None else arguments.minutes
    families = check_families(list(filter(None, (arguments.families or "").split(","))))
    attack = _config(arguments, victim, robots)
    given = AdversaryBundle.load(arguments.check) if arguments.check else None
    if given:
        require_alike(given, victim, attack)
    settings = {"attack": attack, "families": families, "minutes": minutes}
    keep = [name for name in ("minutes", "families") if getattr(arguments, name) is None]
    config = parse(settings, SuiteConfig, "command line")
    suite = open_suite(config, victim, directory, arguments.resume, keep)
    try:
        result = suite.run(show=lambda text: None if arguments.quiet else print(text, file=sys.stderr, flush=True))
    except KeyboardInterrupt:
        raise UserError("interrupted; give the same command with --resume to go on") from None
    if (network := suite.network()) is not None:
        export_adversary(network, directory / ADVERSARY_FILE)
    if given:
        checked = harm(given, suite.duel)
        more = round(result["loss_mean"] - checked["loss_mean"], 4)
        result = result | {"checked": checked | {"suite_finds_more": more}}
    show(result | {"file": str(directory / SUITE_FILE)})


def _network(arguments: argparse.Namespace, victim: PolicyBundle, robots: tuple[int, ...], directory: Path) -> None:
    """Train a network of the traitors and write it as a bundle."""
    from mir2_policies.attacks.trainer import open_attack
    from mir2_policies.bundles.adversary import export_adversary

    budget = read_budget(arguments, transitions=DEFAULT_STEPS)
    trainer = open_attack(_config(arguments, victim, robots), victim, directory, arguments.resume)
    try:
        trainer.run(budget, quiet=arguments.quiet)
    except KeyboardInterrupt:
        raise UserError("interrupted; give the same command with --resume to go on") from None
    output = directory / ADVERSARY_FILE
    show(export_adversary(trainer, output) | {"file": str(output)})


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


def _config(arguments: argparse.Namespace, victim: PolicyBundle, robots: tuple[int, ...]) -> "AttackConfig":
    from mir2_policies.attacks.config import AttackConfig, width
    from mir2_policies.attacks.threats import THREATS

    threat = THREATS[arguments.threat]
    tracker = threat.tracker if arguments.tracker is None else arguments.tracker == "on"
    if not threat.takes(tracker):
        why = "--tracker off knows no silence" if threat.mute else "its reports are true and in time"
        raise UserError(f"--threat {arguments.threat}: {why}; leave --tracker out")
    settings = {
        "policy": arguments.policy.name,
        "victim_sha256": victim.metadata.file_sha256,
        "threat": arguments.threat,
        "tracker": tracker,
        "robots": robots,
        "seed": arguments.seed,
        "hidden": (width(victim, arguments.threat),) * 2,
    }
    return parse(settings, AttackConfig, "command line")
