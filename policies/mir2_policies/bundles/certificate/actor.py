"""The actor of a bundle, read back from its graph, which must be just what that actor is exported as."""

from typing import Any

import onnx
import torch
from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError
from onnx import numpy_helper
from torch import nn

from mir2_policies.bundles.actor_graph import actor_to_onnx
from mir2_policies.learners.networks import Actor
from mir2_policies.learners.set_actor import SetActor


def read_actor(bundle: PolicyBundle) -> Actor:
    """The actor that computes what the bundle does; `UserError` if its graph is of another kind."""
    graph = onnx.load(bundle.path).graph
    try:
        actor = _actor(bundle, graph)
        known = _structure(actor_to_onnx(actor).graph) == _structure(graph)
    except (LookupError, RuntimeError, TypeError, ValueError):  # whatever a graph of another kind leads to
        known = False
    if not known:
        raise UserError(
            f"{bundle.path}: cannot be certified: its graph, of '{bundle.metadata.algorithm}', is none that 'mir2 "
            "export' writes, of linear layers, ReLU, tanh and a trimmed mean over allies; give a policy of that kind"
        )
    return actor.eval()


def _actor(bundle: PolicyBundle, graph: onnx.GraphProto) -> Actor:
    """An actor with the constants of a graph, if that is one of an actor."""
    constants = {each.name: torch.tensor(numpy_helper.to_array(each)) for each in graph.initializer}

    def given_to(operator: str) -> list[list[torch.Tensor]]:
        nodes = [node for node in graph.node if node.op_type == operator]
        return [[constants[name] for name in node.input if name in constants] for node in nodes]

    layers, task = given_to("Gemm"), bundle.task()
    *hidden, actions = (len(bias) for _, bias in layers)
    state: dict[str, torch.Tensor] = {}
    if task.observe.ally_terms:
        ((weight,),), ((bias,), (itself,), *_) = given_to("MatMul"), given_to("Add")
        operators = {node.op_type for node in graph.node}
        trim = itself.shape[1] if operators & {"TopK", "ReduceMax"} else 0
        actor: Actor = SetActor(task.observe, actions, hidden, encoder=len(bias), trim=trim)
        state = {"encoder.weight": weight.T, "encoder.bias": bias, "itself": itself[0, 0]}
    else:
        actor = Actor(task.observe.size, actions, hidden)
    linear = [name for name, part in actor.body.named_children() if isinstance(part, nn.Linear)]
    for name, (weight, bias) in zip(linear, layers, strict=True):
        state |= {f"body.{name}.weight": weight, f"body.{name}.bias": bias}
    actor.load_state_dict(state)
    return actor


def _structure(graph: onnx.GraphProto) -> list[Any]:
    """A graph without the names in it: two that are equal compute the same, number by number."""
    constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    numbers = {each.name: place for place, each in enumerate(graph.input)}

    def told(name: str) -> Any:
        if name in constants:
            return constants[name].shape, str(constants[name].dtype), constants[name].tobytes()
        return numbers[name]

    found: list[Any] = []
    for node in graph.node:
        attributes = sorted((each.name, onnx.helper.get_attribute_value(each)) for each in node.attribute)
        found.append((node.op_type, attributes, [told(name) for name in node.input]))
        numbers |= {name: len(numbers) + place for place, name in enumerate(node.output)}
    return [*found, [each.name for each in graph.output], [numbers[each.name] for each in graph.output]]
