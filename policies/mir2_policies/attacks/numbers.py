"""A small family of closed-loop lies: numbers say where, relative to the benign robots, a traitor claims to be.

One benign robot is *followed*; D is how far it is from the mean place of the other benign ones, *along* the direction
away from that mean, *across* to the left of it, *ahead* and *left* as it faces itself. A liar follows one robot at a
time, in turn or the one that faces the others most or least, and tells everybody the same; a two-faced traitor follows,
for each listener, that very listener, and tells it alone. Where nothing can be made up, the place is where the traitor
drives to; one that chooses when to be silent is so for a part of each of its cycles.

Dimensions: B worlds, K traitors, M benign robots, L lies at a time (1, or M to one listener each).
"""

import math
from typing import Any, NamedTuple

import torch
from mir2_core.traitors.steering import drive
from mir2_core.traitors.traitor import Deed, Situation
from torch import Tensor

from mir2_policies.attacks.duel import Duel
from mir2_policies.attacks.threats import Threat

SMALLEST_M = 1e-3  # nearer robots have no direction: its length falls to zero
CHUNK_WORLDS = 2048  # played at once
FACING_COUNTS = 0.5  # from here on


class Numbers(NamedTuple):
    """Where a traitor claims to be."""

    whom: float = 0.0  # which benign robot is followed, as a fraction of all …
    facing: float = 0.0  # … if this is small; else the one that faces the others most (+) or least (−)
    along_m: float = 0.0  # the place from the robot that is followed …
    along_gain: float = 0.0  # … and this times D more
    across_m: float = 0.0
    across_gain: float = 0.0
    ahead_m: float = 0.0
    left_m: float = 0.0
    heading_rad: float = 0.0  # from the direction away from the others
    quiet: float = 0.0  # this part of each cycle is silent: its end (+) or its beginning (−)
    cycle_steps: float = 0.0
    turn_rad: float = 0.0  # by which the place turns about the robot with every step
    switches: float = 0.0  # a step, each to follow the next robot


# Numbers lie between these and their negatives, but those in `POSITIVE`.
RANGE = Numbers(1.0, 1.0, 1.5, 2.5, 1.5, 2.5, 1.5, 1.5, math.pi, 1.0, 200.0, math.pi, 1.0)
POSITIVE = [Numbers._fields.index(name) for name in ("whom", "cycle_steps", "switches")]
FINENESS = Numbers(
    1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.0, 2.0, 3.0, 3.0
)  # powers: a search looks closer where numbers are small
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


def used(threat: Threat) -> list[int]:
    """Which of the numbers matter to a threat."""
    unused = {"quiet", "cycle_steps"} if not threat.mute else set()
    unused |= {"heading_rad"} if not threat.lies else set()
    return [place for place, name in enumerate(Numbers._fields) if name not in unused]


class NumbersTraitor:
    """A `Traitor` that follows numbers (K, SIZE), or others in each world (B, K, SIZE)."""

    def __init__(self, duel: Duel, numbers: Tensor) -> None:
        self._duel = duel
        self._numbers = numbers[None] if numbers.ndim == 2 else numbers

    def __call__(self, situation: Situation) -> Deed:
        """What the traitors claim, or where they drive."""
        benign = situation.poses[:, self._duel.arena.benign]
        return deed_of(self._duel, self._numbers, benign, situation.own_poses, situation.step)


def deed_of(duel: Duel, numbers: Tensor, benign: Tensor, own: Tensor, steps: Any) -> Deed:
    """What traitors with numbers (B or 1, K, SIZE) do at `own` (B, K, 3) after `steps`, one number or (B, 1)."""
    listeners = benign.shape[1] if duel.threat.two_faced else 1
    claimed = claims(numbers, benign, steps, duel.task.params.arena_m, listeners)
    if not duel.threat.lies:
        actions = drive(duel.task.xp, duel.task.robot, own, claimed[:, :, 0, :2] - own[..., :2])
        return Deed(actions, silent=_silent(_named(numbers), steps, own) if duel.threat.mute else None)
    parked = own[..., :1].repeat(1, 1, duel.task.action_size) * 0.0
    if not duel.threat.two_faced:
        return Deed(parked, claimed[:, :, 0])
    heard_by = dict(zip(duel.arena.benign, claimed.unbind(2), strict=True))
    return Deed(parked, torch.stack([heard_by.get(robot, own) for robot in range(duel.task.params.robots)], dim=2))


