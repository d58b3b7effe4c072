"""Memory of transitions as states; observations are computed again when they are needed."""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor


class Batch(NamedTuple):
    """Transitions of B worlds; `alive` is 0 where nothing follows the next state."""

    state: Tensor  # (B, N, S)
    actions: Tensor  # (B, N, A)
    reward: Tensor  # (B,)
    next_state: Tensor  # (B, N, S)
    alive: Tensor  # (B,)

    def relabelled(self, generator: torch.Generator) -> "Batch":
        """The same transitions with the robots of each numbered anew: as valid as the recorded ones."""
        batch, robots = self.actions.shape[:2]
        order = torch.rand(batch, robots, generator=generator, device=generator.device).argsort(dim=1)[..., None]

        def shuffle(values: Tensor) -> Tensor:
            return torch.take_along_dim(values, order, dim=1)

        return self._replace(
            state=shuffle(self.state), actions=shuffle(self.actions), next_state=shuffle(self.next_state)
        )


class Replay:
    """The newest `capacity` transitions, in a ring."""

    def __init__(self, capacity: int, robots: int, state_size: int, action_size: int, device: str = "cpu") -> None:
        self._rows = Batch(
            state=torch.zeros(capacity, robots, state_size, device=device),
            actions=torch.zeros(capacity, robots, action_size, device=device),
            reward=torch.zeros(capacity, device=device),
            next_state=torch.zeros(capacity, robots, state_size, device=device),
            alive=torch.zeros(capacity, device=device),
        )
        self._capacity = capacity
        self._added = 0

    def __len__(self) -> int:
        return min(self._added, self._capacity)

    def add(self, batch: Batch) -> None:
        """Remember transitions, forgetting the oldest."""
        count = len(batch.reward)
        rows = (torch.arange(count) + self._added) % self._capacity
        for column, values in zip(self._rows, batch, strict=True):
            column[rows] = values.to(column)
        self._added += count

    def sample(self, rng: np.random.Generator, size: int, newest: int | None = None) -> Batch:
        """Uniform random transitions, of the `newest` ones only if given."""
        window = len(self) if newest is None else min(newest, len(self))
        rows = torch.as_tensor((self._added - 1 - rng.integers(0, window, size)) % self._capacity)
        return Batch(*(column[rows] for column in self._rows))

    def state_dict(self) -> dict[str, Any]:
        """The filled rows and the position in the ring."""
        filled = {name: column[: len(self)].clone() for name, column in self._rows._asdict().items()}
        return {"added": self._added, "rows": filled}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from saved rows."""
        self._added = state["added"]
        for name, column in self._rows._asdict().items():
            column[: len(self)] = state["rows"][name]
