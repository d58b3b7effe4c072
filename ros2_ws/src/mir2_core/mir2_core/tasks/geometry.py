"""What robots see of each other and of the walls, without one trigonometric function per pair.

Every function takes `xp`, the array namespace of its arguments: NumPy on a robot, PyTorch in training.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

Array = Any  # numpy.ndarray on a robot, torch.Tensor in the training worlds


class PairGeometry(NamedTuple):
    """Every robot as every robot sees it, each (B, N, N); row i is what robot i sees.

    Bearings count clockwise from the observer's heading. A robot at exactly the same place is seen in direction
    +x of the map, so that the diagonal holds the cosine and sine of the robot's own heading.
    """

    distance_m: Array
    cos_bearing: Array
    sin_bearing: Array


def pair_distances(xp: Any, poses: Array) -> Array:
    """Distances (B, N, N) of all ordered pairs of `poses` (B, N, 3)."""
    x, y = poses[..., 0], poses[..., 1]
    length, coincident = _lengths(xp, x[..., None, :] - x[..., :, None], y[..., None, :] - y[..., :, None])
    return length - coincident


def distances_between(xp: Any, poses: Array, first: Array, second: Array) -> Array:
    """Distances (B, P) of P pairs of robots of `poses` (B, N, 3), given by their indices (P,)."""
    x, y = poses[..., 0], poses[..., 1]
    east = xp.take(x, second, axis=-1) - xp.take(x, first, axis=-1)
    north = xp.take(y, second, axis=-1) - xp.take(y, first, axis=-1)
    length, coincident = _lengths(xp, east, north)
    return length - coincident


def pair_geometry(xp: Any, poses: Array) -> PairGeometry:
    """Distances and bearings of all ordered pairs of `poses` (B, N, 3)."""
    x, y, heading = poses[..., 0], poses[..., 1], poses[..., 2]
    east = x[..., None, :] - x[..., :, None]
    north = y[..., None, :] - y[..., :, None]
    length, coincident = _lengths(xp, east, north)
    cos, sin = xp.cos(heading)[..., None], xp.sin(heading)[..., None]
    east, north = (east + coincident) / length, north / length
    return PairGeometry(length - coincident, east * cos + north * sin, east * sin - north * cos)


def _lengths(xp: Any, east: Array, north: Array) -> tuple[Array, Array]:
    """Lengths of vectors, with 1 in place of 0 as the root has no derivative there, and where that is (0 or 1)."""
    square = east * east + north * north
    zero = xp.where(square == 0.0, 1.0, 0.0)
    return xp.sqrt(square + zero), zero


def ally_features(xp: Any, poses: Array, allies: Array) -> tuple[Array, Array, Array, Array, Array]:
    """What each robot sees of its allies, in five arrays (B, N, N − 1), without the diagonal of `pair_geometry`.

    Distance, cosine and sine of the ally's bearing, cosine and sine of the own bearing as the ally sees it. `allies`
    (N·(N − 1),) holds the indices of robot 0's allies, then of robot 1's, and so on.
    """
    batch, robots, _ = poses.shape
    x, y, heading = poses[..., 0], poses[..., 1], poses[..., 2]
    own_cos, own_sin = xp.cos(heading), xp.sin(heading)

    def of_ally(values: Array) -> Array:
        return xp.reshape(xp.take(values, allies, axis=-1), (batch, robots, robots - 1))

    east, north = of_ally(x) - x[..., None], of_ally(y) - y[..., None]
    length, coincident = _lengths(xp, east, north)
    there, back, north = (coincident + east) / length, (coincident - east) / length, north / length
    cos, sin, ally_cos, ally_sin = own_cos[..., None], own_sin[..., None], of_ally(own_cos), of_ally(own_sin)
    return (
        length - coincident,
        there * cos + north * sin,
        there * sin - north * cos,
        back * ally_cos - north * ally_sin,
        back * ally_sin + north * ally_cos,
    )


def squashed_places(xp: Any, own: Array, places: Array, reaches_m: Sequence[float]) -> Array:
    """Where `places` (..., M, 3) are, ahead and to the left of robots at `own` (..., 1, 3), over √(distance² + reach²).

    Two numbers for each reach: (..., M, 2 R). Far from the robot, they are a direction; near it, a place in units of
    the reach. They are smooth, and within [−1, 1] whatever the place.
    """
    east, north = places[..., 0] - own[..., 0], places[..., 1] - own[..., 1]
    cos, sin = xp.cos(own[..., 2]), xp.sin(own[..., 2])
    place = xp.stack([east * cos + north * sin, north * cos - east * sin], axis=-1)
    square = (east * east + north * north)[..., None]
    return xp.concatenate([place / xp.sqrt(square + reach_m**2) for reach_m in reaches_m], axis=-1)


def wall_terms(xp: Any, poses: Array, arena_m: float, margin_m: float, scale: float) -> Array:
    """Scaled distance, cosine and sine of the nearest wall (B, N, 3); (1, 0, 0) beyond `margin_m`.

    The walls are taken in the order +x, +y, −x, −y; the first of the nearest counts.
    """
    x, y, heading = poses[..., 0], poses[..., 1], poses[..., 2]
    cos, sin = xp.cos(heading), xp.sin(heading)
    distance, toward_cos, toward_sin = arena_m - x, cos, -sin
    for other, other_cos, other_sin in ((arena_m - y, sin, cos), (x, -cos, sin), (y, -sin, -cos)):
        nearer = other < distance
        distance = xp.where(nearer, other, distance)
        toward_cos = xp.where(nearer, other_cos, toward_cos)
        toward_sin = xp.where(nearer, other_sin, toward_sin)
    # Coordinates are compared, not distances: 2 − 1.99 exceeds 0.01 in floating point.
    inner_x = (x > margin_m) & (x < arena_m - margin_m)
    far = inner_x & (y > margin_m) & (y < arena_m - margin_m)
    return xp.stack(
        [
            xp.where(far, 1.0, distance * scale),
            xp.where(far, 0.0, toward_cos),
            xp.where(far, 0.0, toward_sin),
        ],
        axis=-1,
    )
