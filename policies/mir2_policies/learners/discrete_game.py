"""A coordination game with discrete actions: small enough to know every quantity exactly.

Each of three robots gets a hint of a hidden label, tells it to the others, and all choose a label at the same time.
They earn for choosing the hidden label and for choosing the same. A team that follows the hints earns most while all
are honest; one that always chooses the same label earns less, and nothing that an ally says can set it at odds.
"""

import itertools
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

ROBOTS = 3
LABELS = 3  # as many as a pose has numbers: the memory of transitions holds a hint in place of a pose
HINT_RATE = 0.8  # a hint is the hidden label, or else a random one
AGREEMENT = 0.5  # what it is worth against choosing the hidden label


class MatchingParams(NamedTuple):
    """The size of the team."""

    robots: int = ROBOTS


class MatchingGame:
    """B games of one step; a state (B, N, L) holds the hints as one-hot vectors."""

    params = MatchingParams()
    action_size = LABELS
    observation_size = critic_size = joint_action_size = ROBOTS * LABELS
    effects_size = 0

    def reset(self, generator: torch.Generator, batch: int) -> tuple[Tensor, Tensor]:
        """Hints (B, N, L) and hidden labels (B,)."""
        hidden = torch.randint(LABELS, (batch,), generator=generator)
        random = torch.randint(LABELS, (batch, ROBOTS), generator=generator)
        honest = torch.rand(batch, ROBOTS, generator=generator) < HINT_RATE
        return functional.one_hot(torch.where(honest, hidden[:, None], random), LABELS).float(), hidden

    def observe(self, hints: Tensor) -> Tensor:
        """Observations (B, N, N·L) when every robot tells everyone the same."""
        return self.observe_heard(hints[:, None].expand(-1, ROBOTS, -1, -1))

    def observe_heard(self, heard: Tensor) -> Tensor:
        """Observations of the hints (B, N, N, L) that robot i heard from robot j, its own hint first."""
        order = (torch.arange(ROBOTS)[:, None] + torch.arange(ROBOTS)) % ROBOTS
        return heard[:, torch.arange(ROBOTS)[:, None], order].flatten(-2)

    def critic_features(self, hints: Tensor) -> Tensor:
        """All hints (B, N·L)."""
        return hints.flatten(1)

    def action_effects(self, features: Tensor, actions: Tensor) -> Tensor:
        """Nothing (..., 0): a choice of labels changes no hint."""
        return actions.flatten(-2)[..., :0]

    def reward(self, actions: Tensor, hidden: Tensor) -> Tensor:
        """Share (B,) of the robots that choose the hidden label, plus the weighted share of pairs that agree."""
        right = (actions * functional.one_hot(hidden, LABELS)[:, None]).sum(dim=-1).mean(dim=1)
        return right + AGREEMENT * self.agreement(actions)

    def agreement(self, actions: Tensor) -> Tensor:
        """Share (B,) of the pairs of robots that choose the same label; actions (B, N, L) are one-hot."""
        same = actions @ actions.transpose(1, 2)
        return (same.sum(dim=(1, 2)) - ROBOTS) / (ROBOTS * (ROBOTS - 1))

    def lie(self, hints: Tensor, generator: torch.Generator) -> Tensor:
        """What is heard (B, N, N, L) when robot 0 tells every ally another random label."""
        heard = hints[:, None].repeat(1, ROBOTS, 1, 1)
        random = torch.randint(LABELS, (len(hints), ROBOTS - 1), generator=generator)
        heard[:, 1:, 0] = functional.one_hot(random, LABELS).float()
        return heard

    def all_states(self) -> tuple[Tensor, Tensor]:
        """Every state (S, N, L) and its probability (S,)."""
        labels = np.array(list(itertools.product(range(LABELS), repeat=ROBOTS)))
        rates = HINT_RATE * np.eye(LABELS) + (1.0 - HINT_RATE) / LABELS  # hidden label -> hint
        probability = rates[:, labels].prod(axis=-1).mean(axis=0)
        return functional.one_hot(torch.from_numpy(labels), LABELS).float(), torch.from_numpy(probability).float()
