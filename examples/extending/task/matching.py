"""A task: a coordination game with discrete actions, small enough to know every quantity exactly.

Each robot gets a hint of a hidden label, tells it to the others, and all choose a label at the same time. They earn for
choosing the hidden label and for choosing the same. A team that follows the hints earns most while all are honest; one
that always chooses the same label earns less, and nothing that an ally says can set it at odds.

    python -m examples.extending.task.matching
"""

from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np
from mir2_core.tasks import TASKS, Observation, ObservationBlock, ObservationTerm, TaskParams, TaskType
from mir2_core.tasks.base import ActionKind
from mir2_core.tasks.geometry import Array
from pydantic import Field


class MatchingParams(TaskParams):
    """The rules of the game; a hint is the hidden label, or else a random one."""

    robots: int = Field(default=3, ge=2, le=64)
    horizon: int = Field(default=1, ge=1, le=1)
    dt_s: float = Field(default=1.0, gt=0.0)
    labels: int = Field(default=3, ge=2, le=64)
    hint_rate: float = Field(default=0.8, ge=0.0, le=1.0)
    agreement: float = Field(default=0.5, ge=0.0, description="its worth against choosing the hidden label")


class Matching:
    """The game; row i of a state holds robot i's hint, then the hidden label, each as a one-hot vector."""

    name: ClassVar[str] = "matching"
    robot_kind: ClassVar[str] = "none"
    action_kind: ClassVar[ActionKind] = "labels"
    action_meaning: ClassVar[str] = "the label that is chosen"

    def __init__(self, params: MatchingParams, xp: Any = np, asarray: Callable[[Any], Array] = np.asarray) -> None:
        self.params, self.xp, self.asarray = params, xp, asarray
        self.action_size, self.state_size = params.labels, 2 * params.labels
        robots = np.arange(params.robots)
        allies = (robots[:, None] + robots[1:]) % params.robots  # robot i hears i + 1, i + 2, ...
        self._pick_allies = asarray(np.eye(params.robots)[allies])  # (N, N − 1, N)
        own = (ObservationTerm("hint", params.labels, "1", 1.0),)
        told = tuple(ObservationTerm(f"ally_{k}_hint", params.labels, "1", 1.0) for k in robots[1:])
        blocks = (ObservationBlock(own, self.hints), ObservationBlock(told, self._told, of_allies=True))
        self.observe = Observation(xp, blocks)

    def of_size(self, robots: int) -> Self:
        """The same game for a team of another size."""
        params = MatchingParams.model_validate(self.params.model_dump() | {"robots": robots})
        return type(self)(params, self.xp, self.asarray)

    def hints(self, state: Array) -> Array:
        """Every robot's own hint (B, N, L)."""
        return state[..., : self.params.labels]

    def _told(self, state: Array) -> Array:
        """The allies' hints (B, N, (N − 1)·L)."""
        heard = self._pick_allies @ self.hints(state)[:, None]
        return self.xp.reshape(heard, (*state.shape[:2], -1))

    def reset(self, rng: np.random.Generator, batch: int = 1) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Fresh NumPy states (B, N, 2·L)."""
        shape, one_hot = (batch, self.params.robots), np.eye(self.params.labels)
        hidden = np.broadcast_to(rng.integers(self.params.labels, size=(batch, 1)), shape)
        random = rng.integers(self.params.labels, size=shape)
        hints = np.where(rng.random(shape) < self.params.hint_rate, hidden, random)
        return np.concatenate([one_hot[hints], one_hot[hidden]], axis=-1)

    def step(self, state: Array, actions: Array) -> Array:
        """The state as it was: a choice changes no hint."""
        return state

    def reward(self, state: Array, actions: Array) -> Array:
        """Share (B,) of the robots that choose the hidden label, plus the weighted share of pairs that agree."""
        hidden = state[..., self.params.labels :]
        right = self.xp.mean(self.xp.sum(actions * hidden, axis=-1), axis=-1)
        return right + self.params.agreement * self.agreement(actions)

    def agreement(self, actions: Array) -> Array:
        """Share (B,) of the pairs of robots that choose the same label; actions (B, N, L) are one-hot."""
        robots = self.params.robots
        chosen = self.xp.sum(actions, axis=-2)
        return (self.xp.sum(chosen * chosen, axis=-1) - robots) / (robots * (robots - 1))

    def done(self, state: Array, actions: Array) -> Array:
        """Always: a game has one step."""
        return self.xp.ones_like(state[:, 0, 0]) > 0.0

    def outcome(self, state: Array, actions: Array) -> tuple[Array, Array]:
        """`reward` and `done`."""
        return self.reward(state, actions), self.done(state, actions)


TASKS[Matching.name] = TaskType(MatchingParams, Matching)

if __name__ == "__main__":
    game = Matching(MatchingParams())
    states = game.reset(np.random.default_rng(0), 10_000)
    hints, same = game.hints(states), np.broadcast_to(np.eye(3)[0], (10_000, 3, 3))
    print(f"following the hints earns {game.reward(states, hints).mean():.2f}")
    print(f"always the same label earns {game.reward(states, same).mean():.2f}")
