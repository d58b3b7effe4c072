"""From a training run to a policy bundle: one ONNX file with everything that a deployment has to check."""

import json
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnx
import onnxruntime
import torch
from mir2_core.bundle import (
    METADATA_KEY,
    BundleMetadata,
    GoldenVectors,
    ObservationTermInfo,
    PolicyBundle,
    config_sha256,
    seal,
)
from mir2_core.errors import UserError
from mir2_core.files import replacing, writing
from mir2_core.tasks import Task
from mir2_core.vote import voted
from mir2_sim.batched import torch_task
from numpy.typing import NDArray
from onnx import helper
from torch import Tensor

from mir2_policies.bundles.actor_graph import actor_to_onnx
from mir2_policies.bundles.version import code_version
from mir2_policies.evaluation.returns import FINAL_SEED, episode_returns, summaries, team_returns
from mir2_policies.learners.config import RunConfig
from mir2_policies.learners.networks import Actor
from mir2_policies.learners.registry import algorithm
from mir2_policies.learners.set_actor import SetActor
from mir2_policies.training.checkpoint import load_checkpoint, run_config

TOLERANCE = 1e-5
GOLDEN_VECTORS = 4
ANY_TEAM = (2, 5, 16)  # sizes at which a policy for any is tried
FloatArray = NDArray[np.float32]


def export_run(directory: Path, output: Path, vote: int = 0) -> dict[str, Any]:
    """Write the best policy of a run as a bundle; returns the evaluation that the bundle carries."""
    config, task, actor, spent = _best_policy(directory)
    return export_actor(actor, task, config, spent, output, vote=vote)


def evaluate_run(directory: Path) -> dict[str, Any]:
    """Measure the best policy of a run on fresh episodes, as an export does."""
    config, task, actor, spent = _best_policy(directory)
    return _evaluate(actor, task, config, vote=0) | spent


def _best_policy(directory: Path) -> tuple[RunConfig, Task, Actor, dict[str, Any]]:
    config = run_config(directory)
    state = load_checkpoint(directory)
    task = torch_task(config.task, config.task_parameters)
    actor = algorithm(config.algorithm).actor(config, task)
    actor.load_state_dict(state["best"]["actor"])
    return config, task, actor.eval(), {"transitions": state["transitions"], "minutes": round(state["minutes"], 2)}


@torch.no_grad()
def _evaluate(actor: Actor, task: Task, config: RunConfig, vote: int) -> dict[str, Any]:
    teams, episodes = config.randomisation.evaluated(task.params.robots), config.final_evaluation_episodes

    def act(observations: Tensor) -> Tensor:
        if not isinstance(actor, SetActor) or not vote:
            actions: Tensor = actor(observations)
            return actions
        flat, sizes = observations.flatten(0, -2), (actor.own_size, actor.ally_size)
        voted_for: Tensor = voted(task.xp, actor, flat, sizes, vote)
        return voted_for.reshape(*observations.shape[:-1], -1)

    return summaries(team_returns(task, act, teams, episodes, FINAL_SEED), FINAL_SEED)


@torch.no_grad()
def export_actor(
    actor: Actor, task: Task, config: RunConfig, spent: dict[str, Any], output: Path, *, vote: int = 0
) -> dict[str, Any]:
    """Write an actor as a bundle after checking that ONNX Runtime computes what PyTorch does."""
    if vote and not isinstance(actor, SetActor):
        raise UserError(
            f"--vote is {vote}, but the policy of '{config.algorithm}' needs every ally; train one for any team, with "
            "task_parameters.observation=allies, or leave --vote out"
        )
    evaluation = _evaluate(actor, task, config, vote) | spent
    model = actor_to_onnx(actor)
    golden: dict[str, list[list[float]]] = {"observations": [], "actions": []}
    for size in ANY_TEAM if task.observe.ally_terms else (task.params.robots,):
        observations = sample_observations(actor, task.of_size(size))
        actions = actor(torch.from_numpy(observations)).numpy()
        check_equal(model, observations, actions, output)
        golden["observations"] += observations[:GOLDEN_VECTORS].tolist()
        golden["actions"] += actions[:GOLDEN_VECTORS].tolist()
    metadata = describe(task, config, evaluation, GoldenVectors(**golden))
    write_bundle(model, metadata.model_copy(update={"vote": vote}), output)
    PolicyBundle.load(output)
    return evaluation


def write_bundle(model: onnx.ModelProto, metadata: BundleMetadata, output: Path) -> None:
    """Put the metadata into the model, seal it and write the file."""
    helper.set_model_props(model, {METADATA_KEY: metadata.model_dump_json()})
    with writing(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        with replacing(output) as file:
            file.write(seal(model.SerializeToString()))


class Settings(Protocol):
    """What a bundle says about how it was made."""

    @property
    def algorithm(self) -> str: ...  # noqa: D102

    @property
    def seed(self) -> int: ...  # noqa: D102

    def model_dump_json(self) -> str: ...  # noqa: D102


def describe(task: Task, config: Settings, evaluation: dict[str, Any], golden: GoldenVectors) -> BundleMetadata:
    """What a deployment has to know about the policy."""
    training = json.loads(config.model_dump_json())
    return BundleMetadata(
        task=task.name,
        task_parameters=task.params.model_dump(mode="json"),
        observation_terms=[ObservationTermInfo(**term._asdict()) for term in task.observe.own_terms],
        ally_terms=[ObservationTermInfo(**term._asdict()) for term in task.observe.ally_terms],
        action_meaning=task.action_meaning,
        robot_kind=task.robot_kind,
        control_rate_hz=1.0 / task.params.dt_s,
        algorithm=config.algorithm,
        training_config=training,
        training_config_sha256=config_sha256(training),
        seed=config.seed,
        code_version=code_version(),
        evaluation=evaluation,
        golden=golden,
    )


@torch.no_grad()
def sample_observations(actor: Actor, task: Task, episodes: int = 16) -> FloatArray:
    """Observations (batch, O) from whole episodes of the policy itself, in random order, then random numbers."""
    rng = np.random.default_rng(0)
    seen: list[torch.Tensor] = []

    def act(observations: torch.Tensor) -> torch.Tensor:
        seen.append(observations.flatten(0, 1))
        actions: torch.Tensor = actor(observations)
        return actions

    episode_returns(task, act, episodes, seed=0)
    real = torch.cat(seen).numpy()
    noise = rng.uniform(-1.0, 1.0, (1000, task.observe.size)).astype(np.float32)
    return np.concatenate([rng.permutation(real), noise])


def check_equal(model: onnx.ModelProto, observations: FloatArray, actions: FloatArray, output: Path) -> None:
    """Compare in one batch and, as a robot does, one by one."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    whole = session.run(["action"], {"observation": observations})[0]
    rows = range(0, len(observations), max(1, len(observations) // 200))
    single = np.concatenate([session.run(["action"], {"observation": observations[i : i + 1]})[0] for i in rows])
    worst = max(float(np.max(np.abs(whole - actions))), float(np.max(np.abs(single - actions[list(rows)]))))
    if not worst <= TOLERANCE:
        raise UserError(
            f"{output}: not written: ONNX Runtime differs from the policy by {worst:.3g}, allowed {TOLERANCE:g}; "
            "the weights are too large or not finite: train again with a lower learning rate"
        )