def claims(rows: Tensor, benign: Tensor, steps: Any, arena_m: float, listeners: int) -> Tensor:
    """The poses (B, K, L, 3) that numbers (B or 1, K, SIZE) make of the `benign` robots' (B, M, 3)."""
    numbers, count = _named(rows), benign.shape[1]
    away = benign[..., :2] - (benign[..., :2].sum(1, keepdim=True) - benign[..., :2]) / (count - 1)
    apart = away.norm(dim=-1).clamp(min=SMALLEST_M)
    whom = _followed(numbers, benign, away / apart[..., None], steps, listeners)
    world = torch.arange(benign.shape[0])[:, None, None]  # traced: not a constant of the graph
    followed, apart = benign[world, whom], apart[world, whom]
    unit, own = away[world, whom] / apart[..., None], followed[..., 2]
    along = numbers.along_m[..., None] + numbers.along_gain[..., None] * apart
    across = numbers.across_m[..., None] + numbers.across_gain[..., None] * apart
    turned = (numbers.turn_rad * steps)[..., None]
    cos, sin = torch.cos(turned), torch.sin(turned)
    along, across = along * cos - across * sin, along * sin + across * cos
    forward = torch.stack([torch.cos(own), torch.sin(own)], dim=-1)
    place = followed[..., :2] + along[..., None] * unit + across[..., None] * _left_of(unit)
    place = place + numbers.ahead_m[..., None, None] * forward + numbers.left_m[..., None, None] * _left_of(forward)
    heading = torch.atan2(unit[..., 1], unit[..., 0]) + numbers.heading_rad[..., None]
    return torch.cat([place.clamp(0.0, arena_m), heading[..., None] % (2.0 * math.pi)], dim=-1)


def _named(rows: Tensor) -> Any:
    """`Numbers` of tensors (B, K)."""
    return Numbers(*rows.unbind(-1))  # type: ignore[arg-type]


def _left_of(unit: Tensor) -> Tensor:
    return torch.stack([-unit[..., 1], unit[..., 0]], dim=-1)


def _followed(numbers: Any, benign: Tensor, away: Tensor, steps: Any, listeners: int) -> Tensor:
    """Which of the benign robots (B, M, 3), each at a direction `away` (B, M, 2) from the others: (B, K, L)."""
    count = benign.shape[1]
    first = (numbers.whom * count).floor().clamp(max=count - 1)
    faces = -away[..., 0] * torch.cos(benign[..., 2]) - away[..., 1] * torch.sin(benign[..., 2])
    ranked = (faces[:, None] * numbers.facing.sign()[..., None]).argmax(dim=-1)
    chosen = torch.where(numbers.facing.abs() >= FACING_COUNTS, ranked, first.long())
    chosen = chosen + (numbers.switches * steps).floor().long()
    followed: Tensor = (chosen[..., None] + torch.arange(listeners)) % count
    return followed


def _silent(numbers: Any, steps: Any, own: Tensor) -> Tensor:
    """Who (B, K) says nothing."""
    cycle = numbers.cycle_steps.clamp(min=1.0)
    into = (steps % cycle) / cycle
    at_end = numbers.quiet >= 0.0
    silent: Tensor = (at_end & (into >= 1.0 - numbers.quiet)) | (~at_end & (into < -numbers.quiet))
    return silent.expand(own.shape[:2])


def returns_of(duel: Duel, candidates: Tensor, starts: Tensor) -> Tensor:
    """Returns (C, B) of each of the candidates (C, K, SIZE) from all of `starts` (B, N, 3)."""
    parts = []
    for part in torch.split(candidates, max(1, CHUNK_WORLDS // len(starts))):
        numbers = part.repeat_interleave(len(starts), dim=0)
        left = duel.returns(NumbersTraitor(duel, numbers), starts.repeat(len(part), 1, 1))
        parts.append(left.reshape(len(part), len(starts)))
    return torch.cat(parts)
