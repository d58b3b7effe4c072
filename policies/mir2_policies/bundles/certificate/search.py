"""Branch and bound over all reports of all allies, beside a search for the worst of them.

Dimensions: M boxes or reports, P liars, A of an action.
"""

import math
import time
from typing import Any, NamedTuple

import numpy as np
import torch
from mir2_core.types import FloatArray
from torch import Tensor

from mir2_policies.bundles.certificate.boxes import DISTANCE, Boxes, everywhere
from mir2_policies.bundles.certificate.decision import MARGIN, Decision

CELLS = (4, 8, 4)  # of distance, direction and turn to begin with
AT_ONCE = 512  # boxes that are halved in one go
SAMPLES = 256  # of each ally's reports
BEST, AROUND, ROUNDS = 8, 32, 6  # of the search for the worst: around so many of the best, ever nearer
NEAREST_M = 1e-6  # the direction of a place that is nearer is lost in rounding


class Effort(NamedTuple):
    """When a bound is good enough."""

    gap: float = 0.005  # to the worst report that was found
    boxes: int = 50_000  # of a decision


class Found(NamedTuple):
    """How far a report can turn a decision: the largest change of any number of the action, each within [−1, 1]."""

    bound: float  # no report does more
    attack: float  # the worst that was found does this
    ally: int  # whose that is
    report: tuple[float, ...]  # its pose; none if it is silence
    boxes: int
    seconds: float  # of one core


def certify(decision: Decision, effort: Effort, rng: np.random.Generator) -> Found:
    """Bound how far any report of any one ally turns a decision."""
    begun_s, worst = time.process_time(), Worst(decision)
    attack(worst, rng)
    liars, furthest_m = len(decision.allies), decision.policy.furthest_m
    front = _bounded(worst, everywhere(decision.own, decision.arena_m, furthest_m, liars, CELLS))
    proved, count = 0.0, len(front.upper)
    while True:
        good = front.upper <= worst.change + effort.gap
        proved, front = max(proved, _largest(front.upper[good])), front.part(~good)
        if not len(front.upper) or count >= effort.boxes:
            break
        order = front.upper.argsort(descending=True)
        chosen, front = front.part(order[:AT_ONCE]), front.part(order[AT_ONCE:])
        halves = chosen.boxes.halved(chosen.pull.argmax(dim=-1)).within(decision.own, decision.arena_m)
        front, count = front.joined(_bounded(worst, halves)), count + len(halves.liar)
    bound = max(proved, _largest(front.upper), worst.change + MARGIN)
    ally = int(decision.allies[worst.liar])
    return Found(bound, worst.change, ally, worst.report, count, time.process_time() - begun_s)


class Worst:
    """The worst that was found so far: silence to begin with, where that means something."""

    def __init__(self, decision: Decision) -> None:
        self.decision, self.change, self.liar = decision, 0.0, 0
        self.report = tuple(decision.poses[decision.allies[0]].tolist())
        if len(silences := decision.silences()):
            self.note(silences, np.arange(len(silences)), np.empty((len(silences), 0)))

    def note(self, actions: FloatArray, liars: Any, reports: FloatArray) -> FloatArray:
        """Take in to which actions (M, A) reports (M, 3) of `liars` (M,) lead; the changes (M,)."""
        changes: FloatArray = np.abs(actions - self.decision.honest).max(axis=-1)
        worst = int(changes.argmax())
        if changes[worst] > self.change:
            self.change, self.liar = float(changes[worst]), int(liars[worst])
            self.report = tuple(reports[worst].tolist())
        return changes


def attack(worst: Worst, rng: np.random.Generator) -> None:
    """Look for the worst report: places near and far at random, then around the best of them, ever nearer."""
    decision, arena_m = worst.decision, worst.decision.arena_m
    liars = np.repeat(np.arange(len(decision.allies)), SAMPLES)
    reports = rng.uniform(0.0, (arena_m, arena_m, 2.0 * math.pi), (len(liars), 3))
    near_m = arena_m * 10.0 ** rng.uniform(-3.0, 0.0, (len(reports[::2]), 1))
    reports[::2, :2] = decision.poses[decision.robot, :2] + near_m * rng.normal(size=(len(near_m), 2))
    for round_ in range(ROUNDS):
        reports[:, :2] = reports[:, :2].clip(0.0, arena_m)
        best = np.argsort(-worst.note(decision.act(reports, liars), liars, reports))[:BEST]
        liars, reports = np.repeat(liars[best], AROUND), np.repeat(reports[best], AROUND, axis=0)
        reports += 0.3 * 4.0**-round_ * rng.normal(size=reports.shape) * (arena_m, arena_m, math.pi)


class Front(NamedTuple):
    """Boxes with what is proved of each."""

    boxes: Boxes
    upper: Tensor  # (M,) no report of the box changes an action by more
    pull: Tensor  # (M, 3) how much each number of the report matters

    def part(self, which: Tensor) -> "Front":
        """Some of them."""
        return Front(self.boxes.part(which), self.upper[which], self.pull[which])

    def joined(self, other: "Front") -> "Front":
        """Both."""
        boxes = Boxes(*(torch.cat(pair) for pair in zip(self.boxes, other.boxes, strict=True)))
        return Front(boxes, torch.cat([self.upper, other.upper]), torch.cat([self.pull, other.pull]))


def _bounded(worst: Worst, boxes: Boxes) -> Front:
    """Bounds of boxes, each of which the report in the middle is tried against."""
    low, high, pull = worst.decision.enclose(boxes)
    _try(worst, boxes, low, high)
    honest = torch.tensor(worst.decision.honest)
    return Front(boxes, torch.maximum(high - honest, honest - low).amax(dim=-1), pull)


def _try(worst: Worst, boxes: Boxes, low: Tensor, high: Tensor) -> None:
    """Ask the bundle itself what it does in the middle of boxes; `ArithmeticError` if a bound does not hold."""
    decision = worst.decision
    poses = decision.policy.sight.poses(boxes.middle, decision.own)
    possible = ((poses[:, :2] >= 0.0) & (poses[:, :2] <= decision.arena_m)).all(dim=-1)
    possible &= boxes.middle[:, DISTANCE] > NEAREST_M
    if possible.any():
        reports, liars = poses[possible].numpy(), boxes.liar[possible].numpy()
        actions = decision.act(reports, liars)
        if not ((low[possible].numpy() <= actions) & (actions <= high[possible].numpy())).all():
            raise ArithmeticError(
                f"{decision.policy.bundle.path}: a report was found beyond its bound: bounds are wrong"
            )
        worst.note(actions, liars, reports)


def _largest(values: Tensor) -> float:
    return float(values.max()) if len(values) else 0.0
