"""`mir2 reference`: write a controller that nobody trained as a bundle."""

import argparse
from pathlib import Path
from typing import Any, get_args

from mir2_core.config import parse
from mir2_core.errors import UserError, nearest
from mir2_core.tasks import RendezvousParams

from mir2_policies.bundles.rules import RuleName
from mir2_policies.cli.options import show

SUMMARY = "write a controller that nobody trained as a bundle"
RULES = get_args(RuleName)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which rule, for which team, and where to."""
    parser.add_argument("rule", metavar="RULE", help=", ".join(RULES[:-1]) + f" or {RULES[-1]}")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.onnx")
    parser.add_argument("--f", type=int, help="of wmsr: how many liars it withstands; default: 1")
    parser.add_argument("--robots", type=int, default=10, help="in the team; default: 10")


def run(arguments: argparse.Namespace) -> int:
    """Write the bundle and print the evaluation that it carries."""
    from mir2_policies.bundles.rules import RuleConfig
    from mir2_policies.bundles.rules_export import export_rule

    if arguments.rule not in RULES:
        raise UserError(f"unknown rule '{arguments.rule}'; {nearest(arguments.rule, RULES)}")
    if arguments.f is not None and arguments.rule != "wmsr":
        raise UserError(f"--f belongs to wmsr; leave it out for {arguments.rule}")
    settings: dict[str, Any] = {"algorithm": arguments.rule} | ({} if arguments.f is None else {"f": arguments.f})
    robots = parse({"robots": arguments.robots}, RendezvousParams, "command line").robots
    config = parse(settings, RuleConfig, "command line")
    show(export_rule(config, robots, arguments.output))
    return 0
