"""The cascade that flies R quadrotors at body velocities and one height each, as their firmware does it.

Vectors (3, R) hold x, y, z in rows; `attitude` (3, 3, R) are the body's axes in the map, [row, axis].
"""

from typing import NamedTuple

import numpy as np
from mir2_core.types import FloatArray

from mir2_sim.robots.crazyflie.parameters import GRAVITY_MPS2, Airframe, Gains

UP = np.array([0.0, 0.0, GRAVITY_MPS2])[:, None]


class Motion(NamedTuple):
    """Where R drones are and how they move."""

    place_w: FloatArray  # (3, R)
    velocity_w: FloatArray  # (3, R)
    velocity_b: FloatArray  # (3, R)
    rates_b: FloatArray  # (3, R)
    attitude: FloatArray  # (3, 3, R)


class Cascade:
    """Height → climb, velocity → tilt and thrust, tilt → body rates → torque."""

    def __init__(self, airframe: Airframe, gains: Gains, heights_m: FloatArray, headings_rad: FloatArray) -> None:
        self._gains, self._mass_kg = gains, airframe.mass_kg
        self._heights_m, self._aim_rad = heights_m, headings_rad
        self._velocity = np.array([gains.velocity] * 2 + [gains.climb])[:, None]
        self._integral_gain = np.array([gains.velocity_integral, gains.velocity_integral, gains.climb_integral])[
            :, None
        ]
        self._most_integral_mps2 = np.array(gains.most_integral_mps2)[:, None]
        self._integral_mps2 = np.zeros((3, len(heights_m)))
        self._stiffness = (np.array(airframe.inertia_kgm2) * np.array(gains.rates))[:, None]
        self._most_aside_mps2 = GRAVITY_MPS2 * np.tan(gains.most_tilt_rad)

    def thrust_and_torque(self, twists: FloatArray, motion: Motion, step_s: float) -> tuple[FloatArray, FloatArray]:
        """Thrust (R,) along the body's z and torque (3, R) about its axes that follow `twists` (2, R)."""
        gains, attitude, (v_mps, omega_radps) = self._gains, motion.attitude, twists
        heading_rad = np.arctan2(attitude[1, 0], attitude[0, 0])
        climb = gains.height * (self._heights_m - motion.place_w[2])
        climb = within(climb, gains.fastest_climb_mps)
        error = np.array([v_mps * np.cos(heading_rad), v_mps * np.sin(heading_rad), climb]) - motion.velocity_w
        integral = self._integral_mps2 + self._integral_gain * error * step_s
        self._integral_mps2 = within(integral, self._most_integral_mps2)
        wanted = self._velocity * error + self._integral_mps2 + UP
        aside = np.hypot(wanted[0], wanted[1])
        wanted[:2] *= np.minimum(1.0, self._most_aside_mps2 / np.maximum(aside, 1e-9))
        wanted_b = np.einsum("ijr,ir->jr", attitude, wanted)
        ahead, left, _ = wanted_b / np.sqrt((wanted * wanted).sum(axis=0))
        turn = self._aim_rad + omega_radps * step_s - heading_rad
        turn = np.remainder(turn + np.pi, 2.0 * np.pi) - np.pi
        turn = within(turn, gains.most_yaw_error_rad)
        self._aim_rad = heading_rad + turn
        rates = gains.attitude * np.array([-left, ahead, turn])
        rates[2] += omega_radps
        return self._mass_kg * wanted_b[2], self._stiffness * (rates - motion.rates_b)


def within(values: FloatArray, most: FloatArray | float) -> FloatArray:
    """The values cut to [-most, most]; several times faster than `np.clip` on a few numbers."""
    return np.minimum(np.maximum(values, -most), most)
