"""The traitors' network: what a rule with numbers does, and what is learned beyond it.

A rule that was found is thus a network too, exactly, and training goes on from the harm that it does (residual policy
learning; Silver et al., 2018; Johannink et al., 2019).
"""

import math
from collections.abc import Sequence

import torch
from mir2_core.tasks import columns
from mir2_core.traitors.sight import Sight
from mir2_core.traitors.trained import FULL, REPORT_SIZE
from torch import Tensor, nn

from mir2_policies.attacks.duel import Duel
from mir2_policies.attacks.numbers import SIZE, deed_of
from mir2_policies.learners.networks import Actor


class TraitorActor(Actor):
    """Observation (..., O) of a `Sight` to what `to_deed` takes: tanh of a network plus a rule with numbers."""

    numbers: Tensor  # (K, SIZE)
    follows: Tensor  # whether the rule is part of it

    def __init__(self, duel: Duel, hidden: Sequence[int]) -> None:
        self.duel, task, robots = duel, duel.task, duel.arena.robots
        sight = Sight(task, robots)
        reports = REPORT_SIZE * duel.threat.reports(task.params.robots)
        self.observation_size = sight.size
        super().__init__(sight.size, task.action_size + reports + duel.threat.mute, hidden)
        self.register_buffer("numbers", torch.zeros(len(robots), SIZE))
        self.register_buffer("follows", torch.tensor(False))
        names = ("place", "heading_cos_sin", "benign_ahead_left", "benign_headings_cos_sin", "used_time", "index")
        self._columns = {name: torch.tensor(columns(sight.terms, name)) for name in names}

    def forward(self, observation: Tensor) -> Tensor:
        """What the traitors do and say."""
        beyond = self.body(observation)
        return torch.tanh(beyond + self._ruled(observation.detach()) if self.follows else beyond)

    @torch.no_grad()
    def begin_as_numbers(self, numbers: Tensor) -> None:
        """Act as the rule with numbers (K, SIZE) does."""
        self.numbers.copy_(numbers)
        self.follows.fill_(True)
        for parameter in self._last().parameters():
            parameter.zero_()

    @torch.no_grad()
    def begin_as(self, rule: Tensor) -> None:
        """Act as a linear rule (outputs, O) does: ReLU passes a number's positive and its negative part."""
        self.follows.fill_(False)
        first, *middle, last = [layer for layer in self.body if isinstance(layer, nn.Linear)]
        size = len(rule)
        both = torch.cat([torch.eye(size), -torch.eye(size)])
        first.weight[: 2 * size], first.bias[: 2 * size] = both @ rule, 0.0
        for layer in middle:
            layer.weight[: 2 * size], layer.bias[: 2 * size] = 0.0, 0.0
            layer.weight[: 2 * size, : 2 * size] = torch.eye(2 * size)
        last.weight[:, : 2 * size], last.bias[:] = both.T, 0.0

    def _last(self) -> nn.Module:
        return self.body[-1]

    def _ruled(self, observation: Tensor) -> Tensor:
        """What the rule adds, from the poses that the observation holds; each traitor is a world of its own."""
        task, half_m = self.duel.task, 0.5 * self.duel.task.params.arena_m
        rows = observation.reshape(-1, observation.shape[-1])
        seen = {name: rows[:, places] for name, places in self._columns.items()}
        cos, sin = seen["heading_cos_sin"][:, :1], seen["heading_cos_sin"][:, 1:]
        place = half_m * (seen["place"] + 1.0)
        ahead, left = half_m * seen["benign_ahead_left"][:, 0::2], half_m * seen["benign_ahead_left"][:, 1::2]
        facing = torch.atan2(seen["benign_headings_cos_sin"][:, 1::2], seen["benign_headings_cos_sin"][:, 0::2])
        x, y = place[:, :1] + ahead * cos - left * sin, place[:, 1:] + ahead * sin + left * cos
        benign = torch.stack([x, y, facing], dim=-1)
        own = torch.cat([place, torch.atan2(sin, cos)], dim=-1)[:, None]
        numbers = seen["index"][:, self.duel.arena.robots] @ self.numbers
        steps = torch.round(task.params.horizon * seen["used_time"])
        deed = deed_of(self.duel, numbers[:, None], benign, own, steps)
        assert deed.actions is not None
        wanted = [deed.actions[:, 0]]
        if deed.reported is not None:
            told = deed.reported.reshape(-1, self.duel.threat.reports(task.params.robots), REPORT_SIZE)
            turned = ((told[..., 2:] + math.pi) % (2.0 * math.pi) - math.pi) / math.pi
            wanted.append(torch.cat([told[..., :2] / half_m - 1.0, turned], dim=-1).flatten(1))
        if deed.silent is not None:
            wanted.append(torch.where(deed.silent, 1.0, -1.0))
        full = FULL * torch.cat(wanted, dim=-1).clamp(-1.0, 1.0)
        outputs = 0.5 * torch.log((1.0 + full) / (1.0 - full))  # artanh, as the exporter knows it
        return outputs.reshape(*observation.shape[:-1], -1)
