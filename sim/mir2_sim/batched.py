"""Many worlds of one task stepped together in PyTorch, for training."""

from typing import Any, NamedTuple

import array_api_compat.torch
import numpy as np
import torch
from mir2_core.tasks import Rendezvous, RendezvousParams, task_type
from torch import Tensor


def torch_task(name: str, params: RendezvousParams, device: str = "cpu") -> Rendezvous:
    """The task of that name on float32 tensors."""

    def asarray(values: Any) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=device)

    return task_type(name)(params, xp=array_api_compat.torch, asarray=asarray)


class Step(NamedTuple):
    """What one step of all worlds brought; `poses` are those before any world starts anew."""

    poses: Tensor  # (B, N, 3)
    reward: Tensor  # (B,)
    gathered: Tensor  # (B,) the task is done: nothing follows
    truncated: Tensor  # (B,) only the time is up: more would follow


class BatchedWorld:
    """B worlds; one that ends starts anew at once.

    `poses` (B, N, 3) is where the robots are now; `begins` (B,) tells where an episode begins.
    """

    def __init__(self, task: Rendezvous, batch: int, rng: np.random.Generator) -> None:
        self.task = task
        self._rng = rng
        self.poses = self._starts(batch)
        # Worlds start at different ages, so that they do not all end at once.
        self.age = torch.as_tensor(rng.integers(0, task.params.horizon, batch), device=self.poses.device)
        self.begins = torch.ones_like(self.age, dtype=torch.bool)

    def step(self, actions: Tensor) -> Step:
        """Move all robots by `actions` (B, N, A)."""
        task = self.task
        poses = task.step(self.poses, actions)
        reward, gathered = task.outcome(poses, actions)
        self.age += 1
        truncated = (self.age >= task.params.horizon) & ~gathered
        result = Step(poses, reward, gathered, truncated)
        self.begins = gathered | truncated
        self.poses = self._restart(poses, self.begins)
        return result

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on from here."""
        return {"poses": self.poses, "age": self.age, "begins": self.begins, "rng": self._rng.bit_generator.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.poses, self.age = state["poses"].to(self.poses), state["age"].to(self.age)
        self.begins = state["begins"].to(self.begins)
        self._rng.bit_generator.state = state["rng"]

    def _restart(self, poses: Tensor, ended: Tensor) -> Tensor:
        count = int(ended.sum())
        if not count:
            return poses
        poses = poses.clone()
        poses[ended] = self._starts(count)
        self.age[ended] = 0
        return poses

    def _starts(self, count: int) -> Tensor:
        poses: Tensor = self.task.asarray(self.task.reset(self._rng, count))
        return poses
