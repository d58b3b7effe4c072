"""ROM-Q (Nisioti et al., 2021): experience is collected while an adversary holds one robot of some teams.

At the start of each episode a switch is thrown: nothing happens, or a random robot's observation, or its action, is
attacked in every step of the episode. The adversary knows the critic and lowers its value by signed gradient descent.
Nisioti et al. take the worst case over a table of Q values; for continuous actions a search near the robot's own
choice takes its place. What the robots did, attacked or not, goes into the memory; the updates are the backbone's.
"""

from typing import Any, Literal

import numpy as np
import torch
from mir2_core.tasks import Task
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from mir2_policies.learners.maddpg import Maddpg, MaddpgConfig
from mir2_policies.learners.perturbation import ascend

NO_ATTACK, OBSERVATION_ATTACK, ACTION_ATTACK = 0, 1, 2


class RomqConfig(MaddpgConfig):
    """MADDPG's settings and those of the attacks on collected episodes: the published defaults."""

    algorithm: Literal["romq"] = "romq"  # type: ignore[assignment]
    observation_attack_rate: float = Field(default=1 / 3, ge=0.0, le=0.5, description="of the episodes")
    action_attack_rate: float = Field(default=1 / 3, ge=0.0, le=0.5, description="of the episodes")
    observation_perturbation: float = Field(default=0.1, ge=0.0, description="largest change of an observed number")
    observation_step: float = Field(default=0.02, gt=0.0)
    action_perturbation: float = Field(default=1.0, ge=0.0, le=2.0, description="largest change of a wheel speed")
    action_step: float = Field(default=0.2, gt=0.0)
    attack_steps: int = Field(default=10, ge=1)


class Romq(Maddpg):
    """The backbone whose experience is attacked; `attack` and `victim` (B,) say how and whom in each world."""

    config: RomqConfig

    def __init__(self, config: RomqConfig, task: Task, rng: np.random.Generator, device: str = "cpu") -> None:
        super().__init__(config, task, rng, device)
        self.attack = torch.zeros(config.worlds, dtype=torch.long, device=device)
        self.victim = torch.zeros(config.worlds, dtype=torch.long, device=device)
        self._throw_switches(torch.ones(config.worlds, dtype=torch.bool, device=device))

    def act_exploring(self, state: Tensor, begins: Tensor) -> Tensor:
        """Actions (B, N, A), attacked where the switch says so; noise is added to all of them."""
        self._throw_switches(begins)
        features, observations = self.inputs.features(state), self.task.observe(state)
        actions = self.actor(self.attack_observations(features, observations))
        return self.add_noise(self.attack_actions(features, actions))

    def attack_observations(self, state: Tensor, observations: Tensor) -> Tensor:
        """The observations (B, N, O) with those of the victims changed so that their actions lower Q."""
        config, rows = self.config, self.attack == OBSERVATION_ATTACK
        result, honest, given = observations.clone(), observations[rows], state[rows]
        result[rows] = ascend(
            lambda seen: -self.critic(given, self.actor(seen)),
            start=honest,
            centre=honest,
            radius=config.observation_perturbation,
            step=self._victims(rows) * config.observation_step,
            steps=config.attack_steps,
        )
        return result

    def attack_actions(self, state: Tensor, actions: Tensor) -> Tensor:
        """The actions (B, N, A) with those of the victims replaced by ones that lower Q."""
        config, rows = self.config, self.attack == ACTION_ATTACK
        result, honest, given = actions.clone(), actions[rows], state[rows]
        worst = ascend(
            lambda joint: -self.critic(given, joint),
            start=honest,
            centre=honest,
            radius=config.action_perturbation,
            step=self._victims(rows) * config.action_step,
            steps=config.attack_steps,
        )
        result[rows] = worst.clamp(-1.0, 1.0)
        return result

    def _victims(self, rows: Tensor) -> Tensor:
        """1 for the attacked robot of each of these worlds, 0 for the others: (rows, N, 1)."""
        return functional.one_hot(self.victim[rows], self.task.params.robots)[..., None].float()

    def _throw_switches(self, begins: Tensor) -> None:
        """Decide for the worlds in which an episode begins."""
        config, shape = self.config, begins.shape
        chance = torch.rand(shape, generator=self.generator, device=self.device)
        attack = torch.full_like(self.attack, NO_ATTACK)
        attack[chance < config.observation_attack_rate + config.action_attack_rate] = ACTION_ATTACK
        attack[chance < config.observation_attack_rate] = OBSERVATION_ATTACK
        robots = self.task.params.robots
        victim = torch.randint(robots, shape, generator=self.generator, device=self.device)
        self.attack = torch.where(begins, attack, self.attack)
        self.victim = torch.where(begins, victim, self.victim)

    def state_dict(self) -> dict[str, Any]:
        """The backbone's, and the switches of the episodes that are going on."""
        return super().state_dict() | {"attack": self.attack, "victim": self.victim}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        super().load_state_dict(state)
        self.attack, self.victim = state["attack"].to(self.attack), state["victim"].to(self.victim)
