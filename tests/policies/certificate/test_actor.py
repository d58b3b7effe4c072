"""What is bounded is the bundle's own graph, or it is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from mir2_core.bundle import UNSEALED, PolicyBundle
from mir2_core.errors import UserError
from mir2_policies.bundles.certificate.actor import read_actor
from mir2_policies.bundles.certificate.decision import MARGIN, Policy
from mir2_policies.bundles.export import write_bundle

from tests.policies.certificate.cases import ZOO, write_random


@pytest.mark.parametrize("path", sorted(ZOO.glob("*.onnx")), ids=lambda path: path.stem)
@torch.no_grad()
def test_the_actor_of_a_shipped_policy_computes_what_it_does(path: Path) -> None:
    bundle = PolicyBundle.load(path)
    actor, rng = read_actor(bundle), np.random.default_rng(0)
    for robots in (3, 8) if bundle.metadata.ally_terms else (bundle.task().params.robots,):
        task = bundle.of_size(robots).task()
        seen = task.observe(task.reset(rng, 20)).reshape(-1, task.observe.size).astype(np.float32)
        np.testing.assert_allclose(actor(torch.tensor(seen)).numpy(), bundle.act(seen), atol=1e-5)


@pytest.mark.parametrize("trim", [0, 1, 3])
def test_how_much_is_trimmed_is_read_off_the_graph(trim: int, tmp_path: Path) -> None:
    actor = read_actor(PolicyBundle.load(write_random(tmp_path / "random.onnx", trim)))
    assert actor.trim == trim


def altered(path: Path, change: Callable[[onnx.GraphProto], None], output: Path) -> PolicyBundle:
    """A sealed bundle with another graph, which its golden vectors do not notice."""
    model, bundle = onnx.load(path), PolicyBundle.load(path)
    change(model.graph)
    write_bundle(model, bundle.metadata.model_copy(update={"file_sha256": UNSEALED}), output)
    return PolicyBundle.load(output)


def test_a_graph_that_hides_something_is_refused(tmp_path: Path) -> None:
    def hide(graph: onnx.GraphProto) -> None:
        """Where an input is larger than any that golden vectors have, another action comes out."""
        last = graph.node[-1]
        last.output[0] = "usual"
        limit = onnx.numpy_helper.from_array(np.float32([50.0]), "limit")
        graph.initializer.append(limit)
        graph.node.extend(
            [
                onnx.helper.make_node("ReduceMax", ["observation"], ["largest"], axes=[1], keepdims=1),
                onnx.helper.make_node("Greater", ["largest", "limit"], ["hidden"]),
                onnx.helper.make_node("Neg", ["usual"], ["other"]),
                onnx.helper.make_node("Where", ["hidden", "other", "usual"], ["action"]),
            ]
        )

    bundle = altered(ZOO / "rendezvous-mir2_allies-3.onnx", hide, tmp_path / "hidden.onnx")
    with pytest.raises(UserError, match=r"hidden\.onnx: cannot be certified: its graph, of 'mir2_allies', is none"):
        Policy(bundle)


def test_a_changed_attribute_is_noticed(tmp_path: Path) -> None:
    def keep(graph: onnx.GraphProto) -> None:
        graph.node[0].attribute.append(onnx.helper.make_attribute("alpha", 1.0))

    with pytest.raises(UserError, match="cannot be certified: its graph"):
        Policy(altered(ZOO / "rendezvous-mir2_allies-3.onnx", keep, tmp_path / "alpha.onnx"))


def test_rules_are_refused(make_bundle: Callable[..., Path]) -> None:
    with pytest.raises(UserError, match="cannot be certified: its graph, of 'centroid', is none that 'mir2 export'"):
        Policy(PolicyBundle.load(make_bundle()))


def test_an_observation_whose_bounds_are_not_known_is_refused(tmp_path: Path) -> None:
    path = write_random(tmp_path / "agnostic.onnx", observation="agnostic")
    with pytest.raises(UserError, match="what a report makes of the observation 'agnostic' is not known"):
        Policy(PolicyBundle.load(path))


def test_tanh_is_within_the_margin() -> None:
    path = ZOO / "rendezvous-any.onnx"
    place = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [None])
    answer = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [None])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Tanh", ["x"], ["y"])], "tanh", [place], [answer])
    model = onnx.helper.make_model(graph, opset_imports=onnx.load(path).opset_import, ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x = np.linspace(-12.0, 12.0, 2_000_001, dtype=np.float32)
    (found,) = session.run(["y"], {"x": x})
    assert np.abs(found - np.tanh(x.astype(np.float64))).max() < 0.1 * MARGIN
