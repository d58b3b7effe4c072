"""How a traitor drives somewhere."""

from collections.abc import Sequence
from typing import Any

from mir2_core.robots import RobotModel
from mir2_core.tasks.geometry import Array
from mir2_core.traitors.traitor import benign_robots

TURN_GAIN = 4.0  # rad/s per rad


def benign_centroid(xp: Any, poses: Array, robots: Sequence[int]) -> Array:
    """Where (B, 1, 2) the benign robots of `poses` (B, N, 3) are on average."""
    return xp.mean(poses[:, benign_robots(poses.shape[1], robots), :2], axis=1)[:, None]


def way_to_nearest_benign(xp: Any, poses: Array, robots: Sequence[int]) -> Array:
    """From each of `robots` to the benign robot nearest to it (B, K, 2); NaN where it is not known where one is."""
    benign = poses[:, benign_robots(poses.shape[1], robots), :2]
    ways = benign[:, None] - poses[:, list(robots), None, :2]
    squares = xp.sum(ways * ways, axis=-1)
    nearest = squares == xp.min(squares, axis=-1)[..., None]
    return xp.sum(ways * nearest[..., None], axis=-2)


def drive(xp: Any, body: RobotModel, own: Array, toward: Array, *, back: bool = False) -> Array:
    """Actions (B, K, A) at full speed from `own` poses (B, K, 3) in directions `toward` (B, K, 2), maybe backwards.

    The speed falls with the cosine of how far the robot has yet to turn.
    """
    error = xp.arctan2(toward[..., 1], toward[..., 0]) - own[..., 2]
    cos, sin = xp.cos(error), xp.sin(error)
    sign = xp.where(cos < 0.0, -1.0, 1.0) if back else 1.0
    v_mps = body.max_v_mps * (cos if back else xp.clip(cos, 0.0, None))
    actions = body.twist_to_action(v_mps, TURN_GAIN * xp.arctan2(sign * sin, sign * cos), xp)
    return actions / xp.clip(xp.max(xp.abs(actions), axis=-1), 1.0, None)[..., None]
