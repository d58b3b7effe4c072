"""Boxes of reports: where branch and bound looks.

A report is told in three numbers as one robot sees it: distance_m and direction_rad (in the map) of the place that is
reported, and turn_rad, which stands for the heading. Every number that a policy is given of an ally is then a product
of functions of one of them, so that it can be enclosed tightly. Dimensions: M boxes, P liars.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

DISTANCE, DIRECTION, TURN = range(3)
ROUNDING = 1e-12  # more than double precision errs


class Boxes(NamedTuple):
    """Reports of `liar` whose numbers are within `half` of the `middle`."""

    middle: Tensor  # (M, 3)
    half: Tensor  # (M, 3)
    liar: Tensor  # (M,)

    def part(self, which: Tensor) -> "Boxes":
        """Some of them."""
        return Boxes(*(each[which] for each in self))

    def halved(self, which: Tensor) -> "Boxes":
        """Both halves of every box, across number `which` (M,)."""
        smaller = self.half.scatter(1, which[:, None], self.half.gather(1, which[:, None]) / 2.0)
        aside = self.half - smaller
        return Boxes(torch.cat([self.middle - aside, self.middle + aside]), smaller.repeat(2, 1), self.liar.repeat(2))

    def within(self, own: Tensor, arena_m: float) -> "Boxes":
        """Without those, and without distances, that lead from the pose `own` (3,) out of the arena."""
        nearest = (self.middle[:, DISTANCE] - self.half[:, DISTANCE]).clamp(min=0.0)
        furthest = self.middle[:, DISTANCE] + self.half[:, DISTANCE]
        x, y = own[0], own[1]
        for wall, room_m in ((0.0, arena_m - x), (0.5, arena_m - y), (1.0, x), (-0.5, y)):
            toward = _least_cosine(self.middle[:, DIRECTION] - math.pi * wall, self.half[:, DIRECTION])
            limit_m = torch.where(toward > 0.0, room_m.clamp(min=0.0) / toward.clamp(min=ROUNDING), torch.inf)
            furthest = torch.minimum(furthest, limit_m + ROUNDING)
        middle, half = self.middle.clone(), self.half.clone()
        middle[:, DISTANCE], half[:, DISTANCE] = (furthest + nearest) / 2.0, (furthest - nearest) / 2.0
        return Boxes(middle, half, self.liar).part(furthest >= nearest)


def _least_cosine(middle: Tensor, half: Tensor) -> Tensor:
    """A lower bound (M,) of the cosine of angles within `half` of the `middle`."""
    from_back = (torch.remainder(middle, 2.0 * math.pi) - math.pi).abs()
    ends = torch.minimum((middle - half).cos(), (middle + half).cos())
    return torch.where(from_back <= half + ROUNDING, -1.0, ends - ROUNDING)


def everywhere(own: Tensor, arena_m: float, furthest_m: float, liars: int, cells: Sequence[int]) -> Boxes:
    """Boxes that hold all reports of each liar, of places within the arena and `furthest_m` of the pose `own` (3,)."""
    corners = torch.tensor([[0.0, 0.0], [0.0, arena_m], [arena_m, 0.0], [arena_m, arena_m]], dtype=own.dtype)
    reach_m = min(furthest_m, float((corners - own[:2]).norm(dim=-1).max())) + ROUNDING
    edges = [
        reach_m * torch.linspace(0.0, 1.0, cells[DISTANCE] + 1, dtype=own.dtype) ** 2,
        *(torch.linspace(-math.pi, math.pi, count + 1, dtype=own.dtype) for count in cells[DIRECTION:]),
    ]
    low, high = (torch.cartesian_prod(*(each[part] for each in edges)) for part in (slice(-1), slice(1, None)))
    liar = torch.arange(liars).repeat_interleave(len(low))
    return Boxes(((high + low) / 2.0).repeat(liars, 1), ((high - low) / 2.0).repeat(liars, 1), liar).within(
        own, arena_m
    )


def places(reports: Tensor, own: Tensor) -> Tensor:
    """The places (M, 2) of reports (M, 3)."""
    distance_m, direction = reports[:, DISTANCE], reports[:, DIRECTION]
    return own[:2] + torch.stack([distance_m * direction.cos(), distance_m * direction.sin()], dim=-1)
