"""The attacker: traitors who learn what hurts a frozen team most.

Victims and world are differentiable, so the traitors' actor descends the team's return itself: over windows of some
steps, as in short-horizon actor-critic (Xu et al., ICLR 2022) but without a critic.
"""

from typing import Any

import numpy as np
import torch
from mir2_core.traitors.sight import Sight
from mir2_core.traitors.trained import REPORT_SIZE, to_deed
from mir2_core.traitors.traitor import Deed, Situation
from mir2_sim.batched import BatchedWorld
from torch import Tensor, nn

from mir2_policies.attacks.config import AttackConfig
from mir2_policies.attacks.duel import tamed
from mir2_policies.attacks.threats import THREATS
from mir2_policies.evaluation.episodes import Act, Arena
from mir2_policies.learners.learner import Metrics
from mir2_policies.learners.networks import Actor, anneal

INITIAL_SCALE = 0.1  # of the usual last weights, so that the rule that the actor begins as shows


class Attacker:
    """The traitors' network and how it learns; called, it is a `Traitor`."""

    def __init__(self, config: AttackConfig, arena: Arena, victims: Act, rng: np.random.Generator) -> None:
        self.config = config
        self.arena = arena
        self.victims = victims
        self.rng = rng
        self.threat = THREATS[config.threat]
        self.sight = Sight(arena.task, config.robots)
        output_size = arena.task.action_size + REPORT_SIZE * self.threat.reports(arena.task.params.robots)
        torch.manual_seed(int(rng.integers(2**63)))  # initial weights
        self.actor = Actor(self.sight.size, output_size, config.hidden)
        with torch.no_grad():
            for parameter in self.actor.body[-1].parameters():
                parameter.mul_(INITIAL_SCALE)
        self.optimizer = torch.optim.Adam(self.actor.parameters(), config.learning_rate)

    def __call__(self, situation: Situation) -> Deed:
        """What the traitors do and report."""
        return self.act(situation.poses, situation.step)

    def act(self, poses: Tensor, steps: Any) -> Deed:
        """What the traitors do and report in `poses` (B, N, 3) after `steps`, one number or (B,)."""
        return to_deed(self.arena.task, self.actor(self.observe(poses, steps)))

    def observe(self, poses: Tensor, steps: Any) -> Tensor:
        """What the traitors see (B, K, O)."""
        seen: Tensor = self.sight(poses, steps)
        return seen

    @torch.no_grad()
    def begin_as(self, rule: Tensor) -> None:
        """Act as a linear rule (A or A + 3, O) does: ReLU passes a number's positive and its negative part."""
        first, *middle, last = [layer for layer in self.actor.body if isinstance(layer, nn.Linear)]
        size = len(rule)
        both = torch.cat([torch.eye(size), -torch.eye(size)])
        first.weight[: 2 * size], first.bias[: 2 * size] = both @ rule, 0.0
        for layer in middle:
            layer.weight[: 2 * size], layer.bias[: 2 * size] = 0.0, 0.0
            layer.weight[: 2 * size, : 2 * size] = torch.eye(2 * size)
        last.weight[:, : 2 * size], last.bias[:] = both.T, 0.0

    def update(self, world: BatchedWorld, used: float = 0.0) -> Metrics:
        """Let a window of time pass in the world and step against its return; returns what to log."""
        anneal(self.optimizer, self.config.learning_rate, self.config.final_learning_rate, used)
        earned = torch.zeros(())
        for _ in range(self.config.window):
            reward = self._advance(world)
            earned = earned + reward.sum()
        if self.config.tail:
            earned = earned + self.config.tail * reward.sum()
        self.optimizer.zero_grad(set_to_none=True)
        earned.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.actor.parameters(), self.config.gradient_clip)
        self.optimizer.step()
        world.state = world.state.detach()
        return {"return": earned.item() / len(world.state), "gradient": norm.item()}

    def state_dict(self) -> dict[str, Any]:
        """Weights, optimiser moments and the state of the random generator."""
        rng = self.rng.bit_generator.state
        return {"actor": self.actor.state_dict(), "optimizer": self.optimizer.state_dict(), "rng": rng}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.actor.load_state_dict(state["actor"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.rng.bit_generator.state = state["rng"]

    def _advance(self, world: BatchedWorld) -> Tensor:
        """One step of all worlds; the reward (B,) that the threat is aimed at."""
        arena, poses = self.arena, world.state
        done = self.act(poses, world.age.clone())
        believed = tamed(arena.seen(poses, done.reported), self.config.sight_gradient_clip)
        actions = self.victims(arena.observe(believed))
        actions = arena.replaced(actions, done.actions)
        step = world.step(actions)
        reward: Tensor = arena.benign_reward(step.state, actions) if self.threat.benign_only else step.reward
        return reward
