"""Many worlds of one task stepped together in PyTorch, for training."""

from collections.abc import Callable
from typing import Any, NamedTuple

import array_api_compat.torch
import numpy as np
import torch
from mir2_core.tasks import Task, TaskParams, task_type
from torch import Tensor


def float_tensors(device: str = "cpu") -> tuple[Any, Callable[[Any], Tensor]]:
    """`xp` and `asarray` of a task on float32 tensors."""

    def asarray(values: Any) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=device)

    return array_api_compat.torch, asarray


def torch_task(name: str, params: TaskParams, device: str = "cpu") -> Task:
    """The task of that name on float32 tensors."""
    return task_type(name).task(params, *float_tensors(device))


class Step(NamedTuple):
    """What one step of all worlds brought; `state` is that before any world starts anew."""

    state: Tensor  # (B, N, S)
    reward: Tensor  # (B,)
    done: Tensor  # (B,) the task is done: nothing follows
    truncated: Tensor  # (B,) only the time is up: more would follow


class BatchedWorld:
    """B worlds; one that ends starts anew at once.

    `state` (B, N, S) is that of the worlds now; `begins` (B,) tells where an episode begins.
    """

    def __init__(self, task: Task, batch: int, rng: np.random.Generator) -> None:
        self.task = task
        self._rng = rng
        self.state = self._starts(batch)
        # Worlds start at different ages, so that they do not all end at once.
        self.age = torch.as_tensor(rng.integers(0, task.params.horizon, batch), device=self.state.device)
        self.begins = torch.ones_like(self.age, dtype=torch.bool)

    def step(self, actions: Tensor) -> Step:
        """Move all robots by `actions` (B, N, A)."""
        task = self.task
        state = task.step(self.state, actions)
        reward, done = task.outcome(state, actions)
        self.age += 1
        truncated = (self.age >= task.params.horizon) & ~done
        result = Step(state, reward, done, truncated)
        self.begins = done | truncated
        self.state = self._restart(state, self.begins)
        return result

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on from here."""
        return {"state": self.state, "age": self.age, "begins": self.begins, "rng": self._rng.bit_generator.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.state, self.age = state["state"].to(self.state), state["age"].to(self.age)
        self.begins = state["begins"].to(self.begins)
        self._rng.bit_generator.state = state["rng"]

    def _restart(self, state: Tensor, ended: Tensor) -> Tensor:
        count = int(ended.sum())
        if not count:
            return state
        state = state.clone()
        state[ended] = self._starts(count)
        self.age[ended] = 0
        return state

    def _starts(self, count: int) -> Tensor:
        state: Tensor = self.task.asarray(self.task.reset(self._rng, count))
        return state
