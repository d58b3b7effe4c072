"""A hand-written policy as a bundle: go to the centroid of the others."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from mir2_core.bundle import (
    METADATA_KEY,
    UNSEALED,
    BundleMetadata,
    GoldenVectors,
    PolicyBundle,
    config_sha256,
    seal,
)
from mir2_core.tasks import Rendezvous, RendezvousParams, on_floor
from mir2_core.traitors.sight import Sight
from onnx import TensorProto, helper, numpy_helper


def write_centroid_bundle(path: Path, robots: int = 10, **changes: Any) -> Path:
    """Write the bundle; `changes` replace metadata fields before sealing."""
    task = Rendezvous(RendezvousParams(robots=robots))
    graph = _centroid_graph(task)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    rng = np.random.default_rng(0)
    observations = task.observe(task.reset(rng, 4))[:, 0].astype(np.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    actions = session.run(["action"], {"observation": observations})[0]
    config = {"rule": "centroid"}
    metadata = BundleMetadata(
        task="rendezvous",
        task_parameters=task.params.model_dump(),
        observation_terms=[term._asdict() for term in task.observe.terms],
        action_meaning=task.action_meaning,
        robot_kind="epuck2",
        control_rate_hz=10.0,
        algorithm="centroid",
        training_config=config,
        training_config_sha256=config_sha256(config),
        seed=0,
        code_version="test",
        evaluation={},
        golden=GoldenVectors(observations=observations.tolist(), actions=actions.tolist()),
    )
    document = {**metadata.model_dump(), **changes}
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, json.dumps(document)
    path.write_bytes(seal(model.SerializeToString()))
    return path


def write_adversary_bundle(path: Path, victim: Path, robots: Sequence[int], threat: str) -> Path:
    """Write an adversary that nobody trained: a random linear map of what it sees."""
    bundle = PolicyBundle.load(victim)
    task = on_floor(bundle.task(), str(victim))
    sight, team = Sight(task, robots), task.params.robots
    lies = {"published": 0, "saboteur": 0, "liar": 1, "two_faced": team}[threat]
    rng = np.random.default_rng(0)
    weights = rng.normal(0.0, 0.3, (sight.size, task.action_size + 3 * lies)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["observation", "weights"], ["sum"]),
            helper.make_node("Tanh", ["sum"], ["action"]),
        ],
        "adversary",
        [helper.make_tensor_value_info("observation", TensorProto.FLOAT, ["batch", weights.shape[0]])],
        [helper.make_tensor_value_info("action", TensorProto.FLOAT, ["batch", weights.shape[1]])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    observations = rng.uniform(-1.0, 1.0, (4, weights.shape[0])).astype(np.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    actions = session.run(["action"], {"observation": observations})[0]
    changes = {
        "observation_terms": [term._asdict() for term in sight.terms],
        "golden": {"observations": observations.tolist(), "actions": actions.tolist()},
        "adversary": {
            "victim": victim.name,
            "victim_sha256": bundle.metadata.file_sha256,
            "threat": threat,
            "lies": lies > 0,
            "robots": list(robots),
        },
        "file_sha256": UNSEALED,
    }
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, json.dumps({**bundle.metadata.model_dump(), **changes})
    path.write_bytes(seal(model.SerializeToString()))
    return path


def write_any_team_bundle(path: Path) -> Path:
    """Write a policy for any team that has learned nothing but reacts to everybody."""
    import torch
    from mir2_policies.bundles.export import export_actor
    from mir2_policies.learners.apg import ApgConfig
    from mir2_policies.learners.set_actor import SetActor
    from mir2_sim.batched import torch_task

    task = torch_task("rendezvous", RendezvousParams(robots=6, observation="allies", horizon=10))
    torch.manual_seed(3)
    actor = SetActor(task.observe, 2, (16,), encoder=12, trim=1)
    torch.nn.init.normal_(actor.itself)
    export_actor(actor.eval(), task, ApgConfig(final_evaluation_episodes=2), {}, path)
    return path


def _centroid_graph(task: Rendezvous) -> onnx.GraphProto:
    """Mean of d·cos β and d·sin β over the allies, then a linear map to the wheels, clipped."""
    allies = 5 * np.arange(task.params.robots - 1)
    wheels = np.array([[20.0, 20.0], [20.0, -20.0]], dtype=np.float32)  # forward: both; clockwise: left faster
    constants = {
        "d_columns": allies,
        "cos_columns": allies + 1,
        "sin_columns": allies + 2,
        "wheels": wheels,
        "low": np.float32(-1),
        "high": np.float32(1),
    }
    nodes = [
        helper.make_node("Gather", ["observation", "d_columns"], ["d"], axis=1),
        helper.make_node("Gather", ["observation", "cos_columns"], ["cos"], axis=1),
        helper.make_node("Gather", ["observation", "sin_columns"], ["sin"], axis=1),
        helper.make_node("Mul", ["d", "cos"], ["ahead"]),
        helper.make_node("Mul", ["d", "sin"], ["right"]),
        helper.make_node("ReduceMean", ["ahead"], ["mean_ahead"], axes=[1], keepdims=1),
        helper.make_node("ReduceMean", ["right"], ["mean_right"], axes=[1], keepdims=1),
        helper.make_node("Concat", ["mean_ahead", "mean_right"], ["way"], axis=1),
        helper.make_node("MatMul", ["way", "wheels"], ["speeds"]),
        helper.make_node("Clip", ["speeds", "low", "high"], ["action"]),
    ]
    return helper.make_graph(
        nodes,
        "centroid",
        [helper.make_tensor_value_info("observation", TensorProto.FLOAT, ["batch", task.observe.size])],
        [helper.make_tensor_value_info("action", TensorProto.FLOAT, ["batch", 2])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
