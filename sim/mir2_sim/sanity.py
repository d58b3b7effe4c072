"""What no simulated world may take in, or bring forth: engines diverge without a word."""

import math
from collections.abc import Sequence

import numpy as np
from mir2_core.errors import UserError
from mir2_core.types import FloatArray
from mir2_core.world import PhysicsError

# What is farther from the arena than this, or faster, was flung there by a solver that failed.
FAR_M, FASTEST_MPS = 5.0, 20.0


def require_finite(names: Sequence[str], twists: FloatArray) -> None:
    """Raise `UserError` for the first robot whose command (N, 2) is not a number."""
    for name, twist in zip(names, twists.tolist(), strict=True):
        if not np.isfinite(twist).all():
            raise UserError(f"{name}: twist v_mps, omega_radps is {twist}; allowed: finite numbers")


def require_sanity(
    names: Sequence[str], places_m: FloatArray, speeds_mps: FloatArray, arena_m: float, time_s: float
) -> None:
    """Raise `PhysicsError` for the first robot whose place (N, 3) or velocity (N, 3) no robot can have."""
    for name, place, speed in zip(names, places_m.tolist(), speeds_mps.tolist(), strict=True):
        inside = all(-FAR_M <= along_m <= arena_m + FAR_M for along_m in place)
        if not (inside and math.hypot(*speed) <= FASTEST_MPS):
            raise PhysicsError(
                f"physics broke down at {time_s:.1f} s: {name} is at ({', '.join(f'{m:.3g}' for m in place)}) m, at "
                f"{math.hypot(*speed):.3g} m/s; what came before holds; look for robots that were pushed into each "
                "other or a wall just then"
            )
