"""MIR2 (Li et al., 2023, later MIR3): MADDPG that pays for the mutual information of state and joint action.

The critic's target is r + γ·Q' − λ·i(s, a), where the mean of i is CLUB, an upper bound on the information. Its
q(a | s) is fitted on the newest transitions at every update; on stale behaviour it would be no bound at all. The code
that was published fits it on the first transitions for ever: `club_data: first` does so.

Which i it is matters, although the mean over a batch is the same. `Mir2` takes the published one, log q(a | s) − mean
over a' of log q(a' | s). Its second part does not depend on a, so the critic learns that any departure from what q
expects is cheap, and the actor runs into a corner of the action box. `Mir2States` takes log q(a | s) − mean over s' of
log q(a | s'): what an action contributes to the bound, and drawn to what the team does in other states.
"""

from typing import Literal

import numpy as np
import torch
from mir2_core.tasks import Task
from pydantic import Field
from torch import Tensor

from mir2_policies.learners.club import CategoricalClub, GaussianClub
from mir2_policies.learners.learner import Metrics
from mir2_policies.learners.maddpg import Maddpg, MaddpgConfig
from mir2_policies.learners.replay import Batch, Replay


class Mir2Config(MaddpgConfig):
    """MADDPG's settings and those of the information penalty: the ones published for rendezvous."""

    algorithm: Literal["mir2"] = "mir2"  # type: ignore[assignment]
    penalty_weight: float = Field(default=0.01, ge=0.0, description="λ, reward per nat")
    club_hidden: int = Field(default=128, ge=1)
    club_learning_rate: float = Field(default=5e-4, gt=0.0)
    club_batch: int = Field(default=64, ge=2)
    club_data: Literal["newest", "first"] = Field(default="newest", description="which transitions q is fitted on")
    club_window: int = Field(default=3000, ge=2, description="how many of them")


class Mir2StatesConfig(Mir2Config):
    """MIR2's settings, with a smaller λ that grows to its full value over the first updates."""

    algorithm: Literal["mir2_states"] = "mir2_states"  # type: ignore[assignment]
    penalty_weight: float = Field(default=0.001, ge=0.0, description="λ, reward per nat")
    penalty_ramp_updates: int = Field(default=1000, ge=1, description="λ grows to its full value over these")


class Mir2(Maddpg):
    """The backbone with the information penalty in the critic's target."""

    config: Mir2Config

    def __init__(self, config: Mir2Config, task: Task, rng: np.random.Generator, device: str = "cpu") -> None:
        super().__init__(config, task, rng, device)
        self.club = self.new_club().to(device)
        self.club_optimizer = torch.optim.Adam(self.club.parameters(), config.club_learning_rate, fused=True)
        self._information = 0.0
        if config.club_data == "first":
            sizes = task.params.robots, task.state_size, task.action_size
            self.first = Replay(config.club_window, *sizes, device)

    def new_club(self) -> GaussianClub | CategoricalClub:
        """q(a | s) for the task's kind of actions."""
        return GaussianClub(self.inputs.size, self.task.params.robots * self.task.action_size, self.config.club_hidden)

    def learn(self, step: Batch, used: float) -> Metrics | None:
        """Keep the first transitions, if q is fitted on them."""
        if self.config.club_data == "first" and len(self.first) < self.config.club_window:
            self.first.add(step)
        return super().learn(step, used)

    def update(self) -> Metrics:
        """Fit q on recent behaviour, or on the first, then update the backbone."""
        size, window = self.config.club_batch, self.config.club_window
        newest = self.config.club_data == "newest"
        metrics = self.fit(
            self.replay.sample(self.rng, size, newest=window) if newest else self.first.sample(self.rng, size)
        )
        metrics |= super().update()
        return metrics | {"information/bound_nats": self._information}

    def fit(self, recent: Batch) -> Metrics:
        """One maximum-likelihood step of q; the gain over ignoring the state says whether q has learned anything."""
        if self.config.relabel:
            recent = recent.relabelled(self.generator)
        state, actions = self.inputs.features(recent.state), recent.actions.flatten(1)
        loss = self.club.learning_loss(state, actions)
        self._step(self.club_optimizer, self.club, loss)
        gain = -loss.item() - self.club.independent_log_likelihood(actions).item()
        return {"information/club_loss": loss.item(), "information/likelihood_gain": gain}

    @torch.no_grad()
    def critic_target(self, batch: Batch) -> Tensor:
        """y (B,) = r + γ·Q'(s', a') − λ·CLUB(s, a)."""
        bound = self.information(self.inputs.features(batch.state), batch.actions.flatten(1))
        self._information = bound.mean().item()
        return super().critic_target(batch) - self.penalty_weight * bound

    def information(self, state: Tensor, actions: Tensor) -> Tensor:
        """i (B,) of states (B, S) and joint actions (B, N·A)."""
        return self.club.bound(state, actions)

    @property
    def penalty_weight(self) -> float:
        """λ now."""
        return self.config.penalty_weight


class Mir2States(Mir2):
    """MIR2 that contrasts states; λ grows, so that the team learns its task before it learns to be indifferent."""

    config: Mir2StatesConfig

    def information(self, state: Tensor, actions: Tensor) -> Tensor:
        """What each joint action contributes to the bound (B,)."""
        return self.club.bound_by_action(state, actions)

    @property
    def penalty_weight(self) -> float:
        """λ now."""
        return ramped(self.config.penalty_weight, self.updates, self.config.penalty_ramp_updates)


def ramped(weight: float, updates: int, full_after: int) -> float:
    """A weight that grows linearly from zero until so many updates have been made."""
    return weight * min(1.0, updates / full_after)
