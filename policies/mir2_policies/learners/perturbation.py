"""Small changes of a network's input that raise some function of it as much as possible."""

from collections.abc import Callable

import torch
from torch import Tensor


def input_gradient(function: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    """Gradient of the sum of `function(inputs)` in the inputs; weights collect nothing."""
    with torch.enable_grad():
        inputs = inputs.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(function(inputs).sum(), inputs)
    return gradient


def ascend(
    function: Callable[[Tensor], Tensor],
    *,
    start: Tensor,
    centre: Tensor,
    radius: float,
    step: float | Tensor,
    steps: int,
) -> Tensor:
    """Signed gradient ascent of `function` from `start`, each number at most `radius` away from `centre`.

    `step` may be a tensor: where it is zero, the input stays as it is.
    """
    inputs = start.detach()
    for _ in range(steps):
        inputs = inputs + step * input_gradient(function, inputs).sign()
        inputs = centre.detach() + (inputs - centre.detach()).clamp(-radius, radius)
    return inputs
