"""`mir2 claims`: attack again what is claimed of shipped policies."""

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from mir2_core.errors import UserError

from mir2_policies.cli.options import check_at_least, show

SUMMARY = "attack again what is claimed of shipped policies"
MINUTES = 10.0
SEEDS = 2**31


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which claims, with which seed and for how long."""
    parser.add_argument("claims", type=Path, metavar="FILE.yaml", help="such as policies/zoo/claims.yaml")
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"for each claim; default: {MINUTES:g}")
    parser.add_argument("--families", metavar="NAMES", help="of the suite, such as scripts,plans; default: all")
    parser.add_argument("--seed", type=int, help="default: another each time")
    parser.add_argument("--output", type=Path, metavar="DIR", help="keeps the attacks, to go on with them")
    parser.add_argument("--quiet", action="store_true")


def run(arguments: argparse.Namespace) -> int:
    """Print what was found of each claim; 1 if one is broken."""
    from mir2_policies.attacks.suite import check_families
    from mir2_policies.studies.claims import check_claims

    seed = secrets.randbelow(SEEDS) if arguments.seed is None else arguments.seed
    check_at_least("--seed", seed, 0)
    families = check_families(list(filter(None, (arguments.families or "").split(","))))
    with tempfile.TemporaryDirectory() as scratch:
        try:
            results = check_claims(
                arguments.claims,
                arguments.output or Path(scratch),
                seed=seed,
                minutes=arguments.minutes,
                families=families,
                show=lambda text: None if arguments.quiet else print(text, file=sys.stderr, flush=True),
            )
        except KeyboardInterrupt:
            raise UserError("interrupted; with --output DIR and the same --seed it can go on") from None
    show({"seed": seed, "minutes": arguments.minutes, "claims": results})
    return 0 if all(result["holds"] for result in results) else 1
