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
from mir2_policies.threats import THREATS, flee, way_out_rad

SATURATED = 2.0  # tanh of more passes hardly any gradient
IMITATED = 0.95  # of full outputs
LOSS_SCALES = (4.0, 16.0, 64.0)  # a team that has met differs by centimetres from one that is kept from meeting


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
        state_size = task.critic_size + 2 * (task.params.robots + traitors) + len(LOSS_SCALES)
        self.critics = nn.ModuleList(
            Critic(state_size, traitors * self.output_size, config.critic_hidden) for _ in range(2)
        )
        with torch.no_grad():
            for parameter in self.actor.body[-1].parameters():
                parameter.mul_(0.1)  # a saturated tanh passes no gradient
        self._noise = torch.randn(config.worlds, traitors, self.output_size, generator=self.generator)
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
        observations: Tensor = adversary_observations(task, task.observe(poses)[:, robots], robots)
        return observations

    @torch.no_grad()
    def explore(self, poses: Tensor) -> Tensor:
        """Outputs (B, K, A or A + 3) for collecting experience: the actor's, with noise that lasts."""
        keep = self.config.noise_memory
        fresh = torch.randn(self._noise.shape, generator=self.generator)
        self._noise = keep * self._noise + (1.0 - keep**2) ** 0.5 * fresh
        outputs: Tensor = self.actor(self.observe(poses)) + self.config.exploration_noise * self._noise
        return outputs.clamp(-1.0, 1.0)

    def update(self, replay: Replay) -> dict[str, float]:
        """One step of the critics and, at times, of the actor; returns what to log."""
        self.updates += 1
        batch = replay.sample(self.rng, self.config.batch)
        state = self._state(batch.poses)
        target = self._target(batch)
        loss = torch.stack([functional.mse_loss(critic(state, batch.actions), target) for critic in self.critics]).sum()
        self._step(self.critic_optimizer, self.critics, loss)
        settled = self.updates > self.config.critic_warmup_updates
        if settled and self.updates % self.config.policy_delay == 0:
            self._improve_actor(state, batch.poses)
        soft_update(self.target_critics, self.critics, self.config.tau)
        return {"loss/critic": loss.item(), "value": target.mean().item()}

    def imitate_fleeing(self, poses: Tensor) -> None:
        """Begin as one that flees from the team, and for a liar reports to be much farther: `poses` (B, N, 3)."""
        task, robots = self.arena.task, self.arena.robots
        angle = way_out_rad(task, poses, robots)
        situation = Situation(task, 0, robots, task.observe(poses)[:, robots], poses, self.actor, self.rng)
        wanted = [flee(situation).actions]
        if self.threat.lies:
            wanted.append(torch.stack([angle.cos(), angle.sin(), 0.0 * angle], dim=-1))
        observations, target = self.observe(poses), IMITATED * torch.cat(wanted, dim=-1)
        optimizer = torch.optim.Adam(self.actor.parameters(), 1e-3, fused=True)
        for _ in range(self.config.imitation_updates):
            rows = torch.as_tensor(self.rng.integers(0, len(poses), self.config.batch))
            self._step(optimizer, self.actor, functional.mse_loss(self.actor(observations[rows]), target[rows]))
        self.target_actor.load_state_dict(self.actor.state_dict())

    def anneal(self, used: float) -> None:
        """Lower the learning rates linearly with the used fraction of the budget."""
        factor = 1.0 - min(used, 1.0) * (1.0 - self.config.final_learning_rate)
        for optimizer in (self.actor_optimizer, self.critic_optimizer):
            optimizer.param_groups[0]["lr"] = factor * self.config.learning_rate

    def reward(self, poses: Tensor, actions: Tensor, team_reward: Tensor) -> Tensor:
        """What the traitors earn (B,): minus the return that the threat is aimed at."""
        lost = self.arena.benign_reward(poses, actions) if self.threat.benign_only else team_reward
        return -self.config.reward_scale * lost

    def state_dict(self) -> dict[str, Any]:
        """Weights, optimiser moments, the state of the random generator and the number of updates."""
        modules = {name: module.state_dict() for name, module in self._stateful().items()}
        return {**modules, "generator": self.generator.get_state(), "noise": self._noise, "updates": self.updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        for name, module in self._stateful().items():
            module.load_state_dict(state[name])
        self.generator.set_state(state["generator"])
        self._noise, self.updates = state["noise"], state["updates"]

    def _stateful(self) -> dict[str, Any]:
        kinds = (nn.Module, torch.optim.Optimizer)
        return {name: value for name, value in vars(self).items() if isinstance(value, kinds)}

    def _state(self, poses: Tensor) -> Tensor:
        """What the critics see: the task's features, the places, and how far benign robots are apart."""
        places = poses[..., :2] * (2.0 / self.arena.task.params.arena_m) - 1.0
        lost = self.arena.benign_distance(poses)[:, None] * torch.tensor(LOSS_SCALES)
        angle = way_out_rad(self.arena.task, poses, self.arena.robots)
        seen = [places.flatten(1), torch.tanh(lost), angle.cos(), angle.sin()]
        return torch.cat([self.arena.task.critic_features(poses), *seen], dim=-1)

    @torch.no_grad()
    def _target(self, batch: Batch) -> Tensor:
        config = self.config
        outputs = self.target_actor(self.observe(batch.next_poses))
        noise = config.target_noise * torch.randn(outputs.shape, generator=self.generator)
        noise = noise.clamp(-config.target_noise_clip, config.target_noise_clip)
        state, outputs = self._state(batch.next_poses), (outputs + noise).clamp(-1.0, 1.0)
        values = torch.stack([critic(state, outputs) for critic in self.target_critics])
        return batch.reward + config.gamma**config.multi_step * batch.alive * values.amin(dim=0)

    def _improve_actor(self, state: Tensor, poses: Tensor) -> None:
        self.critics.requires_grad_(False)
        raw = self.actor.body(self.observe(poses))
        value = self.critics[0](state, torch.tanh(raw)).mean()
        loss = self.config.saturation_cost * functional.relu(raw.abs() - SATURATED).square().mean() - value
        self._step(self.actor_optimizer, self.actor, loss)
        self.critics.requires_grad_(True)
        soft_update(self.target_actor, self.actor, self.config.tau)

    def _step(self, optimizer: torch.optim.Optimizer, module: nn.Module, loss: Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(module.parameters(), self.config.gradient_clip)
        optimizer.step()


def deed(task: Rendezvous, truth: Any, outputs: Any) -> Deed:
    """What outputs (B, K, A or A + 3) of an adversary mean for traitors at `truth` (B, K, 3)."""
    actions, numbers = outputs[..., : task.action_size], outputs[..., task.action_size :]
    return Deed(actions, reported_poses(task, truth, numbers) if numbers.shape[-1] else None)
