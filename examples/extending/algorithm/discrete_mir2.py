"""An algorithm: MIR2 for tasks whose actions are labels, on the backbone of the others.

The actor samples by the straight-through Gumbel-softmax (Jang et al., ICLR 2017), so that gradients pass through its
one-hot actions, and the information is bounded with a categorical q(a | s).

    python -m examples.extending.algorithm.discrete_mir2 train --algorithm discrete_mir2 --steps 50000
"""

from typing import ClassVar, Literal

import torch
from mir2_core.tasks import Task
from mir2_policies.cli.main import main
from mir2_policies.learners.club import CategoricalClub
from mir2_policies.learners.maddpg import MaddpgConfig
from mir2_policies.learners.mir2 import Mir2States, Mir2StatesConfig
from mir2_policies.learners.networks import Actor
from mir2_policies.learners.registry import ALGORITHMS, Algorithm
from torch import Tensor
from torch.nn import functional

from examples.extending.task.matching import Matching


class DiscreteMir2Config(Mir2StatesConfig):
    """MIR2's settings, made for the matching game."""

    algorithm: Literal["discrete_mir2"] = "discrete_mir2"  # type: ignore[assignment]
    task: str = Matching.name
    penalty_weight: float = 0.3
    penalty_ramp_updates: int = 1  # else the team has made up its mind before the penalty is felt
    hidden: tuple[int, ...] = (64, 64)
    actor_batch: int = 256
    actor_learning_rate: float = 1e-4
    critic_learning_rate: float = 3e-3
    final_learning_rate: float = 1.0
    club_learning_rate: float = 3e-3
    club_batch: int = 256
    warmup_transitions: int = 6400
    replay_transitions: int = 10_000


class CategoricalActor(Actor):
    """Observation (..., O) to a one-hot label (..., L): a sample while it learns, the likeliest once it is frozen."""

    output_operator: ClassVar[str] = "Hardmax"

    def forward(self, observation: Tensor) -> Tensor:
        """The label; of a sample, the gradient is that of the probabilities."""
        logits = self.body(observation)
        if self.training:
            return functional.gumbel_softmax(logits, hard=True)
        return functional.one_hot(logits.argmax(dim=-1), logits.shape[-1]).to(logits)

    def probabilities(self, observation: Tensor) -> Tensor:
        """π(a | o) (..., L)."""
        return torch.softmax(self.body(observation), dim=-1)


class DiscreteMir2(Mir2States):
    """MIR2 with a categorical actor and a categorical q."""

    actor: CategoricalActor

    def new_actor(self) -> CategoricalActor:
        """A policy over labels."""
        return new_actor(self.config, self.task)

    def new_club(self) -> CategoricalClub:
        """q(a | s), a product over the robots."""
        robots, labels = self.task.params.robots, self.task.action_size
        return CategoricalClub(self.inputs.size, robots, labels, self.config.club_hidden)

    @torch.no_grad()
    def explore(self, state: Tensor, begins: Tensor) -> Tensor:
        """The policy's actions: it explores by being random."""
        actions: Tensor = self.actor(self.task.observe(state))
        return actions


def new_actor(config: MaddpgConfig, task: Task) -> CategoricalActor:
    """The policy, before it has learned anything."""
    return CategoricalActor(task.observe.size, task.action_size, config.hidden)


ALGORITHMS["discrete_mir2"] = Algorithm(DiscreteMir2Config, DiscreteMir2, new_actor, actions="labels")

if __name__ == "__main__":
    main()
