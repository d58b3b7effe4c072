"""A victim's ONNX graph in PyTorch, so that an attack can look through it."""

from collections.abc import Callable
from typing import Any

import array_api_compat.torch
import numpy as np
import onnx
import torch
from mir2_core.bundle import GOLDEN_TOLERANCE, PolicyBundle
from mir2_core.errors import UserError
from mir2_core.vote import voted
from onnx import numpy_helper
from torch import Tensor

Attributes = dict[str, Any]
CASTS = {onnx.TensorProto.FLOAT: torch.float32}

# What the graphs of policies and of references are made of: (attributes, inputs) -> outputs.
OPERATORS: dict[str, Callable[..., Any]] = {
    "Abs": lambda _, x: x.abs(),
    "Add": lambda _, x, y: x + y,
    "Cast": lambda given, x: x.to(CASTS[given["to"]]),
    "Concat": lambda given, *parts: torch.cat(parts, given["axis"]),
    "Div": lambda _, x, y: x / y,
    "Gather": lambda given, x, places: x.index_select(given.get("axis", 0), places),
    "Gemm": lambda given, x, weight, bias: x @ (weight.T if given.get("transB") else weight) + bias,
    "Greater": lambda _, x, y: x > y,
    "MatMul": lambda _, x, y: x @ y,
    "Max": lambda _, x, y: torch.maximum(x, y),
    "Min": lambda _, x, y: torch.minimum(x, y),
    "Mul": lambda _, x, y: x * y,
    "Neg": lambda _, x: -x,
    "ReduceMax": lambda given, x: x.amax(given["axes"], keepdim=bool(given.get("keepdims", 1))),
    "ReduceSum": lambda given, x, axes: x.sum(axes.tolist(), keepdim=bool(given.get("keepdims", 1))),
    "Relu": lambda _, x: x.relu(),
    "Reshape": lambda _, x, shape: x.reshape(*_shape(x, shape.tolist())),
    "Sign": lambda _, x: x.sign(),
    "Slice": lambda _, x, start, end, axis: x.narrow(
        int(axis), int(start), min(int(end), x.shape[int(axis)]) - int(start)
    ),
    "Sqrt": lambda _, x: x.sqrt(),
    "Squeeze": lambda _, x, axis: x.squeeze(int(axis)),
    "Sub": lambda _, x, y: x - y,
    "Tanh": lambda _, x: x.tanh(),
    "TopK": lambda given, x, count: x.topk(int(count), given.get("axis", -1)),
    "Unsqueeze": lambda _, x, axis: x.unsqueeze(int(axis)),
}


def _shape(values: Tensor, shape: list[int]) -> list[int]:
    """A shape as ONNX gives it: 0 leaves a size as it is."""
    return [values.shape[place] if size == 0 else size for place, size in enumerate(shape)]


class TorchVictim:
    """A policy's graph as an `episodes.Act` for tensors with gradients, checked against its golden vectors."""

    def __init__(self, bundle: PolicyBundle) -> None:
        graph, self._metadata = onnx.load(bundle.path).graph, bundle.metadata
        self._constants = {each.name: torch.tensor(numpy_helper.to_array(each)) for each in graph.initializer}
        self._nodes = list(graph.node)
        self._attributes = [{a.name: onnx.helper.get_attribute_value(a) for a in node.attribute} for node in graph.node]
        unknown = sorted({node.op_type for node in graph.node} - OPERATORS.keys())
        if unknown:
            raise UserError(
                f"{bundle.path}: cannot be attacked: gradients through its operators {unknown} are not known; known "
                f"are {', '.join(OPERATORS)}; export the policy with these, or attack with --suite, whose other "
                "families need none"
            )
        golden = bundle.metadata.golden
        with torch.no_grad():
            found = torch.cat([self._act_once(torch.tensor([row])) for row in golden.observations]).numpy()
        worst = float(np.abs(found - np.asarray(golden.actions)).max())
        if not worst <= GOLDEN_TOLERANCE:
            raise UserError(
                f"{bundle.path}: cannot be attacked: PyTorch computes its golden vectors with an error of {worst:.3g}, "
                f"allowed {GOLDEN_TOLERANCE:g}"
            )

    def __call__(self, observations: Tensor) -> Tensor:
        """Actions (..., A) for observations (..., O)."""
        flat, liars = observations.reshape(-1, observations.shape[-1]), self._metadata.vote
        sizes = self._metadata.observation_sizes
        actions = voted(array_api_compat.torch, self._act_once, flat, sizes, liars) if liars else self._act_once(flat)
        return actions.reshape(*observations.shape[:-1], -1)

    def _act_once(self, observations: Tensor) -> Tensor:
        values = self._constants | {"observation": observations}
        for node, attributes in zip(self._nodes, self._attributes, strict=True):
            outputs = OPERATORS[node.op_type](attributes, *(values[name] for name in node.input))
            single = isinstance(outputs, Tensor)
            values.update(zip(node.output, (outputs,) if single else outputs, strict=True))
        action: Tensor = values["action"]
        return action
