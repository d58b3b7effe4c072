"""What a trained adversary sees: where everybody is, in numbers that a network learns from, and a clock."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from mir2_core.tasks import FloorTask, Observation, ObservationBlock, ObservationTerm
from mir2_core.tasks.geometry import Array
from mir2_core.traitors.steering import benign_centroid, drive
from mir2_core.traitors.traitor import benign_robots

CLOCK_STEPS = (2.0, 4.0, 10.0, 50.0, 100.0)  # periods: lies that change at the right moment hurt most
SPREAD_SCALES_PER_M = (2.0, 10.0, 50.0)  # a team that has met differs by centimetres from one that is kept from it
SMALLEST_M = 0.02  # differences below say nothing
LOOKAHEAD_S = 10.0


class Scene(NamedTuple):
    """What the numbers are made of; M robots are benign."""

    own: Array  # (B, K, 3) the traitors' poses
    facing: Array  # (B, K, 2) cosines and sines of their headings
    others: Array  # (B, M, 3) the benign robots' poses
    centroid: Array  # (B, 1, 2) of the benign robots
    toward: Array  # (B, K, 2) the centroid, ahead and to the left of each traitor
    apart: Array  # (B, M, 2) the benign robots' places from their centroid
    spread: Array  # (B, 1, 1) root mean square of their distances from it
    steps: Array  # (B or 1, 1, 1) that have passed


class Sight:
    """The observation of an adversary that has taken over `robots` of a team."""

    def __init__(self, task: FloorTask, robots: Sequence[int]) -> None:
        self._task, self._xp, self._half_m = task, task.xp, 0.5 * task.params.arena_m
        self._robots, self._benign = list(robots), benign_robots(task.params.robots, robots)
        self._observation = Observation(task.xp, self._blocks())
        self.terms, self.size = self._observation.terms, self._observation.size

    def __call__(self, poses: Array, steps: Array) -> Array:
        """What the traitors are given (B, K, O) in the true `poses` (B, N, 3) after `steps`, one number or (B,)."""
        return self._observation(self._scene(poses, steps))

    def _scene(self, poses: Array, steps: Array) -> Scene:
        xp, own, others = self._xp, poses[:, self._robots], poses[:, self._benign]
        facing, centroid = _cos_sin(xp, own[..., 2:]), benign_centroid(xp, poses, self._robots)
        apart = others[..., :2] - centroid
        spread = xp.sqrt(xp.mean(xp.sum(apart * apart, axis=-1), axis=-1) + SMALLEST_M**2)[:, None, None]
        toward = _ahead_left(xp, own, facing, centroid)[:, :, 0]
        passed = xp.reshape(self._task.asarray(steps), (-1, 1, 1))
        return Scene(own, facing, others, centroid, toward, apart, spread, passed)

    def _blocks(self) -> list[ObservationBlock]:
        xp, benign = self._xp, len(self._benign)
        wheels, of_half, middle = f"{self._task.robot.max_wheel_radps:g} rad/s", 1.0 / self._half_m, "arena's middle"
        horizon, team = self._task.params.horizon, self._task.params.robots
        index = self._task.asarray(np.eye(team)[self._robots])

        def block(name: str, size: int, unit: str, scale: float, numbers: Callable[[Scene], Array]) -> ObservationBlock:
            def for_each_traitor(scene: Scene) -> Array:
                found = numbers(scene)
                return xp.broadcast_to(found, (*scene.own.shape[:2], found.shape[-1]))

            return ObservationBlock((ObservationTerm(name, size, unit, scale),), for_each_traitor)

        return [
            block("flight_left_right", 2, wheels, 1.0, self._flight),
            block("retreat_left_right", 2, wheels, 1.0, self._retreat),
            block("place", 2, f"m from the {middle}", of_half, lambda s: s.own[..., :2] / self._half_m - 1.0),
            block("heading_cos_sin", 2, "1", 1.0, lambda s: s.facing),
            block("benign_centroid", 2, f"m from the {middle}", of_half, lambda s: s.centroid / self._half_m - 1.0),
            block("benign_centroid_ahead_left", 2, "m", of_half, lambda s: s.toward / self._half_m),
            block("benign_centroid_bearing_cos_sin", 2, "1", 1.0, self._bearing),
            block("benign_spread_squashed", len(SPREAD_SCALES_PER_M), "1", 1.0, self._squashed_spread),
            block("benign_places_over_spread", 2 * benign, "1", 1.0, self._places_over_spread),
            block("benign_ahead_left", 2 * benign, "m", of_half, self._others_ahead_left),
            block("benign_headings_cos_sin", 2 * benign, "1", 1.0, self._headings),
            block("clock_cos_sin", 2 * len(CLOCK_STEPS), "1", 1.0, self._clock),
            block("used_time", 1, "steps", 1.0 / horizon, lambda s: s.steps / horizon),
            block("index", team, "1", 1.0, lambda _: index),
        ]

    def _flight(self, scene: Scene) -> Array:
        """The action that drives away from the benign robots' centroid."""
        return drive(self._xp, self._task.robot, scene.own, scene.own[..., :2] - scene.centroid)

    def _retreat(self, scene: Scene) -> Array:
        """The action that drives to the corner that keeps the traitor farthest from the centroid for a while."""
        xp, side_m, speed_mps = self._xp, 2.0 * self._half_m, self._task.robot.max_v_mps
        corners = self._task.asarray([[0.0, 0.0], [0.0, side_m], [side_m, 0.0], [side_m, side_m]])
        way = corners - scene.own[:, :, None, :2]
        way_m, far = _length(xp, way), 0.0
        for time_s in np.linspace(0.0, LOOKAHEAD_S, 9):
            reached = xp.clip(speed_mps * time_s / way_m, None, 1.0)[..., None]
            far = far + _length(xp, scene.own[:, :, None, :2] + reached * way - scene.centroid[:, :, None])
        return drive(xp, self._task.robot, scene.own, corners[xp.argmax(far, axis=-1)] - scene.own[..., :2], back=True)

    def _bearing(self, scene: Scene) -> Array:
        return scene.toward / _length(self._xp, scene.toward)[..., None]

    def _others_ahead_left(self, scene: Scene) -> Array:
        seen = _ahead_left(self._xp, scene.own, scene.facing, scene.others[..., :2]) / self._half_m
        return self._xp.reshape(seen, (*scene.own.shape[:2], -1))

    def _squashed_spread(self, scene: Scene) -> Array:
        return self._xp.tanh(scene.spread * self._task.asarray(SPREAD_SCALES_PER_M))

    def _places_over_spread(self, scene: Scene) -> Array:
        return self._xp.reshape(scene.apart / scene.spread, (len(scene.apart), 1, -1))

    def _headings(self, scene: Scene) -> Array:
        pairs = _cos_sin(self._xp, scene.others[..., 2:])
        return self._xp.reshape(pairs, (len(pairs), 1, -1))

    def _clock(self, scene: Scene) -> Array:
        return _cos_sin(self._xp, 2.0 * np.pi * scene.steps / self._task.asarray(CLOCK_STEPS))


def _cos_sin(xp: Any, angles: Array) -> Array:
    """Cosines, then sines (..., 2 M) of angles (..., M)."""
    return xp.concatenate([xp.cos(angles), xp.sin(angles)], axis=-1)


def _ahead_left(xp: Any, own: Array, facing: Array, places: Array) -> Array:
    """Places (B, M, 2) as robots at `own` (B, K, 3) see them (B, K, M, 2)."""
    away, cos, sin = places[:, None] - own[:, :, None, :2], facing[..., :1], facing[..., 1:]
    east, north = away[..., 0], away[..., 1]
    return xp.stack([east * cos + north * sin, north * cos - east * sin], axis=-1)


def _length(xp: Any, vectors: Array) -> Array:
    """Lengths of vectors (..., 2), with a derivative at 0."""
    return xp.sqrt(xp.sum(vectors * vectors, axis=-1) + SMALLEST_M**2)
