"""Episodes inside one process: one loop for training, evaluation and the check of what robots do on the graph."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mir2_core.bundle import PolicyBundle
from mir2_core.tasks import Task
from mir2_core.tasks.geometry import Array
from mir2_core.types import FloatArray


class Played(NamedTuple):
    """One control step of B worlds."""

    step: int
    before: Array  # (B, N, S) state
    actions: Array  # (B, N, A)
    after: Array  # (B, N, S) state
    reward: Array  # (B,)
    going: Array  # (B,) whether the episode had not ended before the step


def play(
    task: Task,
    act: Callable[[int, Array], Array],
    state: Array,
    steps: int,
    moves: Callable[[int, Array], Array] = lambda _, actions: actions,
) -> Iterator[Played]:
    """Let `act` drive the worlds from a `state` (B, N, S), given step and state, also beyond an episode's end.

    `moves` says which actions move robots that were told others.
    """
    going = task.xp.ones_like(state[:, 0, 0]) > 0.0
    for step in range(steps):
        actions = act(step, state)
        after = task.step(state, moves(step, actions))
        reward, done = task.outcome(after, actions)
        yield Played(step, state, actions, after, reward, going)
        going = going & ~done
        state = after


@dataclass(frozen=True)
class Trajectory:
    """T steps of N robots: `poses` (T + 1, N, 3), `actions` (T, N, 2) and the shared `rewards` (T,)."""

    poses: FloatArray
    actions: FloatArray
    rewards: FloatArray


def rollout(task: Task, policy: PolicyBundle, start_poses: FloatArray, steps: int) -> Trajectory:
    """One episode from `start_poses` (N, 3) as robots do it: each acts on its own observation."""

    def act(_: int, poses: FloatArray) -> FloatArray:
        return np.stack([policy.act(row[None])[0] for row in task.observe(poses)[0]]).astype(np.float64)[None]

    played = list(play(task, act, start_poses[None], steps))
    return Trajectory(
        np.concatenate([start_poses[None], *(step.after for step in played)]),
        np.concatenate([step.actions for step in played]),
        np.concatenate([step.reward for step in played]),
    )
