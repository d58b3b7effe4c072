"""A trained adversary: a bundle that takes over robots of one certain team, and what its outputs mean."""

from collections.abc import Sequence
from typing import Any

from mir2_core.bundle import AdversaryInfo, PolicyBundle
from mir2_core.errors import UserError
from mir2_core.tasks import ObservationTerm, Rendezvous
from mir2_core.tasks.geometry import Array

REPORT_SIZE = 3  # offset ahead and to the left in units of the arena's side, and turn in units of π


class AdversaryBundle(PolicyBundle):
    """A verified adversary; `act` maps `adversary_observations` to the action and, for a liar, three more numbers."""

    @property
    def info(self) -> AdversaryInfo:
        """The victim, the threat and the robots that it was trained for."""
        assert self.metadata.adversary is not None
        return self.metadata.adversary

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

    def require_robots(self, robots: Sequence[int]) -> None:
        """Refuse other robots than those it was trained as."""
        if list(robots) != self.info.robots:
            raise UserError(
                f"{self.path}: trained as robots {self.info.robots}, not {list(robots)}; use those, or train another "
                "with 'mir2 attack'"
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


def adversary_terms(task: Rendezvous) -> tuple[ObservationTerm, ...]:
    """The observation of an adversary: the task's, and which robot it is if the task's does not say so."""
    if any(term.name == "index" for term in task.terms):
        return task.terms
    return (*task.terms, ObservationTerm("index", task.params.robots, "1", 1.0))


def adversary_observations(task: Rendezvous, observations: Array, robots: Sequence[int]) -> Array:
    """What an adversary is given (B, K, O) for the true observations (B, K, O') of the traitors."""
    if adversary_terms(task) == task.terms:
        return observations
    index = [[float(robot == column) for column in range(task.params.robots)] for robot in robots]
    one_hot = task.xp.broadcast_to(task.asarray(index), (len(observations), len(robots), task.params.robots))
    return task.xp.concatenate([observations, one_hot], axis=-1)


def reported_poses(task: Rendezvous, truth: Array, numbers: Array) -> Array:
    """The poses (B, K, 3) that a liar at `truth` reports: its own, moved by `numbers` (B, K, 3), within the arena."""
    xp, arena_m = task.xp, task.params.arena_m
    ahead, left = arena_m * numbers[..., 0], arena_m * numbers[..., 1]
    cos, sin = xp.cos(truth[..., 2]), xp.sin(truth[..., 2])
    x = xp.clip(truth[..., 0] + ahead * cos - left * sin, 0.0, arena_m)
    y = xp.clip(truth[..., 1] + ahead * sin + left * cos, 0.0, arena_m)
    heading: Any = (truth[..., 2] + xp.pi * numbers[..., 2]) % (2.0 * xp.pi)
    return xp.stack([x, y, heading], axis=-1)
