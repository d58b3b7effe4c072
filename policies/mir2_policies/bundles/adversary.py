"""From a finished attack to an adversary bundle."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mir2_core.bundle import AdversaryInfo, GoldenVectors, ObservationTermInfo
from mir2_core.traitors.trained import AdversaryBundle

from mir2_policies.attacks.trainer import AttackTrainer
from mir2_policies.bundles.actor_graph import actor_to_onnx
from mir2_policies.bundles.export import GOLDEN_VECTORS, check_equal, describe, write_bundle
from mir2_policies.evaluation.returns import SELECTION_SEED

ACTION_MEANING = (
    "; then the reported pose, or one to each robot: x and y in units of half the arena's side, from its middle, "
    "heading in units of π"
)


@torch.no_grad()
def export_adversary(attack: AttackTrainer, output: Path) -> dict[str, Any]:
    """Write the attacker as a bundle that names its victim; returns the evaluation that it carries."""
    evaluation = attack.measure()
    observations = _observations(attack)
    actions = attack.attacker.actor(torch.from_numpy(observations)).numpy()
    model = actor_to_onnx(attack.attacker.actor)
    check_equal(model, observations, actions, output)
    golden = GoldenVectors(
        observations=observations[:GOLDEN_VECTORS].tolist(), actions=actions[:GOLDEN_VECTORS].tolist()
    )
    task, config, threat = attack.arena.task, attack.config, attack.attacker.threat
    info = AdversaryInfo(
        victim=attack.victim.path.name,
        victim_sha256=attack.victim.metadata.file_sha256,
        threat=config.threat,
        lies=threat.lies,
        robots=list(config.robots),
    )
    changes = {
        "observation_terms": [ObservationTermInfo(**term._asdict()) for term in attack.attacker.sight.terms],
        "ally_terms": [],
        "action_meaning": task.action_meaning + (ACTION_MEANING if threat.lies else ""),
        "adversary": info,
    }
    write_bundle(model, describe(task, config, evaluation, golden).model_copy(update=changes), output)
    AdversaryBundle.load(output)
    return evaluation


def _observations(attack: AttackTrainer) -> Any:
    """What the traitors see (batch, O) in whole episodes, in random order, then random numbers."""
    played = attack.play(16, SELECTION_SEED)
    task, attacker = attack.arena.task, attack.attacker
    seen = [attacker.observe(task.asarray(poses), step).flatten(0, 1) for step, poses in enumerate(played.poses)]
    real = torch.cat(seen).numpy()
    rng = np.random.default_rng(0)
    return np.concatenate([rng.permutation(real), rng.uniform(-1.0, 1.0, (1000, real.shape[1])).astype(np.float32)])
