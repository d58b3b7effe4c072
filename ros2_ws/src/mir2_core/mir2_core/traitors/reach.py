"""What a robot can have become since its last report: lies within it are believed."""

from typing import Any

import numpy as np

from mir2_core.robots import RobotModel
from mir2_core.tasks.geometry import Array

SMALLEST_M2 = 1e-12


def within_reach(xp: Any, body: RobotModel, passed_s: float, told: Array, wanted: Array) -> Array:
    """The poses (..., 3) nearest to `wanted` that a body which was at `told` (..., 3) can have after `passed_s`."""
    gap = wanted[..., :2] - told[..., :2]
    length_m = xp.sqrt(gap[..., 0] * gap[..., 0] + gap[..., 1] * gap[..., 1] + SMALLEST_M2)
    place = told[..., :2] + xp.clip(body.max_v_mps * passed_s / length_m, None, 1.0)[..., None] * gap
    turn = wanted[..., 2] - told[..., 2]
    turn = xp.arctan2(xp.sin(turn), xp.cos(turn))
    heading = told[..., 2] + xp.clip(turn, -body.max_omega_radps * passed_s, body.max_omega_radps * passed_s)
    return xp.concatenate([place, (heading % (2.0 * np.pi))[..., None]], axis=-1)
