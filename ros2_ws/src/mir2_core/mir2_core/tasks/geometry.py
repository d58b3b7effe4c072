"""What robots see of each other and of the walls, without one trigonometric function per pair.

Every function takes `xp`, the array namespace of its arguments: NumPy on a robot, PyTorch in training.
"""

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
    east = x[..., None, :] - x[..., :, None]
    north = y[..., None, :] - y[..., :, None]
    return xp.sqrt(east * east + north * north)


def pair_geometry(xp: Any, poses: Array) -> PairGeometry:
    """Distances and bearings of all ordered pairs of `poses` (B, N, 3)."""
    x, y, heading = poses[..., 0], poses[..., 1], poses[..., 2]
    east = x[..., None, :] - x[..., :, None]
    north = y[..., None, :] - y[..., :, None]
    distance = xp.sqrt(east * east + north * north)
    coincident = distance == 0.0
    cos, sin = xp.cos(heading)[..., None], xp.sin(heading)[..., None]
    east = xp.where(coincident, 1.0, east)
    length = xp.where(coincident, 1.0, distance)
    return PairGeometry(distance, (east * cos + north * sin) / length, (east * sin - north * cos) / length)


def without_self(xp: Any, pairs: Array) -> Array:
    """Drop the diagonal of (B, N, N, K), keeping the order: (B, N, N − 1, K)."""
    batch, robots, _, size = pairs.shape
    flat = xp.reshape(pairs, (batch, robots * robots, size))[:, 1:]
    rows = xp.reshape(flat, (batch, robots - 1, robots + 1, size))[:, :, :-1]
    return xp.reshape(rows, (batch, robots, robots - 1, size))


def bearings_rad(xp: Any, poses: Array) -> Array:
    """Clockwise bearing (B, N, N) of robot j seen from robot i, wrapped to (−π, π]; own heading on the diagonal."""
    x, y, heading = poses[..., 0], poses[..., 1], poses[..., 2]
    direction = xp.arctan2(y[..., None, :] - y[..., :, None], x[..., None, :] - x[..., :, None])
    return xp.pi - (direction - heading[..., :, None] + xp.pi) % (2.0 * xp.pi)


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
