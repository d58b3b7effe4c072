"""What the trainer asks of a learning algorithm."""

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor, nn

from mir2_policies.learners.replay import Batch

Metrics = dict[str, float]


class Learner(Protocol):
    """Explores B worlds and learns from what comes of it; how, and what it remembers, is its own business."""

    @property
    def actor(self) -> nn.Module:
        """Observations (..., O) to actions (..., A) in [−1, 1]: the policy that is evaluated and exported."""

    @property
    def networks(self) -> Sequence[nn.Module]:
        """All networks, whose weights must stay finite."""

    def explore(self, state: Tensor, begins: Tensor) -> Tensor:
        """Actions (B, N, A) for collecting experience; `begins` (B,) marks worlds in which an episode begins."""

    def learn(self, step: Batch, used: float) -> Metrics | None:
        """Take in one step of all worlds; what to log, once it learns. `used` is the used fraction of the budget."""

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on from here."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
