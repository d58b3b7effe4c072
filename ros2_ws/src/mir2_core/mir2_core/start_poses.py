"""Where robots begin: as the roster says, else drawn so that bodies do not overlap."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mir2_core.errors import UserError
from mir2_core.robots import RobotModel
from mir2_core.roster import Roster
from mir2_core.tasks import FloorTask
from mir2_core.types import FloatArray

TRIES = 50
DRAWS_PER_ROBOT = 200
# Rendezvous starts its robots at least this share of the arena's side away from every wall.
WALL_SHARE = 0.05
BODY_SPACING = 1.5  # drawn robots keep this many times the distance at which bodies touch


def start_poses(roster: Roster, task: FloorTask, seed: int) -> FloatArray:
    """Start poses (N, 3): the roster's where given, else drawn from the seed; points are drawn as the task does it.

    Raises `UserError` when robots with bodies overlap, stand in a wall or do not fit.
    """
    rng = np.random.default_rng(seed)
    given = [row for row, robot in enumerate(roster.robots) if robot.start is not None]
    others = [row for row, robot in enumerate(roster.robots) if robot.start is None]
    models = [robot.model for robot in roster.robots]
    poses = np.empty((len(roster.robots), 3))
    for row in given:
        start = roster.robots[row].start
        assert start is not None
        poses[row] = (start.x_m, start.y_m, start.heading_rad)
    if all(model.radius_m == 0.0 for model in models):
        poses[others] = task.reset(rng)[0, others]
        return poses
    check_clear(poses[given], [roster.names[row] for row in given], roster.arena.size_m, [models[row] for row in given])
    if others:
        apart_m = 2.0 * BODY_SPACING * np.array([model.radius_m for model in models])
        taken = np.concatenate([poses[given, :2], apart_m[given, None]], axis=1)
        poses[others] = non_overlapping_poses(rng, len(others), roster.arena.size_m, apart_m[others], taken=taken)
    return poses


def check_clear(poses: FloatArray, names: Sequence[str], arena_m: float, models: Sequence[RobotModel]) -> None:
    """Raise `UserError` unless the bodies of robots at `poses` (N, 3) are inside the walls and clear of each other.

    A robot that flies may start above one that it does not meet.
    """
    for i, (x_m, y_m, heading_rad) in enumerate(poses.tolist()):
        low_m, high_m = models[i].radius_m, arena_m - models[i].radius_m
        if not (low_m <= x_m <= high_m and low_m <= y_m <= high_m):
            raise UserError(
                f"{names[i]}: start x_m {x_m:g}, y_m {y_m:g} is not inside the walls; "
                f"allowed: {low_m:g} to {high_m:g} m in an arena of {arena_m:g} m"
            )
        if not np.isfinite(heading_rad):
            raise UserError(f"{names[i]}: start heading_rad is {heading_rad}; allowed: finite numbers")
        gaps_m = np.hypot(*(poses[:i, :2] - (x_m, y_m)).T)
        needed_m = np.array([_touching_m(models[i], other) for other in models[:i]])
        if i and (gaps_m < needed_m).any():
            nearest = int((gaps_m - needed_m).argmin())
            raise UserError(
                f"{names[i]}: starts {gaps_m[nearest]:.3f} m from {names[nearest]}; "
                f"allowed: {needed_m[nearest]:g} m (where the bodies touch) or more"
            )


def _touching_m(one: RobotModel, other: RobotModel) -> float:
    return one.radius_m + other.radius_m if one.meets(other) else 0.0


def non_overlapping_poses(
    rng: np.random.Generator,
    robots: int,
    arena_m: float,
    min_distance_m: ArrayLike,
    taken: FloatArray | None = None,
) -> FloatArray:
    """Draw uniform poses (N, 3) of x_m, y_m, heading_rad whose centres keep a distance from each other.

    The distance is one for all, or (N,), and any two robots keep the mean of theirs. Walls are kept at half of it, and
    at 5 % of the arena's side; `taken` (M, 3) are places already taken, x_m, y_m and distance. Raises `UserError` when
    the robots do not fit.
    """
    if robots < 1:
        raise UserError(f"robots is {robots}; allowed: 1 or more")
    if not (np.isfinite(arena_m) and arena_m > 0.0):
        raise UserError(f"arena_m is {arena_m}; allowed: above 0 m")
    apart_m = np.broadcast_to(np.asarray(min_distance_m, dtype=np.float64), (robots,))
    if not (np.isfinite(apart_m).all() and apart_m.min() >= 0.0):
        raise UserError(f"min_distance_m is {apart_m.min():g}; allowed: 0 m or more")
    margins_m = np.maximum(WALL_SHARE * arena_m, 0.5 * apart_m)
    if 2.0 * margins_m.max() <= arena_m:
        for _ in range(TRIES):
            positions = _positions(rng, apart_m, margins_m, arena_m, np.empty((0, 3)) if taken is None else taken)
            if positions is not None:
                headings = rng.uniform(0.0, 2.0 * np.pi, (robots, 1))
                return np.concatenate([positions, headings], axis=1)
    raise UserError(
        f"no room for {robots} robots at least {apart_m.min():g} m apart in an arena of side {arena_m:g} m; "
        "take fewer robots, a larger arena or a smaller distance"
    )


def _positions(
    rng: np.random.Generator, apart_m: FloatArray, margins_m: FloatArray, arena_m: float, taken: FloatArray
) -> FloatArray | None:
    """Place robots one after another wherever a draw is free, or give up."""
    placed = taken
    for own_m, margin_m in zip(apart_m.tolist(), margins_m.tolist(), strict=True):
        draws = rng.uniform(margin_m, arena_m - margin_m, (DRAWS_PER_ROBOT, 2))
        distances_m = np.linalg.norm(draws[:, None] - placed[None, :, :2], axis=-1)
        free = draws[(distances_m >= 0.5 * (own_m + placed[:, 2])).all(axis=1)]
        if len(free) == 0:
            return None
        placed = np.concatenate([placed, [[*free[0], own_m]]])
    return placed[len(taken) :, :2]
