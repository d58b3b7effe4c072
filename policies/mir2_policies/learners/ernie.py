"""ERNIE (Bukharin et al., NeurIPS 2023): actor and critic must not jump when what they see changes a little.

Both losses gain a weight times the largest change of the output, ‖f(x + δ) − f(x)‖, that a few steps of gradient
ascent find for |δ| ≤ ε: x is the observation for the actor and the central state for the critic. The ascent is taken
as given, its end point is differentiated: the paper's plain form, not the one that differentiates through the ascent.
"""

from collections.abc import Callable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from mir2_policies.learners.maddpg import Maddpg, MaddpgConfig
from mir2_policies.learners.perturbation import ascend
from mir2_policies.learners.replay import Batch


class ErnieConfig(MaddpgConfig):
    """MADDPG's settings and those of the smoothness terms; the weight is the one published for rendezvous.

    Perturbation and initial noise are published defaults, the number of steps is ours.
    """

    algorithm: Literal["ernie"] = "ernie"  # type: ignore[assignment]
    smoothness_weight: float = Field(default=1e-4, ge=0.0, description="of both terms")
    perturbation: float = Field(default=0.1, ge=0.0, description="ε, largest change of a seen number")
    initial_noise: float = Field(default=0.01, gt=0.0, description="standard deviation of where the ascent starts")
    ascent_steps: int = Field(default=3, ge=1)


class Ernie(Maddpg):
    """The backbone with adversarial smoothness terms in both losses."""

    config: ErnieConfig

    def critic_loss(self, state: Tensor, batch: Batch, target: Tensor) -> Tensor:
        """The backbone's, plus the weighted roughness of Q in the state."""
        roughness = self.roughness(lambda seen: self.critic(seen, batch.actions)[:, None], state)
        return super().critic_loss(state, batch, target) + self.config.smoothness_weight * roughness

    def actor_loss(self, state: Tensor, batch: Batch) -> Tensor:
        """The backbone's, plus the weighted roughness of π in the observation."""
        roughness = self.roughness(self.actor, self.task.observe(batch.state))
        return super().actor_loss(state, batch) + self.config.smoothness_weight * roughness

    def roughness(self, function: Callable[[Tensor], Tensor], seen: Tensor) -> Tensor:
        """Mean of the largest changes of `function` (..., K) found near `seen`, with gradients for its weights."""
        config, nominal = self.config, function(seen)
        noise = torch.randn(seen.shape, generator=self.generator, device=self.device)
        fixed = nominal.detach()
        worst = ascend(
            lambda inputs: (function(inputs) - fixed).norm(dim=-1),
            start=seen + config.initial_noise * noise,
            centre=seen,
            radius=config.perturbation,
            step=config.perturbation / config.ascent_steps,
            steps=config.ascent_steps,
        )
        change: Tensor = (function(worst) - nominal).norm(dim=-1)
        return change.mean()
