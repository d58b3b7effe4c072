"""What a robot is given of one ally, for all reports of a box at once: linear functions of the report, with an error.

They repeat, for sets of reports, what `mir2_core.tasks.rendezvous` computes of one; every box is checked against that.
Dimensions: M boxes, F numbers that a policy is given of an ally.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from mir2_core.tasks.rendezvous import REACHES_M
from torch import Tensor

from mir2_policies.bundles.certificate.boxes import DIRECTION, DISTANCE, ROUNDING, TURN, Boxes, places

FINEST = 1e-12  # of a box: below, it has no slope worth dividing by


class Enclosure(NamedTuple):
    """Numbers within `error` of `value` + `slope` · u, where u in [−1, 1]³ is the place of a report in its box."""

    value: Tensor  # (M,), or of several numbers (M, F)
    slope: Tensor  # (M, 3) or (M, F, 3)
    error: Tensor  # the same: what of the error is due to which number of the report

    @property
    def spread(self) -> Tensor:
        """How far the number may be from its `value`, by number of the report."""
        return self.slope.abs() + self.error


class Sight(Protocol):
    """What a policy is given of an ally."""

    def enclose(self, boxes: Boxes, heading: float) -> Enclosure:
        """F numbers that a robot with this heading is given, for all reports of each box."""

    def poses(self, reports: Tensor, own: Tensor) -> Tensor:
        """The poses (M, 3) that are told in three numbers (M, 3) as seen from the pose `own` (3,)."""


class PairwiseSight:
    """In the observation `pairwise`: distance, bearing, own bearing as the ally sees it.

    `turn_rad` is the direction minus the heading that is reported.
    """

    def __init__(self, radius_m: float) -> None:
        self._near = 1.0 / radius_m

    def enclose(self, boxes: Boxes, heading: float) -> Enclosure:
        """Five numbers; bearings count clockwise."""
        ahead, left = _cosine(boxes, DIRECTION, -heading), _sine(boxes, DIRECTION, -heading)
        away, aside = _cosine(boxes, TURN, 0.0), _sine(boxes, TURN, 0.0)
        near = _times(_itself(boxes, DISTANCE), self._near)
        return _stacked([near, ahead, _times(left, -1.0), _times(away, -1.0), aside])

    def poses(self, reports: Tensor, own: Tensor) -> Tensor:
        """The poses (M, 3) of reports (M, 3)."""
        return torch.cat([places(reports, own), reports[:, DIRECTION:TURN] - reports[:, TURN:]], dim=-1)


class AllySight:
    """In the observation `allies`: squashed places in the robot's frame, and the heading.

    `turn_rad` is the heading that is reported minus the robot's own.
    """

    def enclose(self, boxes: Boxes, heading: float) -> Enclosure:
        """Two numbers for each reach, and two for the heading."""
        sides = [_cosine(boxes, DIRECTION, -heading), _sine(boxes, DIRECTION, -heading)]
        near = [_squashed(boxes, reach_m) for reach_m in REACHES_M]
        turned = [_cosine(boxes, TURN, 0.0), _sine(boxes, TURN, 0.0)]
        return _stacked([*(_product(each, side) for each in near for side in sides), *turned])

    def poses(self, reports: Tensor, own: Tensor) -> Tensor:
        """The poses (M, 3) of reports (M, 3)."""
        return torch.cat([places(reports, own), reports[:, TURN:] + own[2]], dim=-1)


def _itself(boxes: Boxes, which: int) -> Enclosure:
    nothing = torch.zeros_like(boxes.half)
    slope = nothing.index_copy(1, torch.tensor([which]), boxes.half[:, [which]])
    return Enclosure(boxes.middle[:, which], slope, nothing)


def _curved(boxes: Boxes, which: int, slope: Tensor, departures: Sequence[Tensor]) -> Enclosure:
    """A function of one number, given a `slope` (M,) and the extremes (M,) of what it departs from that line."""
    lowest, highest = torch.stack(list(departures)).aminmax(dim=0)
    nothing, place = torch.zeros_like(boxes.half), torch.tensor([which])
    error = (highest - lowest) / 2.0 + ROUNDING
    return Enclosure(
        (highest + lowest) / 2.0,
        nothing.index_copy(1, place, slope[:, None]),
        nothing.index_copy(1, place, error[:, None]),
    )


def _cosine(boxes: Boxes, which: int, shift: float) -> Enclosure:
    """The cosine of a number plus `shift`: its chord, and how far it departs from that at most."""
    middle, half = boxes.middle[:, which] + shift, boxes.half[:, which]
    slope = -middle.sin() * half.sin()
    steepness = slope / half.clamp(min=FINEST)
    ends = [(middle + half).cos() - slope, (middle - half).cos() + slope]
    parallel = (-steepness).clamp(-1.0, 1.0).arcsin()
    between = []
    for angle in (parallel, math.pi - parallel):
        place = angle + 2.0 * math.pi * ((middle - angle) / (2.0 * math.pi)).round()
        departed = place.cos() - steepness * (place - middle)
        between.append(torch.where((place - middle).abs() <= half, departed, ends[0]))
    return _curved(boxes, which, slope, [*ends, *between])


def _sine(boxes: Boxes, which: int, shift: float) -> Enclosure:
    return _cosine(boxes, which, shift - math.pi / 2.0)


def _squashed(boxes: Boxes, reach_m: float) -> Enclosure:
    """The distance over √(distance² + reach²), which is concave: its chord, and the tangent parallel to it."""
    middle, half = boxes.middle[:, DISTANCE], boxes.half[:, DISTANCE]

    def squashed(distance_m: Tensor) -> Tensor:
        return distance_m / (distance_m**2 + reach_m**2).sqrt()

    low, high = (middle - half).clamp(min=0.0), middle + half
    slope = (squashed(high) - squashed(low)) / 2.0
    steepness = slope / half.clamp(min=FINEST)
    touching = ((reach_m**2 / steepness.clamp(min=FINEST)) ** (2.0 / 3.0) - reach_m**2).clamp(min=0.0).sqrt()
    place = touching.clamp(low, high)
    departed = squashed(place) - steepness * (place - middle)
    return _curved(boxes, DISTANCE, slope, [squashed(low) + slope, squashed(high) - slope, departed])


def _times(number: Enclosure, factor: float) -> Enclosure:
    return Enclosure(factor * number.value, factor * number.slope, abs(factor) * number.error)


def _product(one: Enclosure, other: Enclosure) -> Enclosure:
    """The product of two: linear about both values, and for the rest an error for which both are to blame alike."""
    spreads = [each.spread.sum(dim=-1, keepdim=True) for each in (one, other)]
    rest = spreads[0] * spreads[1]
    slope, error = torch.zeros_like(one.slope), torch.zeros_like(one.error)
    for each, spread, factor in zip((one, other), spreads, (other.value, one.value), strict=True):
        slope = slope + factor[:, None] * each.slope
        error = error + factor.abs()[:, None] * each.error
        error = error + 0.5 * rest * torch.where(spread > 0.0, each.spread / spread, 0.0)
    return Enclosure(one.value * other.value, slope, error)


def _stacked(numbers: Sequence[Enclosure]) -> Enclosure:
    return Enclosure(*(torch.stack(list(parts), dim=1) for parts in zip(*numbers, strict=True)))
