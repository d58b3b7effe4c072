"""MADDPG (Lowe et al., NeurIPS 2017): deterministic actor, central critic; the backbone of the other algorithms.

All robots share one actor, and since they share the reward, one critic. An algorithm derives from `Maddpg` and
overrides `act_exploring`, `update`, `critic_target`, `critic_loss` or `actor_loss`.
"""

import copy
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from mir2_core.tasks import Task
from mir2_sim.batched import BatchedWorld
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from mir2_policies.learners.config import ActorConfig, Width
from mir2_policies.learners.critic_inputs import critic_inputs
from mir2_policies.learners.learner import Metrics
from mir2_policies.learners.networks import Actor, Critic, anneal, shrink, soft_update
from mir2_policies.learners.replay import Batch, Replay
from mir2_policies.learners.set_actor import new_actor

ANNEAL_EVERY_UPDATES = 100


class MaddpgConfig(ActorConfig):
    """Settings of the backbone; the networks, γ, τ, learning rates and clipping are the published ones."""

    algorithm: Literal["maddpg"] = "maddpg"
    time_limit_is_terminal: bool = Field(default=False, description="true: the published treatment")
    warmup_transitions: int = Field(default=1000, ge=1, description="with random actions, before the first update")
    replay_transitions: int = Field(default=200_000, ge=1, le=10_000_000)
    exploration_noise: float = Field(default=0.8, ge=0.0, le=2.0, description="σ; published: 0.1")

    hidden: tuple[Width, ...] = (256, 256)
    batch: int = Field(default=256, ge=2)
    actor_batch: int = Field(default=64, ge=1, description="part of the batch that the actor learns from")
    relabel: bool = Field(default=True, description="number the robots of each sampled transition anew")
    gamma: float = Field(default=0.99, ge=0.0, lt=1.0)
    tau: float = Field(default=0.01, gt=0.0, le=1.0)
    actor_learning_rate: float = Field(default=1e-3, gt=0.0)
    critic_learning_rate: float = Field(default=1e-3, gt=0.0)
    final_learning_rate: float = Field(default=0.02, gt=0.0, le=1.0, description="fraction left at the end")
    gradient_clip: float = Field(default=10.0, gt=0.0)


