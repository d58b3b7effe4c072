"""What the trainer asks of a learning algorithm."""

from collections.abc import Sequence
from typing import Any, Protocol

from mir2_sim.batched import BatchedWorld
from torch import nn

Metrics = dict[str, float]


class Learner(Protocol):
    """Explores B worlds and learns from what comes of it; how, and what it remembers, is its own business."""

    @property
    def actor(self) -> nn.Module:
        """Observations (..., O) to actions (..., A) in [−1, 1]: the policy that is evaluated and exported."""

    @property
    def networks(self) -> Sequence[nn.Module]:
        """All networks, whose weights must stay finite."""

    @property
    def steps(self) -> int:
        """How many steps the worlds make while it advances once."""

    def advance(self, world: BatchedWorld, used: float) -> Metrics | None:
        """Let the worlds make steps; what to log, once it learns. `used` is the used fraction of the budget."""

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on from here."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
