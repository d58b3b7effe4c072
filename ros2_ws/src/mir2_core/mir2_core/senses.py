"""What a robot's own proximity sensors say of the floor around it.

A sensor is modelled as three rays from its place on the rim: along its bearing and along both edges of its field of
view. The nearest hit counts; what is beyond the range reads as the range. Places are (x_m, y_m) in the robot's frame.
"""

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mir2_core.robots import RobotModel
from mir2_core.types import FloatArray

FEWEST_BEARINGS = 72
CELL_ASIDE_M, CELL_M = 0.0115, 0.002  # no cell is larger: every place has the middle of one within `CLAIM_M`
NOISES = 3.0  # deviations of a reading that count as noise
CLAIM_M = 0.008  # how far from the place that is claimed an ally, or a wall, may be


class Rays(NamedTuple):
    """S sensors of three rays each."""

    starts: FloatArray  # (S, 3, 2)
    directions: FloatArray  # (S, 3, 2)


@lru_cache
def sensor_rays(model: RobotModel) -> Rays:
    """The rays of the model's sensors, in the robot's frame."""
    bearings = np.array([sensor.bearing_rad for sensor in model.proximity])[:, None]
    fields = np.array([sensor.field_of_view_rad for sensor in model.proximity])[:, None]
    starts = np.broadcast_to(model.radius_m * _unit(bearings), (len(bearings), 3, 2))
    return Rays(starts, _unit(bearings + fields * np.array([-0.5, 0.0, 0.5])))


def ranges_to(model: RobotModel, places: ArrayLike, radius_m: float | None = None) -> FloatArray:
    """What the sensors (..., S) would read of a body whose middle is at `places` (..., 2).

    Its radius is that of the model's own kind unless told.
    """
    rays, radius_m = sensor_rays(model), model.radius_m if radius_m is None else radius_m
    offsets = np.asarray(places, dtype=np.float64)[..., None, None, :] - rays.starts
    along = np.sum(offsets * rays.directions, axis=-1)
    aside = offsets[..., 0] * rays.directions[..., 1] - offsets[..., 1] * rays.directions[..., 0]
    half_chord = np.sqrt(np.clip(radius_m**2 - aside**2, 0.0, None))
    hit = (np.abs(aside) < radius_m) & (along + half_chord > 0.0)
    nearest = np.where(hit, np.clip(along - half_chord, 0.0, None), np.inf).min(axis=-1)
    ranges_m: FloatArray = np.minimum(nearest, [sensor.range_m for sensor in model.proximity])
    return ranges_m


def ranges_to_walls(model: RobotModel, pose: tuple[float, float, float], arena_m: float) -> FloatArray:
    """What the sensors (S,) of a robot at `pose` would read of the walls around [0, arena_m]²; `inf` for no wall."""
    rays, (x_m, y_m, heading_rad) = sensor_rays(model), pose
    cos, sin = math.cos(heading_rad), math.sin(heading_rad)
    turn = np.array([[cos, sin], [-sin, cos]])
    starts, directions = (x_m, y_m) + rays.starts @ turn, rays.directions @ turn
    rooms = np.clip(np.where(directions > 0.0, arena_m - starts, starts), 0.0, None)
    ways = np.divide(rooms, np.abs(directions), out=np.full_like(rooms, np.inf), where=directions != 0.0)
    nearest: FloatArray = ways.min(axis=(-2, -1))
    return np.where(nearest < [sensor.range_m for sensor in model.proximity], nearest, np.inf)


Place = tuple[float, float]


class View(NamedTuple):
    """The floor around a robot in cells, bearing by gap (the distance from rim to rim)."""

    free: NDArray[np.bool_]  # (B, G) whether a robot in the cell would have been seen
    echoes: NDArray[np.bool_]  # (E, B, G) for each echo, whether a robot in the cell would explain it