class Maddpg:
    """Networks, their targets, the memory and how one update changes them.

    Random numbers come from `rng` and `generator`. The first transitions are collected with random actions.
    """

    steps = 1

    def __init__(self, config: MaddpgConfig, task: Task, rng: np.random.Generator, device: str = "cpu") -> None:
        self.config = config
        self.task = task
        self.inputs = critic_inputs(task)
        self.rng = rng
        self.device = device
        self.updates = 0
        self.transitions = 0
        self.generator = torch.Generator(device).manual_seed(int(rng.integers(2**63)))
        torch.manual_seed(int(rng.integers(2**63)))  # initial weights
        self.actor = self.new_actor().to(device)
        self.critic = self._new_critic()
        shrink(self.actor.body[-1])
        self.target_actor = copy.deepcopy(self.actor).requires_grad_(False)
        self.target_critic = self._new_critic().requires_grad_(False)
        self.target_critic.load_state_dict(self.critic.state_dict())
        self.actor_optimizer = torch.optim.Adam(self.actor.parameters(), config.actor_learning_rate, fused=True)
        self.critic_optimizer = torch.optim.Adam(self.critic.parameters(), config.critic_learning_rate, fused=True)
        sizes = task.params.robots, task.state_size, task.action_size
        self.replay = Replay(config.replay_transitions, *sizes, device)

    @property
    def networks(self) -> Sequence[nn.Module]:
        """Actor and critic."""
        return self.actor, self.critic

    def new_actor(self) -> Actor:
        """The policy, before it has learned anything."""
        return new_actor(self.config, self.task)

    def _new_critic(self) -> Critic:
        inputs, joint_action_size = self.inputs, self.task.params.robots * self.task.action_size
        critic = Critic(inputs.size, joint_action_size, self.config.hidden, inputs.effects, inputs.effects_size)
        return critic.to(self.device)

    def advance(self, world: BatchedWorld, used: float) -> Metrics | None:
        """Let every world make a step, and learn from it."""
        state = world.state
        actions = self.explore(state, world.begins)
        step = world.step(actions)
        over = step.done | step.truncated if self.config.time_limit_is_terminal else step.done
        return self.learn(Batch(state, actions, step.reward, step.state, (~over).float()), used)

    @torch.no_grad()
    def explore(self, state: Tensor, begins: Tensor) -> Tensor:
        """Random actions (B, N, A) at first, then the algorithm's."""
        warm = self.transitions >= self.config.warmup_transitions
        return self.act_exploring(state, begins) if warm else self._random_actions(state)

    def act_exploring(self, state: Tensor, begins: Tensor) -> Tensor:
        """The actor's actions (B, N, A) with noise."""
        return self.add_noise(self.actor(self.task.observe(state)))

    def add_noise(self, actions: Tensor) -> Tensor:
        """Gaussian exploration, within [−1, 1]."""
        noise = torch.randn(actions.shape, generator=self.generator, device=self.device)
        return (actions + self.config.exploration_noise * noise).clamp(-1.0, 1.0)

    def _random_actions(self, state: Tensor) -> Tensor:
        shape = (*state.shape[:2], self.task.action_size)
        return torch.rand(shape, generator=self.generator, device=self.device) * 2.0 - 1.0

    def learn(self, step: Batch, used: float) -> Metrics | None:
        """Remember a step of all worlds, and make one update once there is enough to learn from."""
        self.replay.add(step)
        self.transitions += len(step.reward)
        if self.transitions < self.config.warmup_transitions:
            return None
        metrics = self.update()
        if self.updates % ANNEAL_EVERY_UPDATES == 1:
            self._anneal(used)
        return metrics

    def update(self) -> Metrics:
        """One step of critic, actor and targets; returns what to log."""
        self.updates += 1
        batch = self.replay.sample(self.rng, self.config.batch)
        if self.config.relabel:
            batch = batch.relabelled(self.generator)
        state = self.inputs.features(batch.state)
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

    def _anneal(self, used: float) -> None:
        """The policy settles at the end of the budget."""
        config, last = self.config, self.config.final_learning_rate
        anneal(self.actor_optimizer, config.actor_learning_rate, last, used)
        anneal(self.critic_optimizer, config.critic_learning_rate, last, used)

    @torch.no_grad()
    def critic_target(self, batch: Batch) -> Tensor:
        """y (B,) = r + γ·Q'(s', a') where the episode goes on."""
        actions = self.target_actor(self.task.observe(batch.next_state))
        value = self.target_critic(self.inputs.features(batch.next_state), actions)
        return temporal_difference_target(batch.reward, batch.alive, value, self.config.gamma)

    def critic_loss(self, state: Tensor, batch: Batch, target: Tensor) -> Tensor:
        """Mean squared error of Q(s, a)."""
        return functional.mse_loss(self.critic(state, batch.actions), target)

    def actor_loss(self, state: Tensor, batch: Batch) -> Tensor:
        """−Q(s, π(s)): the gradient goes through the actions of all robots at once."""
        value: Tensor = self.critic(state, self.actor(self.task.observe(batch.state))).mean()
        return -value

    def state_dict(self) -> dict[str, Any]:
        """Weights, optimiser moments, memory, the state of the random generator and the counters."""
        modules = {name: module.state_dict() for name, module in self._stateful().items()}
        counters = {"updates": self.updates, "transitions": self.transitions}
        return {**modules, **counters, "generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        for name, module in self._stateful().items():
            module.load_state_dict(state[name])
        self.generator.set_state(state["generator"])
        self.updates, self.transitions = state["updates"], state["transitions"]

    def _stateful(self) -> dict[str, Any]:
        """Everything with a `state_dict`, by attribute name."""
        kinds = (nn.Module, torch.optim.Optimizer, Replay)
        return {name: value for name, value in vars(self).items() if isinstance(value, kinds)}

    def _step(self, optimizer: torch.optim.Optimizer, module: nn.Module, loss: Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(module.parameters(), self.config.gradient_clip)
        optimizer.step()


def temporal_difference_target(reward: Tensor, alive: Tensor, next_value: Tensor, gamma: float) -> Tensor:
    """r + γ·Q' where the episode goes on, r where it has ended."""
    return reward + gamma * alive * next_value
