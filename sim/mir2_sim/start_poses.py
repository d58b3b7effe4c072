"""Random start poses for robots that have bodies."""

import numpy as np
from mir2_core.errors import UserError
from mir2_core.types import FloatArray

TRIES = 50
DRAWS_PER_ROBOT = 200
# Rendezvous starts its robots at least this share of the arena's side away from every wall.
WALL_SHARE = 0.05


def non_overlapping_poses(rng: np.random.Generator, robots: int, arena_m: float, min_distance_m: float) -> FloatArray:
    """Draw uniform poses (N, 3) of x_m, y_m, heading_rad whose centres keep a distance from each other.

    Walls are kept at half that distance, and at 5 % of the arena's side. Raises `UserError` when the robots do not fit.
    """
    if robots < 1:
        raise UserError(f"robots is {robots}; allowed: 1 or more")
    if not (np.isfinite(arena_m) and arena_m > 0.0):
        raise UserError(f"arena_m is {arena_m}; allowed: above 0 m")
    if not (np.isfinite(min_distance_m) and min_distance_m >= 0.0):
        raise UserError(f"min_distance_m is {min_distance_m}; allowed: 0 m or more")
    margin_m = max(WALL_SHARE * arena_m, 0.5 * min_distance_m)
    if 2.0 * margin_m <= arena_m:
        for _ in range(TRIES):
            positions = _positions(rng, robots, margin_m, arena_m - margin_m, min_distance_m)
            if positions is not None:
                headings = rng.uniform(-np.pi, np.pi, (robots, 1))
                return np.concatenate([positions, headings], axis=1)
    raise UserError(
        f"no room for {robots} robots at least {min_distance_m:g} m apart in an arena of side {arena_m:g} m; "
        "take fewer robots, a larger arena or a smaller distance"
    )


def _positions(
    rng: np.random.Generator, robots: int, low_m: float, high_m: float, min_distance_m: float
) -> FloatArray | None:
    """Place robots one after another wherever a draw is free, or give up."""
    placed = np.empty((0, 2))
    for _ in range(robots):
        draws = rng.uniform(low_m, high_m, (DRAWS_PER_ROBOT, 2))
        distances_m = np.linalg.norm(draws[:, None] - placed[None], axis=-1)
        free = draws[(distances_m >= min_distance_m).all(axis=1)]
        if len(free) == 0:
            return None
        placed = np.concatenate([placed, free[:1]])
    return placed
