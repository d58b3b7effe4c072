"""Where robots begin: as the roster says, else drawn so that bodies do not overlap."""

from collections.abc import Sequence

import numpy as np

from mir2_core.errors import UserError
from mir2_core.robots import robot_model
from mir2_core.roster import Roster
from mir2_core.tasks import FloorTask
from mir2_core.types import FloatArray

TRIES = 50
DRAWS_PER_ROBOT = 200
# Rendezvous starts its robots at least this share of the arena's side away from every wall.
WALL_SHARE = 0.05
BODY_SPACING = 1.5  # drawn robots keep this many body diameters from each other


def start_poses(roster: Roster, task: FloorTask, seed: int) -> FloatArray:
    """Start poses (N, 3): the roster's where given, else drawn from the seed; points are drawn as the task does it.

    Raises `UserError` when robots with bodies overlap, stand in a wall or do not fit.
    """
    rng = np.random.default_rng(seed)
    given = {row: robot.start for row, robot in enumerate(roster.robots) if robot.start is not None}
    radius_m = max(robot_model(robot.kind).radius_m for robot in roster.robots)
    poses = np.empty((len(roster.robots), 3))
    for row, start in given.items():
        poses[row] = (start.x_m, start.y_m, start.heading_rad)
    others = [row for row in range(len(poses)) if row not in given]
    if radius_m == 0.0:
        poses[others] = task.reset(rng)[0, others]
        return poses
    check_clear(poses[list(given)], [roster.names[row] for row in given], roster.arena.size_m, radius_m)
    if others:
        spacing_m = 2.0 * BODY_SPACING * radius_m
        poses[others] = non_overlapping_poses(
            rng, len(others), roster.arena.size_m, spacing_m, occupied=poses[list(given), :2]
        )
    return poses


def check_clear(poses: FloatArray, names: Sequence[str], arena_m: float, radius_m: float) -> None:
    """Raise `UserError` unless bodies at `poses` (N, 3) stand inside the walls and clear of each other."""
    low_m, high_m = radius_m, arena_m - radius_m
    for i, (x_m, y_m, heading_rad) in enumerate(poses.tolist()):
        if not (low_m <= x_m <= high_m and low_m <= y_m <= high_m):
            raise UserError(
                f"{names[i]}: start x_m {x_m:g}, y_m {y_m:g} is not inside the walls; "
                f"allowed: {low_m:g} to {high_m:g} m in an arena of {arena_m:g} m"
            )
        if not np.isfinite(heading_rad):
            raise UserError(f"{names[i]}: start heading_rad is {heading_rad}; allowed: finite numbers")
        gaps_m = np.hypot(*(poses[:i, :2] - (x_m, y_m)).T)
        if i and gaps_m.min() < 2.0 * radius_m:
            raise UserError(
                f"{names[i]}: starts {gaps_m.min():.3f} m from {names[int(gaps_m.argmin())]}; "
                f"allowed: {2.0 * radius_m:g} m (a body's diameter) or more"
            )


def non_overlapping_poses(
    rng: np.random.Generator,
    robots: int,
    arena_m: float,
    min_distance_m: float,
    occupied: FloatArray | None = None,
) -> FloatArray:
    """Draw uniform poses (N, 3) of x_m, y_m, heading_rad whose centres keep a distance from each other.

    Walls are kept at half that distance, and at 5 % of the arena's side; `occupied` (M, 2) are places already taken.
    Raises `UserError` when the robots do not fit.
    """
    if robots < 1:
        raise UserError(f"robots is {robots}; allowed: 1 or more")
    if not (np.isfinite(arena_m) and arena_m > 0.0):
        raise UserError(f"arena_m is {arena_m}; allowed: above 0 m")
    if not (np.isfinite(min_distance_m) and min_distance_m >= 0.0):
        raise UserError(f"min_distance_m is {min_distance_m}; allowed: 0 m or more")
    taken = np.empty((0, 2)) if occupied is None else occupied
    margin_m = max(WALL_SHARE * arena_m, 0.5 * min_distance_m)
    if 2.0 * margin_m <= arena_m:
        for _ in range(TRIES):
            positions = _positions(rng, robots, (margin_m, arena_m - margin_m), min_distance_m, taken)
            if positions is not None:
                headings = rng.uniform(0.0, 2.0 * np.pi, (robots, 1))
                return np.concatenate([positions, headings], axis=1)
    raise UserError(
        f"no room for {robots} robots at least {min_distance_m:g} m apart in an arena of side {arena_m:g} m; "
        "take fewer robots, a larger arena or a smaller distance"
    )


def _positions(
    rng: np.random.Generator, robots: int, bounds_m: tuple[float, float], min_distance_m: float, taken: FloatArray
) -> FloatArray | None:
    """Place robots one after another wherever a draw is free, or give up."""
    placed = taken
    for _ in range(robots):
        draws = rng.uniform(*bounds_m, (DRAWS_PER_ROBOT, 2))
        distances_m = np.linalg.norm(draws[:, None] - placed[None], axis=-1)
        free = draws[(distances_m >= min_distance_m).all(axis=1)]
        if len(free) == 0:
            return None
        placed = np.concatenate([placed, free[:1]])
    return placed[len(taken) :]
