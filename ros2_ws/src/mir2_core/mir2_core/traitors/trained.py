"""Traitors that were trained against one certain team, and what their outputs mean."""

from collections.abc import Sequence

import numpy as np

from mir2_core.bundle import AdversaryInfo, PolicyBundle
from mir2_core.errors import UserError
from mir2_core.tasks import FloorTask, on_floor
from mir2_core.tasks.geometry import Array
from mir2_core.traitors.sight import Sight
from mir2_core.traitors.traitor import Deed, Situation

REPORT_SIZE = 3  # x and y in units of half the arena's side, from its middle, and the heading in units of π
FULL = 0.8  # of the outputs means full speed, or the edge of the arena: a saturated tanh passes no gradient


class AdversaryBundle(PolicyBundle):
    """A verified adversary, which is a `Traitor`; `act` maps what its `Sight` gives to what `to_deed` takes."""

    def __call__(self, situation: Situation) -> Deed:
        """What the robots that it was trained as do and report."""
        task = situation.task
        seen = Sight(task, situation.robots)(situation.poses, situation.step)
        outputs = self.act(seen.reshape(-1, seen.shape[-1]))
        deed = to_deed(task, outputs.reshape(*seen.shape[:-1], outputs.shape[-1]))
        return deed._replace(plausible=self.info.plausible)

    @property
    def info(self) -> AdversaryInfo:
        """The victim, the threat and the robots that it was trained for."""
        assert self.metadata.adversary is not None
        return self.metadata.adversary

    @property
    def two_faced(self) -> bool:
        """Whether it tells each robot something else."""
        return self.info.threat == "two_faced"

    def require_victim(self, victim: PolicyBundle) -> None:
        """Refuse a team that this adversary was not trained against; `victim` is verified already."""
        found = victim.metadata
        if found.task != self.metadata.task:
            raise UserError(f"{self.path}: an adversary for task '{self.metadata.task}', not for '{found.task}'")
        self.require({"task_parameters": found.task_parameters})
        if found.file_sha256 != self.info.victim_sha256:
            raise UserError(
                f"{self.path}: trained against '{self.info.victim}' (file_sha256 {self.info.victim_sha256[:12]}…), but "
                f"{victim.path} has file_sha256 {found.file_sha256[:12]}…: an adversary says nothing about another "
                "victim; train one with 'mir2 attack'"
            )
        self._require_terms(victim)

    def _require_terms(self, victim: PolicyBundle) -> None:
        task = on_floor(victim.task(), str(victim.path))
        given = [term._asdict() for term in Sight(task, self.info.robots).terms]
        wanted = [term.model_dump() for term in self.metadata.observation_terms]
        if given != wanted:
            unknown = [term["name"] for term in wanted if term not in given]
            raise UserError(
                f"{self.path}: trained by another version of 'mir2 attack': the observation_terms {unknown or wanted} "
                "are not what an adversary sees here; train it again"
            )

    def require_robots(self, robots: Sequence[int]) -> None:
        """Refuse other robots than those it was trained as."""
        if list(robots) != self.info.robots:
            raise UserError(
                f"{self.path}: trained as robots {self.info.robots}, not {list(robots)}; use those, or train another "
                "with 'mir2 attack'"
            )

    def require_part(self, robot: int) -> None:
        """Refuse a robot that is none of those that it was trained as."""
        if robot not in self.info.robots:
            raise UserError(
                f"{self.path}: trained as robots {self.info.robots}, of which robot {robot} is none; use one of those"
            )

    def _check_kind(self) -> None:
        info = self.metadata.adversary
        if info is None:
            raise UserError(f"{self.path}: a policy, not an adversary; give a bundle written by 'mir2 attack'")
        team = self.metadata.task_parameters.get("robots", 0)
        if any(not 0 <= robot < team for robot in info.robots):
            raise UserError(
                f"{self.path}: field adversary.robots is {info.robots}; the team has robots 0 to {team - 1}"
            )


def reported_poses(task: FloorTask, numbers: Array) -> Array:
    """The poses (..., 3) that a liar reports by `numbers` (..., 3) in [−1, 1]: 0 is the middle, facing +x."""
    xp, half_m = task.xp, 0.5 * task.params.arena_m
    heading = (np.pi * numbers[..., 2]) % (2.0 * np.pi)
    return xp.stack([half_m * (1.0 + numbers[..., 0]), half_m * (1.0 + numbers[..., 1]), heading], axis=-1)


def to_deed(task: FloorTask, outputs: Array) -> Deed:
    """What outputs (B, K, A + …) mean: a liar has 3 more, or 3 N with another lie to each robot, a mute one 1."""
    wanted = task.xp.clip(outputs / FULL, -1.0, 1.0)
    actions, numbers = wanted[..., : task.action_size], wanted[..., task.action_size :]
    if not numbers.shape[-1]:
        return Deed(actions)
    if numbers.shape[-1] == 1:
        return Deed(actions, silent=numbers[..., 0] > 0.0)
    if numbers.shape[-1] > REPORT_SIZE:
        numbers = task.xp.reshape(numbers, (*numbers.shape[:-1], -1, REPORT_SIZE))
    return Deed(actions, reported_poses(task, numbers))
