"""MIR2 with an exact bound for each ally, paid by the actor itself; ours.

An action a = π(o) + σ·noise has a known density, so CLUB needs no learned q: if õ is what a robot would observe had one
ally told another pose, drawn independently, E|π(o) − π(õ)|² / (2σ²) nats bound what the action tells about that ally's
report. It is differentiable in the policy. A team that pays for it meets without trusting any single ally much.
"""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from mir2_policies.learners.learner import Metrics
from mir2_policies.learners.maddpg import Maddpg, MaddpgConfig
from mir2_policies.learners.mir2 import ramped
from mir2_policies.learners.replay import Batch


class Mir2AlliesConfig(MaddpgConfig):
    """MADDPG's settings and those of the information that the actor pays for."""

    algorithm: Literal["mir2_allies"] = "mir2_allies"  # type: ignore[assignment]
    penalty_weight: float = Field(default=0.001, ge=0.0, description="λ, reward per nat")
    penalty_ramp_updates: int = Field(default=1000, ge=1, description="λ grows to its full value over these")
    action_noise: float = Field(default=0.1, gt=0.0, description="σ of the actions whose information is counted")


class Mir2Allies(Maddpg):
    """The backbone with the information about one ally in the actor's loss."""

    config: Mir2AlliesConfig
    _information = 0.0

    def update(self) -> Metrics:
        """Update the backbone."""
        return super().update() | {"information/ally_nats": self._information}

    def actor_loss(self, state: Tensor, batch: Batch) -> Tensor:
        """−Q(s, π(o)) + λ·(nats about one ally, averaged over the robots that hear it)."""
        actions = self.actor(self.task.observe(batch.state))
        allies = torch.randint(actions.shape[1], (len(actions),), generator=self.generator, device=self.device)
        information = self.information(batch.state, actions, allies).mean()
        self._information = information.item()
        weight = ramped(self.config.penalty_weight, self.updates, self.config.penalty_ramp_updates)
        loss: Tensor = weight * information - self.critic(state, actions).mean()
        return loss

    def information(self, state: Tensor, actions: Tensor, allies: Tensor) -> Tensor:
        """What the robots' actions tell about what the ally of each world tells: mean nats (B,) of states (B, N, S).

        What else the ally might have told is its state in the next world of the batch.
        """
        worlds, others = torch.arange(len(state), device=self.device), actions.shape[1] - 1
        told = state.clone()
        told[worlds, allies] = state.roll(-1, dims=0)[worlds, allies]
        change: Tensor = (actions - self.actor(self.task.observe(told))).square().sum(dim=-1)
        change[worlds, allies] = 0.0  # what the ally itself would do
        return change.sum(dim=1) / (others * 2.0 * self.config.action_noise**2)
