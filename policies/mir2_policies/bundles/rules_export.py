"""References as policy bundles, which load and run on robots like learned ones."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from mir2_core.bundle import GoldenVectors, PolicyBundle
from mir2_core.tasks import Rendezvous, RendezvousParams
from onnx import NodeProto, TensorProto, helper, numpy_helper

from mir2_policies.bundles.actor_graph import IR_VERSION, OPSET
from mir2_policies.bundles.export import GOLDEN_VECTORS, check_equal, describe, write_bundle
from mir2_policies.bundles.rules import SMALLEST, WEISZFELD_STEPS, Rule, RuleConfig
from mir2_policies.evaluation.episodes import run_episodes
from mir2_policies.evaluation.returns import FINAL_SEED, summary

EVALUATION_EPISODES = 256


def export_rule(config: RuleConfig, robots: int, output: Path, horizon: int = 200) -> dict[str, Any]:
    """Write a reference as a bundle; returns the evaluation that it carries."""
    task = Rendezvous(RendezvousParams(robots=robots, horizon=horizon))
    reference = Rule(task, config)
    episodes = run_episodes(task, reference, EVALUATION_EPISODES, FINAL_SEED)
    evaluation = summary(episodes.team_return, FINAL_SEED)
    model = rule_to_onnx(reference)
    observations = np.concatenate([task.observe(poses).reshape(-1, task.observe.size) for poses in episodes.poses])
    chosen = np.random.default_rng(0).choice(observations, 4000, replace=False).astype(np.float32)
    actions = reference(chosen)
    check_equal(model, chosen, actions, output)
    golden = GoldenVectors(observations=chosen[:GOLDEN_VECTORS].tolist(), actions=actions[:GOLDEN_VECTORS].tolist())
    write_bundle(model, describe(task, config, evaluation, golden), output)
    PolicyBundle.load(output)
    return evaluation


def rule_to_onnx(reference: Rule) -> onnx.ModelProto:
    """The rule as an ONNX graph from `observation` to `action` with a free batch size."""
    robots, config = reference.task.params.robots, reference.config
    gains = [[config.drive_gain, config.drive_gain], [config.turn_gain, -config.turn_gain]]
    constants = {
        "distances": np.array(reference.distances),
        "cosines": np.array(reference.cosines),
        "sines": np.array(reference.sines),
        "gains": np.array(gains, np.float32),
        "zero": np.float32(0.0),
        "last_axis": np.array([1], np.int64),
        "axes": np.array([1], np.int64),
        "allies": np.array([2], np.int64),
        "one": np.float32(1.0),
        "robots": np.float32(robots),
        "f": np.array([config.f], np.int64),
        "smallest": np.float32(SMALLEST**2),
    }
    nodes = [
        helper.make_node("Gather", ["observation", "distances"], ["distance"], axis=1),
        helper.make_node("Gather", ["observation", "cosines"], ["cos"], axis=1),
        helper.make_node("Gather", ["observation", "sines"], ["sin"], axis=1),
        helper.make_node("Mul", ["distance", "cos"], ["ahead"]),
        helper.make_node("Mul", ["distance", "sin"], ["right"]),
        *POINT_NODES[config.algorithm](),
        helper.make_node("MatMul", ["point", "gains"], ["wheels"]),
        helper.make_node("Abs", ["wheels"], ["speeds"]),
        helper.make_node("ReduceMax", ["speeds"], ["fastest"], axes=[1], keepdims=1),
        helper.make_node("Max", ["fastest", "one"], ["scale"]),
        helper.make_node("Div", ["wheels", "scale"], ["action"]),
    ]
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        nodes,
        config.algorithm,
        [helper.make_tensor_value_info("observation", TensorProto.FLOAT, ["batch", reference.task.observe.size])],
        [helper.make_tensor_value_info("action", TensorProto.FLOAT, ["batch", reference.task.action_size])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items() if name in used],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return model


def _centroid_nodes() -> list[NodeProto]:
    return [*_mean_nodes("ahead"), *_mean_nodes("right"), _point_node()]


def _wmsr_nodes() -> list[NodeProto]:
    return [*_trimmed_mean_nodes("ahead"), *_trimmed_mean_nodes("right"), _point_node()]


def _point_node() -> NodeProto:
    return helper.make_node("Concat", ["ahead_mean", "right_mean"], ["point"], axis=1)


def _geometric_median_nodes() -> list[NodeProto]:
    """Weiszfeld's steps one after the other, on places (batch, 2, N) of which the last is the robot's own 0."""
    nodes = [helper.make_node("Unsqueeze", [axis, "axes"], [f"{axis}_row"]) for axis in ("ahead", "right")]
    nodes += [
        helper.make_node("Concat", ["ahead_row", "right_row"], ["heard"], axis=1),
        helper.make_node("ReduceSum", ["heard", "allies"], ["sum"], keepdims=1),
        helper.make_node("Mul", ["sum", "zero"], ["own"]),
        helper.make_node("Concat", ["heard", "own"], ["places"], axis=2),
        helper.make_node("Div", ["sum", "robots"], ["middle_0"]),
    ]
    for step in range(WEISZFELD_STEPS):
        nodes += _weiszfeld_nodes(step)
    return [*nodes, helper.make_node("Squeeze", [f"middle_{WEISZFELD_STEPS}", "allies"], ["point"])]


def _weiszfeld_nodes(step: int) -> list[NodeProto]:
    gap, squares, square, soft, distance, weight, weighted, total, weights = (
        f"{name}_{step}"
        for name in ("gap", "squares", "square", "soft", "distance", "weight", "weighted", "total", "weights")
    )
    return [
        helper.make_node("Sub", ["places", f"middle_{step}"], [gap]),
        helper.make_node("Mul", [gap, gap], [squares]),
        helper.make_node("ReduceSum", [squares, "axes"], [square], keepdims=1),
        helper.make_node("Add", [square, "smallest"], [soft]),
        helper.make_node("Sqrt", [soft], [distance]),
        helper.make_node("Div", ["one", distance], [weight]),
        helper.make_node("Mul", ["places", weight], [weighted]),
        helper.make_node("ReduceSum", [weighted, "allies"], [total], keepdims=1),
        helper.make_node("ReduceSum", [weight, "allies"], [weights], keepdims=1),
        helper.make_node("Div", [total, weights], [f"middle_{step + 1}"]),
    ]


def _mean_nodes(axis: str) -> list[NodeProto]:
    return [
        helper.make_node("ReduceSum", [axis, "last_axis"], [f"{axis}_sum"], keepdims=1),
        helper.make_node("Div", [f"{axis}_sum", "robots"], [f"{axis}_mean"]),
    ]


def _trimmed_mean_nodes(axis: str) -> list[NodeProto]:
    """The F largest values above the robot's own 0 are the F largest of max(value, 0); below it, of max(−value, 0)."""
    nodes = [
        helper.make_node("ReduceSum", [axis, "last_axis"], [f"{axis}_sum"], keepdims=1),
        helper.make_node("Neg", [axis], [f"{axis}_negated"]),
    ]
    for side, source in (("above", axis), ("below", f"{axis}_negated")):
        name = f"{axis}_{side}"
        nodes += [
            helper.make_node("Relu", [source], [f"{name}_values"]),
            helper.make_node("TopK", [f"{name}_values", "f"], [f"{name}_top", f"{name}_places"], axis=1),
            helper.make_node("ReduceSum", [f"{name}_top", "last_axis"], [f"{name}_dropped"], keepdims=1),
            helper.make_node("Sign", [f"{name}_top"], [f"{name}_is_dropped"]),
            helper.make_node("ReduceSum", [f"{name}_is_dropped", "last_axis"], [f"{name}_count"], keepdims=1),
        ]
    return [
        *nodes,
        helper.make_node("Sub", [f"{axis}_sum", f"{axis}_above_dropped"], [f"{axis}_without_above"]),
        helper.make_node("Add", [f"{axis}_without_above", f"{axis}_below_dropped"], [f"{axis}_kept"]),
        helper.make_node("Sub", ["robots", f"{axis}_above_count"], [f"{axis}_not_above"]),
        helper.make_node("Sub", [f"{axis}_not_above", f"{axis}_below_count"], [f"{axis}_count"]),
        helper.make_node("Div", [f"{axis}_kept", f"{axis}_count"], [f"{axis}_mean"]),
    ]


# From `ahead` and `right` (batch, N − 1) to the `point` (batch, 2).
POINT_NODES: dict[str, Callable[[], list[NodeProto]]] = {
    "centroid": _centroid_nodes,
    "geometric_median": _geometric_median_nodes,
    "wmsr": _wmsr_nodes,
}
