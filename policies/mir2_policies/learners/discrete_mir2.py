"""MIR2 for discrete actions, on the same backbone: one-hot actions, sampled so that gradients pass through them.

The actor samples by the straight-through Gumbel-softmax (Jang et al., ICLR 2017), and the information is bounded with
a categorical q(a | s). `learn_matching` shows it on a game whose information is known exactly.
"""

from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mir2_policies.learners.club import CategoricalClub
from mir2_policies.learners.discrete_game import MatchingGame
from mir2_policies.learners.mir2 import Mir2States, Mir2StatesConfig
from mir2_policies.learners.networks import Actor
from mir2_policies.learners.replay import Batch

WORLDS = 64
WARMUP = 100  # collected before the first update, in batches of games


class CategoricalActor(Actor):
    """Observation (..., O) to a sampled label (..., L): one-hot forward, softmax backward."""

    def forward(self, observation: Tensor) -> Tensor:
        """A sample of the policy."""
        return functional.gumbel_softmax(self.body(observation), hard=True)

    def probabilities(self, observation: Tensor) -> Tensor:
        """π(a | o) (..., L)."""
        return torch.softmax(self.body(observation), dim=-1)


class DiscreteMir2(Mir2States):
    """MIR2 with a categorical actor and a categorical q."""

    actor: CategoricalActor

    def __init__(self, config: Mir2StatesConfig, game: MatchingGame, rng: np.random.Generator) -> None:
        super().__init__(config, cast(Any, game), rng)

    def new_actor(self) -> CategoricalActor:
        """A policy over labels."""
        return CategoricalActor(self.task.observation_size, self.task.action_size, self.config.hidden)

    def new_club(self) -> CategoricalClub:
        """q(a | s), a product over the robots."""
        robots = self.task.joint_action_size // self.task.action_size
        return CategoricalClub(self.task.critic_size, robots, self.task.action_size, self.config.club_hidden)

    @torch.no_grad()
    def explore(self, poses: Tensor, begins: Tensor) -> Tensor:
        """The policy's actions: it explores by being random."""
        actions: Tensor = self.actor(self.task.observe(poses))
        return actions


def learn_matching(penalty_weight: float, updates: int, seed: int = 0) -> tuple[MatchingGame, DiscreteMir2]:
    """Train a team on the matching game, one update for every 32 games; the settings are made for this game."""
    game, generator = MatchingGame(), torch.Generator().manual_seed(seed)
    config = Mir2StatesConfig(
        penalty_ramp_updates=1,  # else the team has made up its mind before the penalty is felt
        penalty_weight=penalty_weight,
        hidden=(64, 64),
        actor_batch=256,
        actor_learning_rate=1e-4,
        critic_learning_rate=3e-3,
        club_learning_rate=3e-3,
        club_batch=256,
        warmup_transitions=(WARMUP + 1) * WORLDS,
        replay_transitions=10_000,
        worlds=WORLDS,
    )
    learner = DiscreteMir2(config, game, np.random.default_rng(seed))
    for _ in range(WARMUP + updates):
        hints, hidden = game.reset(generator, WORLDS)
        actions = learner.explore(hints, torch.ones(WORLDS, dtype=torch.bool))
        learner.learn(Batch(hints, actions, game.reward(actions, hidden), hints, torch.zeros(WORLDS)), used=0.0)
    return game, learner


@torch.no_grad()
def exact_information(game: MatchingGame, actor: CategoricalActor) -> float:
    """I(s; a) in nats of the joint action, from the probabilities of all states and actions."""
    states, weight = game.all_states()
    each = actor.probabilities(game.observe(states))
    joint = torch.einsum("sa,sb,sc->sabc", *each.unbind(dim=1)).flatten(1)
    marginal = weight @ joint
    information = weight @ (torch.xlogy(joint, joint) - torch.xlogy(joint, marginal)).sum(dim=-1)
    return float(information)
