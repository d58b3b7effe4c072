"""The attacker: traitors who learn what hurts a frozen team most.

Victims and world are differentiable, so the traitors' actor descends the team's return itself: over windows of some
steps, as in short-horizon actor-critic (Xu et al., ICLR 2022) but without a critic.
"""

from typing import Any

import numpy as np
import torch
from mir2_core.traitors.sight import Sight
from mir2_core.traitors.trained import to_deed
from mir2_core.traitors.traitor import Deed, Situation
from mir2_sim.batched import BatchedWorld
from torch import Tensor, nn

from mir2_policies.attacks.actor import TraitorActor
from mir2_policies.attacks.config import AttackConfig
from mir2_policies.attacks.duel import Duel, State, mapped, tensors
from mir2_policies.learners.learner import Metrics
from mir2_policies.learners.networks import anneal

INITIAL_SCALE = 0.1  # of the usual last weights, so that the rule that the actor begins as shows


class Attacker:
    """The traitors' network and how it learns; called, it is a `Traitor`."""

    def __init__(self, config: AttackConfig, duel: Duel, rng: np.random.Generator) -> None:
        self.config = config
        self.duel = duel
        self.rng = rng
        self.sight = Sight(duel.task, config.robots)
        torch.manual_seed(int(rng.integers(2**63)))  # initial weights
        self.actor = TraitorActor(duel, config.hidden)
        with torch.no_grad():
            for parameter in self.actor.body[-1].parameters():
                parameter.mul_(INITIAL_SCALE)
        self.optimizer = torch.optim.Adam(self.actor.parameters(), config.learning_rate)
        self._state: State | None = None  # of the worlds that are trained in
        self._heard: list[Tensor] = []  # in them, before a resumption

    def __call__(self, situation: Situation) -> Deed:
        """What the traitors do and report."""
        return self.act(situation.poses, situation.step)

    def act(self, poses: Tensor, steps: Any) -> Deed:
        """What the traitors do and report in `poses` (B, N, 3) after `steps`, one number or (B,)."""
        return to_deed(self.duel.task, self.actor(self.observe(poses, steps)))

    def observe(self, poses: Tensor, steps: Any) -> Tensor:
        """What the traitors see (B, K, O)."""
        seen: Tensor = self.sight(poses, steps)
        return seen

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
        self._state = mapped(self._state, torch.Tensor.detach)
        return {"return": earned.item() / len(world.state), "gradient": norm.item()}

    def state_dict(self) -> dict[str, Any]:
        """Weights, optimiser moments and the state of the random generator."""
        rng = self.rng.bit_generator.state
        hearing = tensors(self._state.hearing) if self._state else self._heard
        own = {"actor": self.actor.state_dict(), "optimizer": self.optimizer.state_dict()}
        return own | {"rng": rng, "hearing": hearing}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self._heard = list(state["hearing"])
        self.actor.load_state_dict(state["actor"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.rng.bit_generator.state = state["rng"]

    def _advance(self, world: BatchedWorld) -> Tensor:
        """One step of all worlds; the reward (B,) that the threat is aimed at."""
        state = self._listening(world)
        actions, hearing = self.duel.act(state, self.act(world.state, world.age.clone()))
        step = world.step(actions)
        fresh = self.duel.begin(world.state).hearing
        begins = iter(tensors(fresh))

        def anew(heard: Tensor) -> Tensor:
            begun = world.begins.reshape(-1, *[1] * (heard.ndim - 1))
            return torch.where(begun, next(begins), heard)

        self._state = State(world.state, mapped(hearing, anew))
        return self.duel.aimed_reward(step.state, actions, step.reward)

    def _listening(self, world: BatchedWorld) -> State:
        """The worlds and what was heard in them; after a resumption, what had been heard before."""
        if self._state is None:
            self._state = self.duel.begin(world.state)
            if self._heard:
                before = iter(self._heard)
                self._state = State(world.state, mapped(self._state.hearing, lambda _: next(before)))
        return State(world.state, self._state.hearing)
