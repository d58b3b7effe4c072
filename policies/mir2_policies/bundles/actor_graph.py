"""An actor's layers as an ONNX graph from `observation` to `action` with a free batch size."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from mir2_policies.learners.networks import Actor
from mir2_policies.learners.set_actor import ABSENT_BELOW, OUT_OF_REACH, SetActor

OPSET = 17
IR_VERSION = 8
TO_THE_END = 2**31 - 1


class Graph:
    """Nodes and constants, each named when it is made."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def node(self, operator: str, *inputs: str, name: str = "", outputs: int = 1, **attributes: Any) -> str:
        """Add a node; the name of its first output."""
        name = name or f"{operator.lower()}_{len(self.nodes)}"
        names = [name, *(f"{name}_{place}" for place in range(1, outputs))]
        self.nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return name

    def constant(self, values: ArrayLike, dtype: Any = np.float32) -> str:
        """Add a constant; its name."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def shaped(self, values: str, *shape: int) -> str:
        """Values in another shape, in which 0 leaves a size as it is and −1 takes what is left."""
        return self.node("Reshape", values, self.constant(shape, np.int64))

    def sliced(self, values: str, start: int, end: int, axis: int) -> str:
        """A part of the values along an axis."""
        return self.node("Slice", values, *(self.constant([number], np.int64) for number in (start, end, axis)))

    def total(self, values: str) -> str:
        """The sum along axis 1, which is kept."""
        return self.node("ReduceSum", values, self.constant([1], np.int64), keepdims=1)

    def largest(self, values: str, count: int) -> str:
        """The largest along axis 1, in falling order; a single one is found many times faster."""
        if count == 1:
            return self.node("ReduceMax", values, axes=[1], keepdims=1)
        return self.node("TopK", values, self.constant([count], np.int64), outputs=2, axis=1)

    def layers(self, body: nn.Sequential, current: str) -> str:
        """Linear layers and ReLUs on `current` (batch, I)."""
        for layer in body:
            if isinstance(layer, nn.Linear):
                weight, bias = (self.constant(part.detach().cpu().numpy()) for part in (layer.weight, layer.bias))
                current = self.node("Gemm", current, weight, bias, transB=1)
            else:
                current = self.node("Relu", current)
        return current


def actor_to_onnx(actor: Actor) -> onnx.ModelProto:
    """The model; that of an actor for any team takes observations of any such team."""
    graph, of_any_team = Graph(), isinstance(actor, SetActor)
    current = _pooled(graph, actor) if isinstance(actor, SetActor) else "observation"
    graph.node(actor.output_operator, graph.layers(actor.body, current), name="action")
    sizes: list[Any] = ["own_and_allies" if of_any_team else actor.body[0].in_features, actor.body[-1].out_features]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "policy",
            [helper.make_tensor_value_info("observation", TensorProto.FLOAT, ["batch", sizes[0]])],
            [helper.make_tensor_value_info("action", TensorProto.FLOAT, ["batch", sizes[1]])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model)
    return model


def _pooled(graph: Graph, actor: SetActor) -> str:
    """The robot's own numbers and what was pooled (batch, O + E), as in `SetActor.forward`."""
    own = graph.sliced("observation", 0, actor.own_size, axis=1)
    allies = graph.shaped(graph.sliced("observation", actor.own_size, TO_THE_END, axis=1), 0, -1, actor.ally_size)
    weight, bias = actor.encoder.weight.detach().cpu().numpy(), actor.encoder.bias.detach().cpu().numpy()
    numbers = graph.sliced(allies, 1, actor.ally_size, axis=2)
    encoded = graph.node("Add", graph.node("MatMul", numbers, graph.constant(weight.T)), graph.constant(bias))
    flags = graph.node("Greater", graph.sliced(allies, 0, 1, axis=2), graph.constant(ABSENT_BELOW))
    present = graph.node("Cast", flags, to=TensorProto.FLOAT)

    # Before the allies, the robot itself, and so many absent ones that there are always enough to trim.
    rows = max(1, actor.trim)
    itself, counts = np.zeros((1, rows, len(bias))), np.zeros((1, rows, 1))
    itself[0, 0], counts[0, 0] = actor.itself.detach().cpu().numpy(), 1.0
    nothing = graph.shaped(graph.node("Mul", graph.sliced(own, 0, 1, axis=1), graph.constant(0.0)), 0, 1, 1)
    first = [graph.node("Add", nothing, graph.constant(values)) for values in (itself, counts)]
    everybody = graph.node("Concat", first[0], graph.node("Relu", encoded), axis=1)
    present = graph.node("Concat", first[1], present, axis=1)
    pooled = _trimmed_mean(graph, everybody, present, actor.trim)
    return graph.node("Concat", own, graph.shaped(pooled, 0, len(bias)), axis=1)


def _trimmed_mean(graph: Graph, values: str, present: str, trim: int) -> str:
    """As `set_actor.trimmed_mean`, of values (batch, M, E): (batch, 1, E)."""
    one, count, total = graph.constant(1.0), graph.total(present), graph.total(graph.node("Mul", present, values))
    if trim:
        ranks = 2.0 * (np.arange(trim)[None, :, None] + 1)
        away = graph.node("Mul", graph.node("Sub", one, present), graph.constant(OUT_OF_REACH))
        sides = [graph.node("Sub", side, away) for side in (values, graph.node("Neg", values))]
        largest, smallest = (graph.largest(side, trim) for side in sides)
        over = graph.node("Max", graph.node("Sub", count, graph.constant(ranks)), graph.constant(0.0))
        dropped = graph.node("Min", over, one)
        ends = graph.node("Mul", dropped, graph.node("Sub", largest, smallest))
        total = graph.node("Sub", total, graph.total(ends))
        count = graph.node("Sub", count, graph.total(graph.node("Add", dropped, dropped)))
    return graph.node("Div", total, count)
