"""From a finished attack to an adversary bundle."""

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from mir2_core.bundle import AdversaryInfo, GoldenVectors, ObservationTermInfo
from mir2_core.errors import UserError
from mir2_core.traitors.trained import AdversaryBundle

from mir2_policies.attacks.actor import TraitorActor
from mir2_policies.attacks.trainer import AttackTrainer
from mir2_policies.bundles.actor_graph import OPSET, actor_to_onnx
from mir2_policies.bundles.export import GOLDEN_VECTORS, TOLERANCE, check_equal, describe, write_bundle
from mir2_policies.evaluation.returns import SELECTION_SEED

MOST_JUMPS = 0.02  # of what a rule is shown
SILENCE = "; then silence, if above 0"
REPORTS = (
    "; then the reported pose, or one to each robot: x and y in units of half the arena's side, from its middle, "
    "heading in units of π"
)


@torch.no_grad()
def export_adversary(attack: AttackTrainer, output: Path) -> dict[str, Any]:
    """Write the attacker as a bundle that names its victim; returns the evaluation that it carries."""
    evaluation = attack.measure()
    observations = _observations(attack)
    actor = attack.attacker.actor.eval()
    actions = actor(torch.from_numpy(observations)).numpy()
    model = rule_to_onnx(actor) if actor.follows else actor_to_onnx(actor)
    if actor.follows:
        alike = _alike(model, observations, actions, output)
        observations, actions = observations[alike], actions[alike]
    check_equal(model, observations, actions, output)
    golden = GoldenVectors(
        observations=observations[:GOLDEN_VECTORS].tolist(), actions=actions[:GOLDEN_VECTORS].tolist()
    )
    task, config, threat = attack.duel.task, attack.config, attack.duel.threat
    info = AdversaryInfo(
        victim=attack.duel.victim.path.name,
        victim_sha256=attack.duel.victim.metadata.file_sha256,
        threat=config.threat,
        lies=threat.lies,
        plausible=threat.plausible,
        tracker=config.tracker,
        robots=list(config.robots),
    )
    changes = {
        "observation_terms": [ObservationTermInfo(**term._asdict()) for term in attack.attacker.sight.terms],
        "ally_terms": [],
        "action_meaning": task.action_meaning + (REPORTS if threat.lies else SILENCE if threat.mute else ""),
        "adversary": info,
    }
    write_bundle(model, describe(task, config, evaluation, golden).model_copy(update=changes), output)
    AdversaryBundle.load(output)
    return evaluation


def rule_to_onnx(actor: TraitorActor) -> onnx.ModelProto:
    """An actor that follows a rule as an ONNX graph, as PyTorch traces it."""
    file, example = io.BytesIO(), torch.zeros(2, actor.observation_size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # constants of the task are constants of the graph
        torch.onnx.export(
            actor,
            (example,),
            file,  # type: ignore[arg-type]
            opset_version=OPSET,
            input_names=["observation"],
            output_names=["action"],
            dynamic_axes={"observation": {0: "batch"}, "action": {0: "batch"}},
            dynamo=False,
        )
    return onnx.load_from_string(file.getvalue())


def _alike(model: onnx.ModelProto, observations: Any, actions: Any, output: Path) -> Any:
    """Where (batch,) ONNX Runtime decides as PyTorch does: a rule jumps where rounding tells it whom to follow."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(["action"], {"observation": observations})[0]
    alike = np.abs(found - actions).max(axis=1) <= TOLERANCE
    if alike.mean() < 1.0 - MOST_JUMPS:
        raise UserError(
            f"{output}: not written: ONNX Runtime differs from the rule in {1.0 - alike.mean():.1%} of what it was "
            f"shown, allowed {MOST_JUMPS:.0%}; attack again with another --seed"
        )
    return alike


def _observations(attack: AttackTrainer) -> Any:
    """What the traitors see (batch, O) in whole episodes, in random order, then random numbers."""
    played = attack.play(16, SELECTION_SEED)
    task, attacker = attack.duel.task, attack.attacker
    seen = [attacker.observe(task.asarray(poses), step).flatten(0, 1) for step, poses in enumerate(played.poses)]
    real = torch.cat(seen).numpy()
    rng = np.random.default_rng(0)
    return np.concatenate([rng.permutation(real), rng.uniform(-1.0, 1.0, (1000, real.shape[1])).astype(np.float32)])
