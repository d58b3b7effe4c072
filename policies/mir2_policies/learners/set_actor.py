"""The actor for teams of any size: all allies go through one encoder, then a trimmed mean of what is present.

The robot is one of those that are pooled, with numbers that it has learned. So there is always something to pool, and
one more that no ally decides.
"""

from collections.abc import Sequence

import torch
from mir2_core.tasks import Observation, Task
from torch import Tensor, nn

from mir2_policies.learners.config import ActorConfig
from mir2_policies.learners.networks import Actor

ABSENT_BELOW = 0.5
OUT_OF_REACH = 1e6  # of an encoder; not so large that single precision would lose what it is subtracted from


class SetActor(Actor):
    """Observation (..., O) of a robot and any number of allies, in any order, to action (..., A) in [−1, 1]."""

    def __init__(
        self, observe: Observation, action_size: int, hidden: Sequence[int], *, encoder: int, trim: int
    ) -> None:
        self.own_size = sum(term.size for term in observe.own_terms)
        self.ally_size = sum(term.size for term in observe.ally_terms)
        self.trim = trim
        super().__init__(self.own_size + encoder, action_size, hidden)
        self.encoder = nn.Linear(self.ally_size - 1, encoder)
        self.itself = nn.Parameter(torch.zeros(encoder))

    def forward(self, observation: Tensor) -> Tensor:
        """The deterministic action."""
        own, allies = observation[..., : self.own_size], observation[..., self.own_size :]
        pooled = self.pooled(allies.reshape(*allies.shape[:-1], -1, self.ally_size))
        return super().forward(torch.cat([own, pooled], dim=-1))

    def pooled(self, allies: Tensor) -> Tensor:
        """What allies (..., M, F) and the robot itself come to (..., E)."""
        present = (allies[..., :1] > ABSENT_BELOW).to(allies)
        encoded = self.encoder(allies[..., 1:]).relu()
        everybody = torch.cat([self.itself.expand(*encoded.shape[:-2], 1, -1), encoded], dim=-2)
        return trimmed_mean(everybody, torch.cat([torch.ones_like(present[..., :1, :]), present], dim=-2), self.trim)


def trimmed_mean(values: Tensor, present: Tensor, trim: int) -> Tensor:
    """The mean (..., E) of values (..., M, E) where `present` (..., M, 1) is 1, without the extremes of each column.

    The `trim` largest and the `trim` smallest are dropped, fewer where less than one would be left: of one or two that
    are present, it is the mean. With as many liars or fewer, among 2·`trim` + 1 or more, it is within the range of the
    others.
    """
    count, total = present.sum(dim=-2, keepdim=True), (present * values).sum(dim=-2, keepdim=True)
    most = min(trim, values.shape[-2])
    if most:
        away = OUT_OF_REACH * (1.0 - present)
        largest, smallest = _largest(values - away, most), -_largest(-values - away, most)
        ranks = torch.arange(most, device=values.device)[:, None]
        dropped = (count - 2.0 * (ranks + 1)).clamp(0.0, 1.0)
        total = total - (dropped * (largest + smallest)).sum(dim=-2, keepdim=True)
        count = count - 2.0 * dropped.sum(dim=-2, keepdim=True)
    return (total / count).squeeze(-2)


def _largest(values: Tensor, count: int) -> Tensor:
    """The largest of each column, in falling order; a single one is found many times faster."""
    return values.amax(dim=-2, keepdim=True) if count == 1 else values.topk(count, dim=-2).values


def new_actor(config: ActorConfig, task: Task) -> Actor:
    """The policy of a learner: for any team if the task's observation is."""
    if not task.observe.ally_terms:
        return Actor(task.observe.size, task.action_size, config.hidden)
    return SetActor(task.observe, task.action_size, config.hidden, encoder=config.encoder, trim=config.trim)
