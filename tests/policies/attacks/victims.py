"""A victim with a known weakness: three robots that drive to the mean of all they hear of."""

from pathlib import Path
from typing import Any

from mir2_core.bundle import PolicyBundle
from mir2_policies.attacks.config import AttackConfig
from mir2_policies.attacks.duel import Duel
from mir2_policies.bundles.rules import RuleConfig
from mir2_policies.bundles.rules_export import export_rule

HORIZON = 40


def centroid(folder: Path, robots: int = 3) -> PolicyBundle:
    path = folder / f"centroid-{robots}.onnx"
    export_rule(RuleConfig(algorithm="centroid"), robots, path, horizon=HORIZON)
    return PolicyBundle.load(path)


def config(victim: PolicyBundle, **changes: Any) -> AttackConfig:
    settings = {"policy": victim.path.name, "victim_sha256": victim.metadata.file_sha256, "robots": (0,), **changes}
    return AttackConfig.model_validate({"threat": "liar", "start_episodes": 4, "evaluation_episodes": 8, **settings})


def duel(victim: PolicyBundle, **changes: Any) -> Duel:
    return Duel(victim, config(victim, **changes))
