"""Actor and critic networks."""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn


def mlp(sizes: Sequence[int]) -> nn.Sequential:
    """Linear layers with ReLU between them."""
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Actor(nn.Module):
    """Observation (..., O) to action (..., A) in [−1, 1]; one network for all robots."""

    def __init__(self, observation_size: int, action_size: int, hidden: Sequence[int]) -> None:
        super().__init__()
        self.body = mlp([observation_size, *hidden, action_size])

    def forward(self, observation: Tensor) -> Tensor:
        """The deterministic action."""
        action: Tensor = torch.tanh(self.body(observation))
        return action


class Critic(nn.Module):
    """Value (B,) of a joint action (B, N, A) in a central state (B, S)."""

    def __init__(self, state_size: int, joint_action_size: int, hidden: Sequence[int]) -> None:
        super().__init__()
        self.body = mlp([state_size + joint_action_size, *hidden, 1])

    def forward(self, state: Tensor, actions: Tensor) -> Tensor:
        """Expected discounted return from here on."""
        value: Tensor = self.body(torch.cat([state, actions.flatten(-2)], dim=-1))
        return value.squeeze(-1)


@torch.no_grad()
def soft_update(target: nn.Module, source: nn.Module, tau: float) -> None:
    """Move the target's weights by the fraction `tau` towards the source's."""
    torch._foreach_lerp_(list(target.parameters()), list(source.parameters()), tau)
