"""ROMAX (Sun et al., ICRA 2022): a certified lower bound of the critic over what the others might do.

Robot i assumes that every other robot's action lies anywhere in a box of half-width ε around the expected one. A convex
relaxation of the critic network bounds its minimum over that box from below. Target and actor loss mix the nominal
value and the bound, (1 − κ)·Q + κ·Q̲; only Q̲ knows of the box. The robots share a critic, so i is drawn anew for every
transition: on average, the target is the mean over all i.
"""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from mir2_policies.learners.maddpg import Maddpg, MaddpgConfig, temporal_difference_target
from mir2_policies.learners.networks import Critic
from mir2_policies.learners.replay import Batch


class RomaxConfig(MaddpgConfig):
    """MADDPG's settings and those of the relaxed critic: the published defaults of the method."""

    algorithm: Literal["romax"] = "romax"  # type: ignore[assignment]
    trust_region: float = Field(default=0.1, ge=0.0, le=2.0, description="ε, how far off the others' actions may be")
    bound_weight: float = Field(default=0.1, ge=0.0, le=1.0, description="κ, of the bound against the nominal value")


class Romax(Maddpg):
    """The backbone with the relaxed minimum of the critic in target and actor loss."""

    config: RomaxConfig

    @torch.no_grad()
    def critic_target(self, batch: Batch) -> Tensor:
        """y (B,) = r + γ·((1 − κ)·Q'(s', a') + κ·Q̲'(s', a'_i))."""
        state = self.inputs.features(batch.next_state)
        actions = self.target_actor(self.task.observe(batch.next_state))
        bound = relaxed_minimum(self.target_critic, state, actions, self._robots(actions), self.config.trust_region)
        value = torch.lerp(self.target_critic(state, actions), bound, self.config.bound_weight)
        return temporal_difference_target(batch.reward, batch.alive, value, self.config.gamma)

    def actor_loss(self, state: Tensor, batch: Batch) -> Tensor:
        """−((1 − κ)·Q + κ·N·Q̲): all robots learn from Q, robot i from its own bound, which stands for all N."""
        actions, weight = self.actor(self.task.observe(batch.state)), self.config.bound_weight
        bound = relaxed_minimum(self.critic, state, actions, self._robots(actions), self.config.trust_region)
        value: Tensor = (1.0 - weight) * self.critic(state, actions) + weight * actions.shape[1] * bound
        return -value.mean()

    def _robots(self, actions: Tensor) -> Tensor:
        """Robot i of each transition (B,)."""
        return torch.randint(actions.shape[1], actions.shape[:1], generator=self.generator, device=self.device)


def relaxed_minimum(critic: Critic, state: Tensor, actions: Tensor, robots: Tensor, epsilon: float) -> Tensor:
    """Lower bound (B,) of Q for the action of robot `robots` (B,) and the others' anywhere within ε and [−1, 1]."""
    own = functional.one_hot(robots, actions.shape[1]).bool()[..., None]
    ends = []
    for offset in (-epsilon, epsilon):
        ends.append(torch.where(own, actions, (actions.detach() + offset).clamp(-1.0, 1.0)))
    lower, upper = ends
    centre, half_width = critic.inputs(state, 0.5 * (upper + lower)), _spread(critic, state, 0.5 * (upper - lower))
    return network_minimum(critic.body, centre - half_width, centre + half_width)


@torch.no_grad()
def _spread(critic: Critic, state: Tensor, half_width: Tensor) -> Tensor:
    """How far the inputs (B, I), linear in the actions, move if each number moves by `half_width` (B, N, A)."""
    units = torch.eye(half_width[0].numel(), device=state.device).reshape(-1, *half_width.shape[1:])
    origin = critic.inputs(state, torch.zeros_like(half_width))
    slopes = torch.stack([critic.inputs(state, unit.expand_as(half_width)) - origin for unit in units])
    return torch.einsum("bk,kbi->bi", half_width.flatten(1), slopes.abs())


def network_minimum(body: nn.Sequential, lower: Tensor, upper: Tensor) -> Tensor:
    """Lower bound (...,) of a ReLU network with one output over the box from `lower` to `upper` (..., I).

    Each ReLU whose input may have either sign is replaced by the triangle around it (Wong & Kolter, ICML 2018), which
    gives a linear function below the network. The ranges of the hidden layers come from interval arithmetic.
    """
    layers = [layer for layer in body if isinstance(layer, nn.Linear)]
    ranges = _hidden_ranges(layers[:-1], lower, upper)
    slope: Tensor = layers[-1].weight[0]
    constant: Tensor = layers[-1].bias  # the network is at least slope · h + constant, h being the layer below
    for layer, (low, high) in zip(reversed(layers[:-1]), reversed(ranges), strict=True):
        below, above = low.clamp(max=0.0), high.clamp(min=0.0)
        share = above / (above - below).clamp_min(1e-12)  # share·z ≤ relu(z) ≤ share·(z − below)
        constant = constant - (slope.clamp(max=0.0) * share * below).sum(dim=-1)
        slope = slope * share
        constant = constant + slope @ layer.bias
        slope = slope @ layer.weight
    centre, half_width = 0.5 * (upper + lower), 0.5 * (upper - lower)
    return (slope * centre - slope.abs() * half_width).sum(dim=-1) + constant


def _hidden_ranges(layers: list[nn.Linear], lower: Tensor, upper: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Between which numbers the input of each ReLU lies."""
    ranges = []
    for layer in layers:
        centre, half_width = layer(0.5 * (upper + lower)), 0.5 * (upper - lower) @ layer.weight.abs().T
        ranges.append((centre - half_width, centre + half_width))
        lower, upper = ranges[-1][0].relu(), ranges[-1][1].relu()
    return ranges
