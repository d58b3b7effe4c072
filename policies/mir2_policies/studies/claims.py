"""What is claimed of the shipped policies, and the attacks that try to break it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from mir2_core.bundle import PolicyBundle
from mir2_core.config import StrictModel, load_yaml, one_of, parse
from mir2_core.errors import UserError
from mir2_core.roster import MAX_ROBOTS
from pydantic import Field

from mir2_policies.attacks.config import AttackConfig, width
from mir2_policies.attacks.families import FAMILIES
from mir2_policies.attacks.suite import SuiteConfig, open_suite
from mir2_policies.attacks.threats import THREATS
from mir2_policies.evaluation.measure import bundle_task


class Claim(StrictModel):
    """However so many robots of this team turn traitor under this threat, the others lose at most so much return."""

    policy: str = Field(description="file name, beside the claims")
    threat: Annotated[str, one_of("threat", THREATS)]
    traitors: int = Field(ge=1)
    team: int | None = Field(default=None, ge=3, le=MAX_ROBOTS, description="of a policy for any team; none: as made")
    at_most: float = Field(gt=0.0, description="of the benign robots' return, on average over starts")


class Claims(StrictModel):
    """The file of claims."""

    claims: list[Claim] = Field(min_length=1)


def check_claims(
    path: Path,
    output: Path,
    *,
    seed: int,
    minutes: float,
    families: Sequence[str] = tuple(FAMILIES),
    show: Callable[[str], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Attack every policy of a file of claims as robots that the seed chooses; what was found of each claim.

    The folder keeps every suite, and one that was interrupted goes on.
    """
    results = []
    for number, claim in enumerate(load_yaml(path, Claims, "the claims of a zoo").claims):
        victim = PolicyBundle.load(path.parent / claim.policy)
        victim = victim if claim.team is None else victim.of_size(claim.team)
        team = bundle_task(victim).params.robots
        if claim.traitors > team - 2:
            raise UserError(f"{path}: {claim.policy}: {claim.traitors} traitors of {team} leave fewer than two others")
        robots = np.random.default_rng([seed, number]).choice(team, claim.traitors, replace=False)
        attack = {
            "policy": claim.policy,
            "victim_sha256": victim.metadata.file_sha256,
            "threat": claim.threat,
            "tracker": THREATS[claim.threat].tracker,
            "robots": sorted(int(robot) for robot in robots),
            "seed": seed,
            "hidden": (width(victim, claim.threat),) * 2,
        }
        settings = {"attack": parse(attack, AttackConfig, str(path)), "families": families, "minutes": minutes}
        folder = output / f"{Path(claim.policy).stem}.{claim.threat}.{claim.traitors}-of-{team}"
        suite = open_suite(parse(settings, SuiteConfig, "command line"), victim, folder, resume=True)
        found = suite.run(show)
        results.append(
            claim.model_dump()
            | {key: found[key] for key in ("robots", "worst", "loss_mean", "loss_standard_error", "settled")}
            | {"holds": found["loss_mean"] <= claim.at_most}
        )
        show(f"{claim.policy}, {team} robots, {claim.threat}: {'holds' if results[-1]['holds'] else 'BROKEN'}")
    return results
