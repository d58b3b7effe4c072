"""Actor and critic networks."""

import itertools
from collections.abc import Callable, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn


def mlp(sizes: Sequence[int]) -> nn.Sequential:
    """Linear layers with ReLU between them."""
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Actor(nn.Module):
    """Observation (..., O) to action (..., A) in [−1, 1]; one network for all robots.

    An actor of another kind overrides `forward`, and names the ONNX operator that follows the last layer once it is
    frozen (`eval`).
    """

    output_operator: ClassVar[str] = "Tanh"

    def __init__(self, observation_size: int, action_size: int, hidden: Sequence[int]) -> None:
        super().__init__()
        self.body = mlp([observation_size, *hidden, action_size])

    def forward(self, observation: Tensor) -> Tensor:
        """The deterministic action."""
        action: Tensor = torch.tanh(self.body(observation))
        return action


Effects = Callable[[Tensor, Tensor], Tensor]  # state (..., S), actions (..., N, A) -> (..., E), linear in the actions


class Critic(nn.Module):
    """Value (...,) of a joint action (..., N, A) in a central state (..., S); it also reads the action's `effects`."""

    def __init__(
        self,
        state_size: int,
        joint_action_size: int,
        hidden: Sequence[int],
        effects: Effects | None = None,
        effects_size: int = 0,
    ) -> None:
        super().__init__()
        self.body = mlp([state_size + joint_action_size + effects_size, *hidden, 1])
        self._effects = effects

    def forward(self, state: Tensor, actions: Tensor) -> Tensor:
        """Expected discounted return from here on."""
        value: Tensor = self.body(self.inputs(state, actions))
        return value.squeeze(-1)

    def inputs(self, state: Tensor, actions: Tensor) -> Tensor:
        """What the network reads (..., I): a linear function of the actions."""
        effects = [] if self._effects is None else [self._effects(state, actions)]
        return torch.cat([state, actions.flatten(-2), *effects], dim=-1)


@torch.no_grad()
def soft_update(target: nn.Module, source: nn.Module, tau: float) -> None:
    """Move the target's weights by the fraction `tau` towards the source's."""
    torch._foreach_lerp_(list(target.parameters()), list(source.parameters()), tau)


def anneal(optimizer: torch.optim.Optimizer, learning_rate: float, final_fraction: float, used: float) -> None:
    """Lower the learning rate linearly with the used fraction of the budget, to `final_fraction` of it at the end."""
    optimizer.param_groups[0]["lr"] = learning_rate * (1.0 - min(used, 1.0) * (1.0 - final_fraction))


@torch.no_grad()
def shrink(layer: nn.Module) -> None:
    """Begin with small actions: a saturated tanh passes no gradient."""
    for parameter in layer.parameters():
        parameter.mul_(0.1)
