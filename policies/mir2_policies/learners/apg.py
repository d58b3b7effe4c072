"""Analytic policy gradient: the actor ascends the return itself, through the differentiable world.

The gradient reaches back over a short window of steps, as in short-horizon actor-critic (Xu et al., ICLR 2022), but no
critic says what comes after the window. It needs a task whose steps and rewards are differentiable. Team sizes, and
which allies are heard, may vary (`Randomisation`). It can pay for the information about one ally as `mir2_allies`
does; here that is what the ally says, and whether it says anything.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from mir2_core.tasks import Task
from mir2_sim.batched import BatchedWorld
from mir2_sim.hearing import Heard
from pydantic import Field
from torch import Tensor, nn

from mir2_policies.learners.config import ActorConfig
from mir2_policies.learners.learner import Metrics
from mir2_policies.learners.mir2 import ramped
from mir2_policies.learners.networks import anneal, shrink
from mir2_policies.learners.set_actor import new_actor


class ApgConfig(ActorConfig):
    """Settings of the learner; the penalty is off by default."""

    algorithm: Literal["apg"] = "apg"
    worlds: int = Field(default=16, ge=1, le=65_536, description="of each team size")
    evaluation_interval: int = Field(default=48_000, ge=1, description="in transitions")
    evaluation_episodes: int = Field(default=32, ge=2, description="with each team size")
    window: int = Field(default=40, ge=1, description="steps that a gradient reaches back")
    tail: float = Field(default=20.0, ge=0.0, description="steps that what a window ends with is thought to last")
    learning_rate: float = Field(default=3e-3, gt=0.0)
    final_learning_rate: float = Field(default=0.02, gt=0.0, le=1.0, description="fraction left at the end")
    gradient_clip: float = Field(default=1.0, gt=0.0)
    penalty_weight: float = Field(default=0.0, ge=0.0, description="λ, reward per nat about one ally")
    penalty_ramp_updates: int = Field(default=200, ge=1, description="λ grows to its full value over these")
    action_noise: float = Field(default=0.1, gt=0.0, description="σ of the actions whose information is counted")


class Apg:
    """The actor and how a window of time changes it."""

    def __init__(self, config: ApgConfig, task: Task, rng: np.random.Generator, device: str = "cpu") -> None:
        self.config = config
        self.steps = config.window
        self.updates = 0
        self.generator = torch.Generator(device).manual_seed(int(rng.integers(2**63)))
        torch.manual_seed(int(rng.integers(2**63)))  # initial weights
        self.actor = new_actor(config, task).to(device)
        shrink(self.actor.body[-1])
        self.optimizer = torch.optim.Adam(self.actor.parameters(), config.learning_rate)

    @property
    def networks(self) -> Sequence[nn.Module]:
        """The actor."""
        return (self.actor,)

    def advance(self, world: BatchedWorld, used: float) -> Metrics:
        """Let a window of time pass in all worlds and step along the gradient of what it earned."""
        config = self.config
        world.forget()
        anneal(self.optimizer, config.learning_rate, config.final_learning_rate, used)
        weight = ramped(config.penalty_weight, self.updates, config.penalty_ramp_updates)
        earned, information = torch.zeros(()), torch.zeros(())
        for _ in range(config.window):
            heard = world.heard()
            actions = self.actor(heard.observed(world.task))
            if config.penalty_weight:
                information = information + self.information(world.task, heard, actions).mean()
            reward = world.step(actions).reward.mean()
            earned = earned + reward
        self.optimizer.zero_grad(set_to_none=True)
        loss = weight * information - earned - config.tail * reward
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.actor.parameters(), config.gradient_clip)
        self.optimizer.step()
        self.updates += 1
        metrics = {"reward": earned.item() / config.window, "gradient": norm.item()}
        return metrics | ({"information/ally_nats": information.item() / config.window} if weight else {})

    def information(self, task: Task, heard: Heard, actions: Tensor) -> Tensor:
        """What the robots' actions tell about what one ally of each world says, or that it does: mean nats (B,)."""
        batch, team = actions.shape[:2]
        allies = torch.randint(team, (batch,), generator=self.generator, device=actions.device)
        change = (actions - self.actor(heard.retold(allies).observed(task))).square().sum(dim=-1)
        others = torch.arange(team, device=actions.device) != allies[:, None]
        mean: Tensor = (change * others).sum(dim=1) / (team - 1)
        return mean / (2.0 * self.config.action_noise**2)

    def state_dict(self) -> dict[str, Any]:
        """Weights, optimiser moments, the state of the random generator and the counter."""
        modules = {"actor": self.actor.state_dict(), "optimizer": self.optimizer.state_dict()}
        return modules | {"generator": self.generator.get_state(), "updates": self.updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.actor.load_state_dict(state["actor"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"])
        self.updates = state["updates"]
