"""A small family of closed-loop lies: eight numbers say where, relative to the benign robots, a traitor claims to be.

One benign robot is *followed*; D is how far it is from the mean place of the other benign ones, *along* the direction
away from that mean, *across* to the left of it. A liar follows one robot at a time and tells everybody the same; a
two-faced traitor follows, for each listener, that very listener, and tells it alone. Where nothing can be reported, the
place is where the traitor drives to.

Dimensions: B worlds, K traitors, M benign robots, L lies at a time (1, or M to one listener each).
"""

import math
from typing import NamedTuple

import torch
from mir2_core.traitors.steering import drive
from mir2_core.traitors.traitor import Deed, Situation
from torch import Tensor

from mir2_policies.attacks.duel import Duel

SMALLEST_M = 1e-6
CHUNK_WORLDS = 2048  # played at once


class Numbers(NamedTuple):
    """Where a traitor claims to be."""

    whom: float = 0.0  # which benign robot is followed, as a fraction of all
    along_m: float = 0.0  # the place from the robot that is followed …
    along_gain: float = 0.0  # … and this times D more
    across_m: float = 0.0
    across_gain: float = 0.0
    heading_rad: float = 0.0  # from the direction away from the others
    turn_rad: float = 0.0  # by which the place turns about the robot with every step
    switches: float = 0.0  # a step, each to follow the next robot


# Numbers lie between these and their negatives, but those in `POSITIVE`.
RANGE = Numbers(1.0, 1.5, 2.5, 1.5, 2.5, math.pi, math.pi, 1.0)
POSITIVE = [Numbers._fields.index("whom"), Numbers._fields.index("switches")]
FINENESS = Numbers(1.0, 2.0, 2.0, 2.0, 2.0, 1.0, 3.0, 3.0)  # powers: a search looks closer where numbers are small
SIZE = len(Numbers._fields)


def from_point(points: Tensor) -> Tensor:
    """Numbers (..., SIZE) of points of the cube [−1, 1], in which a search may step equally far in all directions."""
    inside = points.clamp(-1.0, 1.0)
    inside[..., POSITIVE] = inside[..., POSITIVE].abs()
    return torch.tensor(RANGE) * inside.sign() * inside.abs() ** torch.tensor(FINENESS)


def to_point(numbers: Tensor) -> Tensor:
    """Points of the cube of numbers (..., SIZE)."""
    inside = (numbers / torch.tensor(RANGE)).clamp(-1.0, 1.0)
    return inside.sign() * inside.abs() ** (1.0 / torch.tensor(FINENESS))


class NumbersTraitor:
    """A `Traitor` that follows numbers (K, SIZE), or others in each world (B, K, SIZE)."""

    def __init__(self, duel: Duel, numbers: Tensor) -> None:
        self._duel = duel
        self.numbers = numbers[None] if numbers.ndim == 2 else numbers

    def __call__(self, situation: Situation) -> Deed:
        """What the traitors claim, or where they drive."""
        duel, poses = self._duel, situation.poses
        claimed = self.claims(poses, situation.step)
        if not duel.threat.lies:
            own = situation.own_poses
            return Deed(drive(duel.task.xp, duel.task.robot, own, claimed[:, :, 0, :2] - own[..., :2]))
        parked = situation.constant([0.0] * duel.task.action_size)
        if not duel.threat.two_faced:
            return Deed(parked, claimed[:, :, 0])
        told = poses[:, self._duel.arena.robots, None].repeat(1, 1, poses.shape[1], 1)
        told[:, :, duel.arena.benign] = claimed
        return Deed(parked, told)

    def claims(self, poses: Tensor, step: int) -> Tensor:
        """The poses (B, K, L, 3) that the numbers make of `poses` (B, N, 3) after `step` steps."""
        whom, along_m, along_gain, across_m, across_gain, heading, turn, switches = self.numbers.unbind(-1)
        benign = poses[:, self._duel.arena.benign, :2]
        batch, count = benign.shape[:2]
        first = (whom * count).floor().clamp(max=count - 1) + (switches * step).floor()
        listeners = torch.arange(count if self._duel.threat.two_faced else 1)
        followed = (first[..., None].long() + listeners) % count
        followed = followed.expand(batch, -1, -1)
        place = benign[torch.arange(batch)[:, None, None], followed]
        others = (benign.sum(1)[:, None, None] - place) / (count - 1)
        away = place - others
        apart = away.norm(dim=-1, keepdim=True).clamp(min=SMALLEST_M)
        unit = away / apart
        along = along_m[..., None] + along_gain[..., None] * apart[..., 0]
        across = across_m[..., None] + across_gain[..., None] * apart[..., 0]
        cos, sin = torch.cos(turn * step)[..., None], torch.sin(turn * step)[..., None]
        along, across = along * cos - across * sin, along * sin + across * cos
        left = torch.stack([-unit[..., 1], unit[..., 0]], dim=-1)
        claimed = place + along[..., None] * unit + across[..., None] * left
        claimed = claimed.clamp(0.0, self._duel.task.params.arena_m)
        facing = torch.atan2(unit[..., 1], unit[..., 0]) + heading[..., None]
        return torch.cat([claimed, facing[..., None] % (2.0 * math.pi)], dim=-1)


def returns_of(duel: Duel, candidates: Tensor, starts: Tensor) -> Tensor:
    """Returns (C, B) of each of the candidates (C, K, SIZE) from all of `starts` (B, N, 3)."""
    parts = []
    for part in torch.split(candidates, max(1, CHUNK_WORLDS // len(starts))):
        numbers = part.repeat_interleave(len(starts), dim=0)
        left = duel.returns(NumbersTraitor(duel, numbers), starts.repeat(len(part), 1, 1))
        parts.append(left.reshape(len(part), len(starts)))
    return torch.cat(parts)
