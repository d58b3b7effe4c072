"""Attacks that need no search: the scripts of `mir2_core.traitors`, and a grid of simple lies."""

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from mir2_core.traitors import ACTS, TRAITORS
from mir2_core.traitors.traitor import Traitor
from torch import Tensor

from mir2_policies.attacks.duel import Duel
from mir2_policies.attacks.families.family import Family, Known, clock_s, named
from mir2_policies.attacks.numbers import Numbers, NumbersTraitor, returns_of

BEYOND_M = (-0.3, 0.1, 0.2, 0.3, 0.6, 1.2)  # from the robot that is followed; negative: towards the others
HEADINGS_RAD = (0.0, 0.5 * math.pi, math.pi)  # from the direction away from the others
SWITCHES = (0.0, 0.04, 0.1, 0.5, 1.0)  # a step
JUMPS = (
    Numbers(along_gain=-1.0),  # at the mean place of the others
    Numbers(along_gain=-2.0),  # mirrored at it
    Numbers(along_gain=-2.0, switches=1.0),
    Numbers(along_m=0.3, turn_rad=math.pi),  # before and behind in turn
    Numbers(along_m=1.0, turn_rad=math.pi),
    Numbers(along_m=1.0, turn_rad=0.5 * math.pi),
    Numbers(along_m=1.0, turn_rad=0.1),
    Numbers(across_m=1.0, turn_rad=math.pi),
    Numbers(across_gain=1.0, turn_rad=math.pi),
    Numbers(along_gain=1.0),
    Numbers(along_gain=1.0, switches=0.1),
    *(Numbers(facing=way, along_m=m) for way in (1.0, -1.0) for m in (-0.1, 0.0, 0.1, 0.3)),
    *(Numbers(facing=way, left_m=m) for way in (1.0, -1.0) for m in (-0.3, 0.3)),
)
FOLLOWED = 3  # at most so many robots are followed from the beginning
FIRST_STARTS = 12  # of all; those that are left then play on all starts
LEFT_AFTER_FIRST = 12
PART = 48  # of the grid, between two looks at the clock


class Scripts(Family):
    """Every script, then the grid: all on a few starts, the worst on all."""

    share = 0.1

    def __init__(self, duel: Duel, known: Known) -> None:
        super().__init__(duel, known)
        self._best: tuple[float, str | Tensor] = (math.inf, "")
        self._tried, self._grid = 0, grid(duel)
        self._order = torch.randperm(len(self._grid), generator=torch.Generator().manual_seed(duel.seed))

    def search(self, seconds: float) -> Iterator[float]:
        """Every script; of the grid, a random part where the time is short."""
        begun, starts = clock_s(), self.selection_starts()
        for name, traitor in self._registered().items():
            self._note(float(self.duel.returns(traitor, starts).mean()), name)
        yield self._best[0]
        few, tried = starts[:FIRST_STARTS], []
        for part in torch.split(self._grid[self._order], PART):
            tried.append(returns_of(self.duel, part, few).mean(dim=1))
            if clock_s() - begun >= seconds:
                break
        first = torch.cat(tried)
        self._tried, self.exhausted = len(first), len(first) == len(self._grid)
        for index in torch.split(first.argsort()[:LEFT_AFTER_FIRST], 4):
            numbers = self._grid[self._order[index]]
            for left, each in zip(returns_of(self.duel, numbers, starts).mean(dim=1).tolist(), numbers, strict=True):
                self.known.add(left, each)
                self._note(left, each)
            yield self._best[0]

    def returns(self) -> Tensor:
        """Of the worst script."""
        what = self._best[1]
        traitor: Traitor = TRAITORS[what] if isinstance(what, str) else NumbersTraitor(self.duel, what)
        return self.duel.returns(traitor, self.fresh_starts())

    def found(self) -> dict[str, Any]:
        """Its name, or its numbers."""
        what = self._best[1]
        worst: dict[str, Any] = {"script": what} if isinstance(what, str) else {"numbers": named(what)}
        return worst | {"tried": len(self._registered()) + self._tried}

    def _registered(self) -> Mapping[str, Traitor]:
        return TRAITORS if self.duel.threat.lies else ACTS

    def _note(self, left: float, what: str | Tensor) -> None:
        self._best = min(self._best, (left, what), key=lambda pair: pair[0])


def grid(duel: Duel) -> Tensor:
    """Simple numbers (C, K, SIZE): all traitors alike but that each follows another robot."""
    count, traitors = len(duel.arena.benign), len(duel.arena.robots)
    two_faced = duel.threat.two_faced
    followed = range(1 if two_faced else min(count, FOLLOWED))
    headings = HEADINGS_RAD if duel.threat.lies else HEADINGS_RAD[:1]
    beyond = itertools.product(followed, BEYOND_M, headings, SWITCHES)
    rows = [Numbers(first / count, along_m=d, heading_rad=h, switches=s) for first, d, h, s in beyond]
    rows += [row._replace(whom=first / count) for first in followed for row in JUMPS]
    alike = torch.tensor(rows)[:, None].repeat(1, traitors, 1)
    if not two_faced:
        alike[:, :, 0] = (alike[:, :, 0] + (torch.arange(traitors) + 0.5) / count) % 1.0
    return alike
