"""Traitors that were trained against one certain team: what they see, and what their outputs mean."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mir2_core.bundle import AdversaryInfo, PolicyBundle
from mir2_core.errors import UserError
from mir2_core.tasks import FloorTask, ObservationTerm, on_floor
from mir2_core.tasks.geometry import Array
from mir2_core.traitors.steering import benign_centroid, drive
from mir2_core.traitors.traitor import Deed, Situation, benign_robots

REPORT_SIZE = 3  # x and y in units of half the arena's side, from its middle, and the heading in units of π
CLOCK_STEPS = (2.0, 4.0, 10.0, 50.0, 100.0)  # periods: lies that change at the right moment hurt most
SPREAD_SCALES_PER_M = (2.0, 10.0, 50.0)  # a team that has met differs by centimetres from one that is kept from it
SMALLEST_M = 0.02  # differences below say nothing
FULL = 0.8  # of the outputs means full speed, or the edge of the arena: a saturated tanh passes no gradient
LOOKAHEAD_S = 10.0


class AdversaryBundle(PolicyBundle):
    """A verified adversary, which is a `Traitor`; `act` maps `adversary_observations` to what `to_deed` takes."""

    def __call__(self, situation: Situation) -> Deed:
        """What the robots that it was trained as do and report."""
        task = situation.task
        seen = adversary_observations(task, situation.poses, situation.robots, situation.step)
        outputs = self.act(seen.reshape(-1, seen.shape[-1]))
        return to_deed(task, outputs.reshape(*seen.shape[:-1], outputs.shape[-1]))

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
        self._require_terms(victim)

    def _require_terms(self, victim: PolicyBundle) -> None:
        task = on_floor(victim.task(), str(victim.path))
        given = [term._asdict() for term in adversary_terms(task, self.info.robots)]
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

    def _check_kind(self) -> None:
        info = self.metadata.adversary
        if info is None:
            raise UserError(f"{self.path}: a policy, not an adversary; give a bundle written by 'mir2 attack'")
        team = self.metadata.task_parameters.get("robots", 0)
        if any(not 0 <= robot < team for robot in info.robots):
            raise UserError(
                f"{self.path}: field adversary.robots is {info.robots}; the team has robots 0 to {team - 1}"
            )


def adversary_terms(task: FloorTask, robots: Sequence[int]) -> tuple[ObservationTerm, ...]:
    """The observation of an adversary that has taken over `robots`: it hears where everybody is, and has a clock."""
    side, benign = task.params.arena_m, task.params.robots - len(robots)
    return (
        ObservationTerm("flight_left_right", 2, "7.5344 rad/s", 1.0),
        ObservationTerm("retreat_left_right", 2, "7.5344 rad/s", 1.0),
        ObservationTerm("place", 2, "m from the arena's middle", 2.0 / side),
        ObservationTerm("heading_cos_sin", 2, "1", 1.0),
        ObservationTerm("benign_centroid", 2, "m from the arena's middle", 2.0 / side),
        ObservationTerm("benign_centroid_ahead_left", 2, "m", 2.0 / side),
        ObservationTerm("benign_centroid_bearing_cos_sin", 2, "1", 1.0),
        ObservationTerm("benign_spread_squashed", len(SPREAD_SCALES_PER_M), "1", 1.0),
        ObservationTerm("benign_places_over_spread", 2 * benign, "1", 1.0),
        ObservationTerm("benign_ahead_left", 2 * benign, "m", 2.0 / side),
        ObservationTerm("benign_headings_cos_sin", 2 * benign, "1", 1.0),
        ObservationTerm("clock_cos_sin", 2 * len(CLOCK_STEPS), "1", 1.0),
        ObservationTerm("used_time", 1, "steps", 1.0 / task.params.horizon),
        ObservationTerm("index", task.params.robots, "1", 1.0),
    )


def adversary_observations(task: FloorTask, poses: Array, robots: Sequence[int], steps: Array) -> Array:
    """What an adversary is given (B, K, O) in the true `poses` (B, N, 3) after `steps`, one number or (B,)."""
    xp, half_m, traitors = task.xp, 0.5 * task.params.arena_m, list(robots)
    own, others = poses[:, traitors], poses[:, benign_robots(task.params.robots, robots)]
    shape = (len(poses), len(traitors), -1)
    centroid = benign_centroid(xp, poses, robots)
    apart = others[..., :2] - centroid
    spread = xp.sqrt(xp.mean(xp.sum(apart * apart, axis=-1), axis=-1) + SMALLEST_M**2)[:, None, None]
    cos, sin = xp.cos(own[..., 2:]), xp.sin(own[..., 2:])

    def ahead_left(places: Array) -> Array:
        """Places (B, 1 or K, M, 2) as the traitors see them."""
        away = places - own[:, :, None, :2]
        east, north = away[..., 0], away[..., 1]
        return xp.stack([east * cos + north * sin, north * cos - east * sin], axis=-1)

    toward = ahead_left(centroid[:, None])[:, :, 0]
    distance = _norm(xp, toward)[..., None]
    squashed = xp.tanh(spread * task.asarray(SPREAD_SCALES_PER_M))
    time = xp.zeros_like(spread) + xp.reshape(task.asarray(steps), (-1, 1, 1))
    phase = 2.0 * np.pi * time / task.asarray(CLOCK_STEPS)
    alike = [  # for every traitor
        centroid / half_m - 1.0,
        squashed,
        xp.reshape(apart / spread, (len(poses), 1, -1)),
        xp.stack([xp.cos(others[..., 2]), xp.sin(others[..., 2])], axis=-1).reshape(len(poses), 1, -1),
        xp.cos(phase),
        xp.sin(phase),
        time / task.params.horizon,
    ]
    middle, squash, over, headings, *clock = (xp.broadcast_to(each, (*shape[:2], each.shape[-1])) for each in alike)
    index = task.asarray(np.eye(task.params.robots)[traitors])
    parts = [
        drive(xp, task.robot, own, own[..., :2] - centroid),
        retreat(task, poses, robots),
        own[..., :2] / half_m - 1.0,
        cos,
        sin,
        middle,
        toward / half_m,
        toward / distance,
        squash,
        over,
        xp.reshape(ahead_left(others[:, None, :, :2]) / half_m, shape),
        headings,
        *clock,
        xp.broadcast_to(index, (*shape[:2], task.params.robots)),
    ]
    return xp.concatenate(parts, axis=-1)


def retreat(task: FloorTask, poses: Array, robots: Sequence[int]) -> Array:
    """Actions (B, K, A) of traitors that drive to the corner that keeps them farthest from it for a while."""
    xp, side_m = task.xp, task.params.arena_m
    own, centroid = poses[:, list(robots)], benign_centroid(xp, poses, robots)[:, :, None]
    corners = task.asarray([[0.0, 0.0], [0.0, side_m], [side_m, 0.0], [side_m, side_m]])
    way = corners - own[:, :, None, :2]
    way_m, far = _norm(xp, way), 0.0
    for time_s in np.linspace(0.0, LOOKAHEAD_S, 9):
        reached = xp.clip(task.robot.max_v_mps * time_s / way_m, None, 1.0)[..., None]
        far = far + _norm(xp, own[:, :, None, :2] + reached * way - centroid)
    return drive(xp, task.robot, own, corners[xp.argmax(far, axis=-1)] - own[..., :2], back=True)


def _norm(xp: Any, vectors: Array) -> Array:
    """Lengths of vectors (..., 2), with a derivative at 0."""
    return xp.sqrt(xp.sum(vectors * vectors, axis=-1) + SMALLEST_M**2)


def reported_poses(task: FloorTask, numbers: Array) -> Array:
    """The poses (B, K, 3) that a liar reports by `numbers` (B, K, 3) in [−1, 1]: 0 is the middle, facing +x."""
    xp, half_m = task.xp, 0.5 * task.params.arena_m
    heading = (np.pi * numbers[..., 2]) % (2.0 * np.pi)
    return xp.stack([half_m * (1.0 + numbers[..., 0]), half_m * (1.0 + numbers[..., 1]), heading], axis=-1)


def to_deed(task: FloorTask, outputs: Array) -> Deed:
    """What outputs (B, K, A), or a liar's (B, K, A + 3), mean."""
    wanted = task.xp.clip(outputs / FULL, -1.0, 1.0)
    actions, numbers = wanted[..., : task.action_size], wanted[..., task.action_size :]
    return Deed(actions, reported_poses(task, numbers) if numbers.shape[-1] else None)