class Senses:
    """Reads the sensors of one robot kind, as far as they speak of bodies of one radius."""

    def __init__(self, model: RobotModel, radius_m: float) -> None:
        self._model = model
        self._limits_m = np.array([sensor.range_m for sensor in model.proximity])
        farthest_m = model.radius_m + radius_m + self._limits_m.max(initial=0.0)
        bearings = max(FEWEST_BEARINGS, math.ceil(math.tau * farthest_m / CELL_ASIDE_M))
        self._cell_rad = math.tau / bearings
        self._bearings_rad = np.arange(bearings) * self._cell_rad + 0.5 * self._cell_rad
        edges_m = np.arange(0.0, self._limits_m.max(initial=0.0) + CELL_M, CELL_M)
        self._gaps_m = edges_m[:-1]
        self._touching_m = model.radius_m + radius_m
        distances_m = self._touching_m + edges_m
        corners = _unit(self._bearings_rad - 0.5 * self._cell_rad)[:, None] * distances_m[:, None]
        self._middles = _unit(self._bearings_rad)[:, None] * (distances_m[:-1, None] + 0.5 * CELL_M)
        self._nearest, self._farthest = self._of_cells(ranges_to(model, corners, radius_m))
        self._noise_m = NOISES * np.array([sensor.noise_m for sensor in model.proximity])

    @staticmethod
    def _of_cells(corners: FloatArray) -> tuple[FloatArray, FloatArray]:
        """What each sensor reads at least and at most of a robot somewhere in a cell, (B, G, S)."""
        next_bearing = np.roll(corners, -1, axis=0)
        four = np.stack([corners[:, :-1], corners[:, 1:], next_bearing[:, :-1], next_bearing[:, 1:]])
        return four.min(axis=0), four.max(axis=0)

    def look(self, ranges_m: ArrayLike, walls_m: ArrayLike = np.inf) -> View:
        """What the readings (S,) mean; NaN is a sensor that says nothing.

        A reading that the arena's walls (S,) explain is no echo. A thing that no robot could look like, such as a hand,
        counts as standing right before the sensor that sees it.
        """
        said = np.asarray(ranges_m, dtype=np.float64)
        ranges = np.clip(np.where(np.isnan(said), 0.0, said), 0.0, self._limits_m)
        possible = np.asarray((self._farthest >= ranges - self._noise_m).all(axis=-1))
        echoes = []
        walls = np.abs(ranges - np.asarray(walls_m)) <= CLAIM_M
        for i in np.flatnonzero((said < self._limits_m) & ~walls):
            nearest, farthest = self._nearest[..., i], self._farthest[..., i]
            like = np.abs(np.clip(ranges[i], nearest, farthest) - ranges[i]) <= self._noise_m[i]
            explains = possible & like & (nearest < self._limits_m[i])
            if not explains.any():
                explains[self._cell(self._model.proximity[i].bearing_rad, ranges[i])] = True
            echoes.append(explains)
        return View(~possible, np.array(echoes, dtype=np.bool_).reshape(len(echoes), *possible.shape))

    def _cell(self, bearing_rad: float, gap_m: float) -> tuple[int, int]:
        """The cell of a body at that bearing and gap; one that is too near counts as touching."""
        return int(bearing_rad % math.tau / self._cell_rad) % len(self._bearings_rad), max(0, int(gap_m / CELL_M))

    def contradict(self, view: View, place: Place) -> bool:
        """Whether a robot that claims to stand at `place` would have been seen there, or near it."""
        if not all(map(math.isfinite, place)):
            return True
        distance_m = math.hypot(*place)
        if distance_m + CLAIM_M > self._touching_m + self._limits_m.max(initial=0.0):
            return False
        bearing_rad = math.atan2(place[1], place[0])
        claimed = max(distance_m, self._touching_m) * _unit(np.array(bearing_rad))
        near = np.hypot(*np.moveaxis(self._middles - claimed, -1, 0)) <= CLAIM_M
        return bool(view.free[near].all())

    def way_m(self, view: View, turned: tuple[float, float], explained: NDArray[np.bool_] | None = None) -> float:
        """How far a robot may go, in directions between the two of `turned`, until it touches what it sees.

        Echoes (E,) that are `explained` are left out: who says where it is says it more exactly than an echo.
        """
        seen = (view.echoes if explained is None else view.echoes[~explained]).any(axis=0)
        rows, columns = np.nonzero(seen)
        middle_rad, half_rad = 0.5 * (turned[0] + turned[1]), 0.5 * (abs(turned[1] - turned[0]) + self._cell_rad)
        off_rad = np.abs(np.remainder(self._bearings_rad[rows] - middle_rad + math.pi, math.tau) - math.pi)
        off_rad = np.clip(off_rad - half_rad, 0.0, None)
        distances_m = self._touching_m + self._gaps_m[columns]
        aside_m, ahead_m = distances_m * np.sin(off_rad), distances_m * np.cos(off_rad)
        meets = (ahead_m > 0.0) & (aside_m < self._touching_m)
        ways_m = np.where(meets, ahead_m - np.sqrt(np.clip(self._touching_m**2 - aside_m**2, 0.0, None)), np.inf)
        return max(0.0, float(ways_m.min(initial=np.inf)))

    def explained(self, view: View, claims: Iterable[Place]) -> NDArray[np.bool_]:
        """Which echoes (E,) a robot at one of the places would cause."""
        explained = np.zeros(len(view.echoes), dtype=np.bool_)
        for place in claims:
            gap_m = math.hypot(*place) - self._touching_m
            if gap_m < self._gaps_m[-1]:
                explained |= view.echoes[:, *self._cell(math.atan2(place[1], place[0]), gap_m)]
        return explained


@lru_cache
def senses_of(model: RobotModel, radius_m: float | None = None) -> Senses:
    """The senses of a kind for bodies of a radius, that of the kind unless told; all its robots share the tables."""
    return Senses(model, model.radius_m if radius_m is None else radius_m)


def _unit(angles_rad: FloatArray) -> FloatArray:
    return np.stack([np.cos(angles_rad), np.sin(angles_rad)], axis=-1)
