"""One robot's decision in one state: what it is if nobody lies, and what the report of one ally could make of it.

Dimensions: P liars, one at a time, each an ally; M reports or boxes; N robots, A of an action, O of an observation.
"""

from typing import Any

import numpy as np
import torch
from mir2_core.bundle import GOLDEN_TOLERANCE, PolicyBundle
from mir2_core.errors import UserError
from mir2_core.tasks import Rendezvous, columns
from mir2_core.tasks.geometry import Array
from mir2_core.types import FloatArray
from mir2_core.vote import dealt
from torch import Tensor

from mir2_policies.bundles.certificate.actor import read_actor
from mir2_policies.bundles.certificate.bounds import bounds
from mir2_policies.bundles.certificate.boxes import Boxes
from mir2_policies.bundles.certificate.chain import chain_of
from mir2_policies.bundles.certificate.sight import AllySight, PairwiseSight, Sight

MARGIN = GOLDEN_TOLERANCE  # of an action: what tanh and other machines' arithmetic may change


class Policy:
    """A policy whose decisions can be bounded; `UserError` if it is of another kind."""

    def __init__(self, bundle: PolicyBundle) -> None:
        task = bundle.task()
        if not isinstance(task, Rendezvous) or task.params.observation == "agnostic":
            of = getattr(task.params, "observation", task.name)
            raise UserError(
                f"{bundle.path}: cannot be certified: what a report makes of the observation '{of}' is not known; give "
                "a policy for rendezvous with the observation 'pairwise' or 'allies'"
            )
        self.bundle, self.task, self.actor = bundle, task, read_actor(bundle)
        self.tells_absence = bool(task.observe.ally_terms)
        radius_m = task.params.radius_m
        self.sight: Sight = AllySight() if self.tells_absence else PairwiseSight(radius_m)
        self.furthest_m = radius_m if self.tells_absence else 2.0 * task.params.arena_m

    def columns(self, robot: int, ally: int) -> list[int]:
        """Where in an observation of `robot` the numbers of `ally` stand."""
        return columns(self.task.observe.terms, f"ally_{ally + 1 if ally < robot else ally}_*")


class Decision:
    """What robot `robot` of a team in `poses` (N, 3) decides; each of its `allies` (P,) may be the one that lies."""

    def __init__(self, policy: Policy, poses: FloatArray, robot: int) -> None:
        self.policy, self.poses, self.robot = policy, poses, robot
        self.arena_m = policy.task.params.arena_m
        self.allies = np.delete(np.arange(len(poses)), robot)
        self.own = torch.tensor(poses[robot])
        self.honest = self._act(poses[None])[0]  # (A,)
        places = [policy.columns(robot, ally) for ally in self.allies.tolist()]
        # A liar that says to be here is heard by all, as it is wherever it says to be in range.
        here = self._observed(self._told(np.repeat(poses[None, robot], len(self.allies), axis=0), self.allies))
        self._high = torch.ones(len(places), len(self.honest), dtype=torch.float64)
        self._low = -self._high
        if policy.bundle.metadata.vote:
            here, self._low, self._high = self._voting(here, [columns[0] for columns in places])
        self._chain = chain_of(policy.actor, torch.tensor(here), places)

    def enclose(self, boxes: Boxes) -> tuple[Tensor, Tensor, Tensor]:
        """Lower and upper bounds (M, A) of the action for all reports of boxes, and how each number matters (M, 3)."""
        found = bounds(self._chain, boxes, self.policy.sight.enclose(boxes, float(self.own[2])))
        low, high = (each.tanh().clamp(self._low[boxes.liar], self._high[boxes.liar]) for each in found[:2])
        return low - MARGIN, high + MARGIN, found.pull

    def act(self, reports: Array, liars: Any) -> FloatArray:
        """The actions (M, A) of the bundle itself if `liars` (M,), as places in `allies`, report poses (M, 3)."""
        return self._act(self._told(reports, self.allies[liars]))

    def silences(self) -> FloatArray:
        """The actions (P, A) if one ally is silent; none where the policy is shown a place instead, as if reported."""
        if not self.policy.tells_absence:
            return np.empty((0, len(self.honest)))
        present = ~np.eye(len(self.poses), dtype=bool)[self.allies]
        return self._act(np.repeat(self.poses[None], len(self.allies), axis=0), present)

    def _told(self, reports: Array, liars: Any) -> FloatArray:
        told = np.repeat(self.poses[None], len(reports), axis=0)
        told[np.arange(len(reports)), liars] = reports
        return told

    def _observed(self, told: FloatArray, present: Array | None = None) -> Any:
        return self.policy.task.observe.of_robot(told, self.robot, present).astype(np.float32)

    def _act(self, told: FloatArray, present: Array | None = None) -> FloatArray:
        return self.policy.bundle.act(self._observed(told, present)).astype(np.float64)

    def _voting(self, here: Any, presences: list[int]) -> tuple[Any, Tensor, Tensor]:
        """What the vote with each liar is given (P, O), and between which of the others (P, A) the median is."""
        bundle, liars = self.policy.bundle, range(len(presences))
        vote = bundle.metadata.vote
        parts = np.stack(dealt(np, here, bundle.metadata.observation_sizes, 2 * vote + 1))
        with_liar = parts[:, liars, presences].argmax(axis=0)
        votes = bundle.voting(0).act(parts.reshape(-1, parts.shape[-1])).reshape(*parts.shape[:2], -1)
        others = [np.sort(np.delete(votes[:, liar], with_liar[liar], axis=0), axis=0) for liar in liars]
        limits = torch.tensor(np.stack(others), dtype=torch.float64)
        return parts[with_liar, liars], limits[:, vote - 1], limits[:, vote]
