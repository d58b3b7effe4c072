"""A trained adversary: a bundle that takes over robots of one certain team, and what its outputs mean."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mir2_core.bundle import AdversaryInfo, PolicyBundle
from mir2_core.config import parse
from mir2_core.errors import UserError
from mir2_core.tasks import ObservationTerm, Rendezvous, RendezvousParams, task_type
from mir2_core.tasks.geometry import Array
from mir2_core.tasks.rendezvous import SPEED_MPS

REPORT_SIZE = 3  # x and y in units of half the arena's side, from its middle, and the heading in units of π
CLOCK_STEPS = (2.0, 4.0, 10.0, 50.0, 100.0)  # periods: lies that change at the right moment hurt most
SPREAD_SCALES_PER_M = (2.0, 10.0, 50.0)  # a team that has met differs by centimetres from one that is kept from it
SMALLEST_M = 0.02  # differences below say nothing
TURN_GAIN = 4.0
FULL = 0.8  # of the outputs means full speed, or the edge of the arena: a saturated tanh passes no gradient
LOOKAHEAD_S = 10.0


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
        self._require_terms(victim)

    def _require_terms(self, victim: PolicyBundle) -> None:
        found = victim.metadata
        params = parse(found.task_parameters, RendezvousParams, f"{victim.path}, task_parameters")
        given = [term._asdict() for term in adversary_terms(task_type(found.task)(params), self.info.robots)]
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


def adversary_terms(task: Rendezvous, robots: Sequence[int]) -> tuple[ObservationTerm, ...]:
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


def adversary_observations(task: Rendezvous, poses: Array, robots: Sequence[int], steps: Array) -> Array:
    """What an adversary is given (B, K, O) in the true `poses` (B, N, 3) after `steps`, one number or (B,)."""
    xp, half_m, traitors = task.xp, 0.5 * task.params.arena_m, list(robots)
    own, others = poses[:, traitors], poses[:, benign_robots(task, robots)]
    shape = (len(poses), len(traitors), -1)
    centroid = _centroid(task, poses, robots)
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
        flight(task, poses, robots),
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


def flight(task: Rendezvous, poses: Array, robots: Sequence[int]) -> Array:
    """Actions (B, K, A) of traitors that drive away from the centroid of the benign robots at full speed."""
    own = poses[:, list(robots)]
    return _drive(task, own, own[..., :2] - _centroid(task, poses, robots), back=False)


def retreat(task: Rendezvous, poses: Array, robots: Sequence[int]) -> Array:
    """Actions (B, K, A) of traitors that drive to the corner that keeps them farthest from it for a while."""
    xp, side_m = task.xp, task.params.arena_m
    own, centroid = poses[:, list(robots)], _centroid(task, poses, robots)[:, :, None]
    corners = task.asarray([[0.0, 0.0], [0.0, side_m], [side_m, 0.0], [side_m, side_m]])
    way = corners - own[:, :, None, :2]
    way_m, far = _norm(xp, way), 0.0
    for time_s in np.linspace(0.0, LOOKAHEAD_S, 9):
        reached = xp.clip(2.0 * SPEED_MPS * time_s / way_m, None, 1.0)[..., None]
        far = far + _norm(xp, own[:, :, None, :2] + reached * way - centroid)
    return _drive(task, own, corners[xp.argmax(far, axis=-1)] - own[..., :2], back=True)


def _drive(task: Rendezvous, own: Array, toward: Array, back: bool) -> Array:
    """Actions (B, K, A) of robots at `own` (B, K, 3) that go in the directions `toward` (B, K, 2), maybe backwards."""
    xp = task.xp
    error = xp.arctan2(toward[..., 1], toward[..., 0]) - own[..., 2]
    cos, sin = xp.cos(error), xp.sin(error)
    sign = xp.where(cos < 0.0, -1.0, 1.0) if back else 1.0
    drive = 2.0 * SPEED_MPS * (cos if back else xp.clip(cos, 0.0, None))
    actions = task.twist_to_action(drive, TURN_GAIN * xp.arctan2(sign * sin, sign * cos))
    return actions / xp.clip(xp.max(xp.abs(actions), axis=-1), 1.0, None)[..., None]


def _centroid(task: Rendezvous, poses: Array, robots: Sequence[int]) -> Array:
    """Where (B, 1, 2) the benign robots are on average."""
    return task.xp.mean(poses[:, benign_robots(task, robots), :2], axis=1)[:, None]


def benign_robots(task: Rendezvous, robots: Sequence[int]) -> list[int]:
    """The indices of all robots but the traitors."""
    return [robot for robot in range(task.params.robots) if robot not in robots]


def _norm(xp: Any, vectors: Array) -> Array:
    """Lengths of vectors (..., 2), with a derivative at 0."""
    return xp.sqrt(xp.sum(vectors * vectors, axis=-1) + SMALLEST_M**2)


def reported_poses(task: Rendezvous, numbers: Array) -> Array:
    """The poses (B, K, 3) that a liar reports by `numbers` (B, K, 3) in [−1, 1]: 0 is the middle, facing +x."""
    xp, half_m = task.xp, 0.5 * task.params.arena_m
    heading = (np.pi * numbers[..., 2]) % (2.0 * np.pi)
    return xp.stack([half_m * (1.0 + numbers[..., 0]), half_m * (1.0 + numbers[..., 1]), heading], axis=-1)


def actions_and_reports(task: Rendezvous, outputs: Array) -> tuple[Array, Array | None]:
    """Actions (B, K, A) and, of a liar, reported poses (B, K, 3) that outputs (B, K, A or A + 3) mean."""
    wanted = task.xp.clip(outputs / FULL, -1.0, 1.0)
    actions, numbers = wanted[..., : task.action_size], wanted[..., task.action_size :]
    return actions, reported_poses(task, numbers) if numbers.shape[-1] else None
