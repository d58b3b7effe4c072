"""What `mir2 reference` does."""

import argparse
import json
from typing import Any

from mir2_core.config import parse
from mir2_core.errors import UserError, nearest
from mir2_core.tasks import RendezvousParams

from mir2_policies.references import ReferenceConfig
from mir2_policies.references_export import export_reference

RULES = ("centroid", "wmsr")


def reference(arguments: argparse.Namespace) -> None:
    """Write the bundle and print the evaluation that it carries."""
    if arguments.rule not in RULES:
        raise UserError(f"unknown rule '{arguments.rule}'; {nearest(arguments.rule, RULES)}")
    if arguments.f is not None and arguments.rule != "wmsr":
        raise UserError(f"--f belongs to wmsr; leave it out for {arguments.rule}")
    settings: dict[str, Any] = {"algorithm": arguments.rule} | ({} if arguments.f is None else {"f": arguments.f})
    robots = parse({"robots": arguments.robots}, RendezvousParams, "command line").robots
    config = parse(settings, ReferenceConfig, "command line")
    print(json.dumps(export_reference(config, robots, arguments.output)))
