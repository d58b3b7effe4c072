"""The attacker: traitors who learn what hurts a frozen team most (TD3: Fujimoto et al., ICML 2018).

The traitors share one actor, which sees what a robot sees, and two critics, which see everything.
"""

import copy
from typing import Any

import numpy as np
import torch
from mir2_core.adversary import REPORT_SIZE, adversary_observations, adversary_terms, reported_poses
from mir2_core.tasks import Rendezvous
from torch import Tensor, nn
from torch.nn import functional

from mir2_policies.attack_config import AttackConfig
from mir2_policies.episodes import Arena, Deed, Situation
from mir2_policies.networks import Actor, Critic, soft_update
from mir2_policies.replay import Batch, Replay
from mir2_policies.threats import THREATS


class Attacker:
    """Networks of the traitors and how one update changes them; called, it is an `episodes.Adversary`."""

    def __init__(self, config: AttackConfig, arena: Arena, rng: np.random.Generator) -> None:
        self.config = config
        self.arena = arena
        self.rng = rng
        self.updates = 0
        task, traitors = arena.task, len(config.robots)
        self.threat = THREATS[config.threat]
        self.output_size = task.action_size + (REPORT_SIZE if self.threat.lies else 0)
        self.generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
        torch.manual_seed(int(rng.integers(2**63)))  # initial weights
        observation_size = sum(term.size for term in adversary_terms(task))
        self.actor = Actor(observation_size, self.output_size, config.hidden)
        state_size = task.critic_size + 2 * task.params.robots
        self.critics = nn.ModuleList(
            Critic(state_size, traitors * self.output_size, config.critic_hidden) for _ in range(2)
        )
        with torch.no_grad():
            for parameter in self.actor.body[-1].parameters():
                parameter.mul_(0.1)  # a saturated tanh passes no gradient
        self.target_actor = copy.deepcopy(self.actor).requires_grad_(False)
        self.target_critics = copy.deepcopy(self.critics).requires_grad_(False)
        self.actor_optimizer = torch.optim.Adam(self.actor.parameters(), config.learning_rate, fused=True)
        self.critic_optimizer = torch.optim.Adam(self.critics.parameters(), config.learning_rate, fused=True)

    def __call__(self, situation: Situation) -> Deed:
        """What the traitors do and report, without noise."""
        observations = adversary_observations(situation.task, situation.observations, situation.robots)
        return deed(situation.task, situation.poses[:, list(situation.robots)], self.actor(observations))

    def observe(self, poses: Tensor) -> Tensor:
        """What the traitors see (B, K, O)."""
        task, robots = self.arena.task, self.arena.robots
        return adversary_observations(task, task.observe(poses)[:, robots], robots)

    @torch.no_grad()
    def explore(self, poses: Tensor) -> Tensor:
        """Outputs (B, K, A or A + 3) for collecting experience: first random, then the actor's with noise."""
        outputs: Tensor = self.actor(self.observe(poses))
        if not self.updates:
            return torch.rand(outputs.shape, generator=self.generator) * 2.0 - 1.0
        noise = torch.randn(outputs.shape, generator=self.generator)
        noisy: Tensor = (outputs + self.config.exploration_noise * noise).clamp(-1.0, 1.0)
        return noisy

    def update(self, replay: Replay) -> dict[str, float]:
        """One step of the critics and, at times, of the actor; returns what to log."""
        self.updates += 1
        batch = replay.sample(self.rng, self.config.batch)
        state = self._state(batch.poses)
        target = self._target(batch)
        loss = torch.stack([functional.mse_loss(critic(state, batch.actions), target) for critic in self.critics]).sum()
        self._step(self.critic_optimizer, self.critics, loss)
        if self.updates % self.config.policy_delay == 0:
            self._improve_actor(state, batch.poses)
        return {"loss/critic": loss.item(), "value": target.mean().item()}

    def reward(self, poses: Tensor, actions: Tensor, team_reward: Tensor) -> Tensor:
        """What the traitors earn (B,): minus the return that the threat is aimed at."""
        lost = self.arena.benign_reward(poses, actions) if self.threat.benign_only else team_reward
        return -self.config.reward_scale * lost

    def state_dict(self) -> dict[str, Any]:
        """Weights, optimiser moments, the state of the random generator and the number of updates."""
        modules = {name: module.state_dict() for name, module in self._stateful().items()}
        return {**modules, "generator": self.generator.get_state(), "updates": self.updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        for name, module in self._stateful().items():
            module.load_state_dict(state[name])
        self.generator.set_state(state["generator"])
        self.updates = state["updates"]

    def _stateful(self) -> dict[str, Any]:
        kinds = (nn.Module, torch.optim.Optimizer)
        return {name: value for name, value in vars(self).items() if isinstance(value, kinds)}

    def _state(self, poses: Tensor) -> Tensor:
        """What the critics see: the task's features, and the places, since walls matter to who flees or lies."""
        places = poses[..., :2] * (2.0 / self.arena.task.params.arena_m) - 1.0
        return torch.cat([self.arena.task.critic_features(poses), places.flatten(1)], dim=-1)

    @torch.no_grad()
    def _target(self, batch: Batch) -> Tensor:
        config = self.config
        outputs = self.target_actor(self.observe(batch.next_poses))
        noise = config.target_noise * torch.randn(outputs.shape, generator=self.generator)
        noise = noise.clamp(-config.target_noise_clip, config.target_noise_clip)
        state, outputs = self._state(batch.next_poses), (outputs + noise).clamp(-1.0, 1.0)
        values = torch.stack([critic(state, outputs) for critic in self.target_critics])
        return batch.reward + config.gamma * batch.alive * values.amin(dim=0)

    def _improve_actor(self, state: Tensor, poses: Tensor) -> None:
        self.critics.requires_grad_(False)
        loss = -self.critics[0](state, self.actor(self.observe(poses))).mean()
        self._step(self.actor_optimizer, self.actor, loss)
        self.critics.requires_grad_(True)
        soft_update(self.target_actor, self.actor, self.config.tau)
        soft_update(self.target_critics, self.critics, self.config.tau)

    def _step(self, optimizer: torch.optim.Optimizer, module: nn.Module, loss: Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(module.parameters(), self.config.gradient_clip)
        optimizer.step()


def deed(task: Rendezvous, truth: Any, outputs: Any) -> Deed:
    """What outputs (B, K, A or A + 3) of an adversary mean for traitors at `truth` (B, K, 3)."""
    actions, numbers = outputs[..., : task.action_size], outputs[..., task.action_size :]
    return Deed(actions, reported_poses(task, truth, numbers) if numbers.shape[-1] else None)
