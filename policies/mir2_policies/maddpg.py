"""MADDPG (Lowe et al., NeurIPS 2017): deterministic actor, central critic; the backbone of the other algorithms.

All robots share one actor, and since they share the reward, one critic. An algorithm derives from `Maddpg` and
overrides `explore`, `critic_target`, `critic_loss` or `actor_loss`.
"""

import copy
from typing import Any

import numpy as np
import torch
from mir2_core.tasks import Rendezvous
from torch import Tensor, nn
from torch.nn import functional

from mir2_policies.config import MaddpgConfig
from mir2_policies.networks import Actor, Critic, soft_update
from mir2_policies.replay import Batch, Replay

Metrics = dict[str, float]


class Maddpg:
    """Networks, their targets and how one update changes them; random numbers come from `rng` and `generator`."""

    def __init__(self, config: MaddpgConfig, task: Rendezvous, rng: np.random.Generator, device: str = "cpu") -> None:
        self.config = config
        self.task = task
        self.rng = rng
        self.device = device
        self.updates = 0
        self.generator = torch.Generator(device).manual_seed(int(rng.integers(2**63)))
        torch.manual_seed(int(rng.integers(2**63)))  # initial weights
        self.actor = self.new_actor().to(device)
        self.critic = self._new_critic()
        _shrink(self.actor.body[-1])
        self.target_actor = copy.deepcopy(self.actor).requires_grad_(False)
        self.target_critic = self._new_critic().requires_grad_(False)
        self.target_critic.load_state_dict(self.critic.state_dict())
        self.actor_optimizer = torch.optim.Adam(self.actor.parameters(), config.actor_learning_rate, fused=True)
        self.critic_optimizer = torch.optim.Adam(self.critic.parameters(), config.critic_learning_rate, fused=True)

    def new_actor(self) -> Actor:
        """The policy, before it has learned anything."""
        return Actor(self.task.observation_size, self.task.action_size, self.config.hidden)

    def _new_critic(self) -> Critic:
        task, sizes = self.task, (self.task.critic_size, self.task.joint_action_size)
        return Critic(*sizes, self.config.hidden, task.action_effects, task.effects_size).to(self.device)

    @torch.no_grad()
    def explore(self, poses: Tensor, fresh: Tensor) -> Tensor:
        """Actions (B, N, A) for collecting experience; `fresh` (B,) marks worlds in which an episode begins."""
        return self.add_noise(self.actor(self.task.observe(poses)))

    def add_noise(self, actions: Tensor) -> Tensor:
        """Gaussian exploration, within [−1, 1]."""
        noise = torch.randn(actions.shape, generator=self.generator, device=self.device)
        return (actions + self.config.exploration_noise * noise).clamp(-1.0, 1.0)

    def random_actions(self, poses: Tensor) -> Tensor:
        """Uniform actions (B, N, A), for the first steps."""
        shape = (*poses.shape[:2], self.task.action_size)
        return torch.rand(shape, generator=self.generator, device=self.device) * 2.0 - 1.0

    def update(self, replay: Replay) -> Metrics:
        """One step of critic, actor and targets; returns what to log."""
        self.updates += 1
        batch = replay.sample(self.rng, self.config.batch)
        if self.config.relabel:
            batch = batch.relabelled(self.generator)
        state = self.task.critic_features(batch.poses)
        target = self.critic_target(batch)
        critic_loss = self.critic_loss(state, batch, target)
        self._step(self.critic_optimizer, self.critic, critic_loss)
        part = self.config.actor_batch
        self.critic.requires_grad_(False)
        actor_loss = self.actor_loss(state[:part], Batch(*(column[:part] for column in batch)))
        self._step(self.actor_optimizer, self.actor, actor_loss)
        self.critic.requires_grad_(True)
        soft_update(self.target_actor, self.actor, self.config.tau)
        soft_update(self.target_critic, self.critic, self.config.tau)
        return {"loss/critic": critic_loss.item(), "loss/actor": actor_loss.item(), "value": target.mean().item()}

    def anneal(self, used: float) -> None:
        """Lower the learning rates linearly with the used fraction of the budget: the policy settles at the end."""
        factor = 1.0 - min(used, 1.0) * (1.0 - self.config.final_learning_rate)
        self.actor_optimizer.param_groups[0]["lr"] = factor * self.config.actor_learning_rate
        self.critic_optimizer.param_groups[0]["lr"] = factor * self.config.critic_learning_rate

    @torch.no_grad()
    def critic_target(self, batch: Batch) -> Tensor:
        """y (B,) = r + γ·Q'(s', a') where the episode goes on."""
        actions = self.target_actor(self.task.observe(batch.next_poses))
        value = self.target_critic(self.task.critic_features(batch.next_poses), actions)
        return temporal_difference_target(batch.reward, batch.alive, value, self.config.gamma)

    def critic_loss(self, state: Tensor, batch: Batch, target: Tensor) -> Tensor:
        """Mean squared error of Q(s, a)."""
        return functional.mse_loss(self.critic(state, batch.actions), target)

    def actor_loss(self, state: Tensor, batch: Batch) -> Tensor:
        """−Q(s, π(s)): the gradient goes through the actions of all robots at once."""
        value: Tensor = self.critic(state, self.actor(self.task.observe(batch.poses))).mean()
        return -value

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
        """Everything with a `state_dict`, by attribute name."""
        kinds = (nn.Module, torch.optim.Optimizer)
        return {name: value for name, value in vars(self).items() if isinstance(value, kinds)}

    def _step(self, optimizer: torch.optim.Optimizer, module: nn.Module, loss: Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(module.parameters(), self.config.gradient_clip)
        optimizer.step()


def temporal_difference_target(reward: Tensor, alive: Tensor, next_value: Tensor, gamma: float) -> Tensor:
    """r + γ·Q' where the episode goes on, r where it has ended."""
    return reward + gamma * alive * next_value


@torch.no_grad()
def _shrink(layer: nn.Module) -> None:
    """Begin with small actions: a saturated tanh passes no gradient."""
    for parameter in layer.parameters():
        parameter.mul_(0.1)
