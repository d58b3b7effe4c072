"""What rotors and the air do to R quadrotors.

Vectors (3, R) hold x, y, z in rows; rotors (4, R) are those ahead right, behind right, behind left and ahead left.
Frames: w is the map, z up; b the body, x ahead, y left.
"""

import numpy as np
from mir2_core.types import FloatArray

from mir2_sim.robots.crazyflie.controller import Motion
from mir2_sim.robots.crazyflie.parameters import Airframe

RPM = 60.0 / (2.0 * np.pi)  # of 1 rad/s
AHEAD = np.array([1.0, -1.0, -1.0, 1.0])
LEFT = np.array([-1.0, -1.0, 1.0, 1.0])
TURN = np.array([-1.0, 1.0, -1.0, 1.0])  # the sense of the torque that a rotor leaves on the body
LEAST_DROP_M = 0.3  # the downwash was measured below this; nearer in height, drones keep apart in the plane


class Air:
    """Turns rotor thrusts into forces and torques."""

    def __init__(self, airframe: Airframe) -> None:
        self._of = airframe
        arm_m = airframe.arm_m / np.sqrt(2.0)
        self._per_thrust_m = airframe.torque_nm_per_rpm2 / airframe.thrust_n_per_rpm2
        self._arms_m = arm_m * np.array([AHEAD, LEFT])
        wrench = np.array([np.ones(4), arm_m * LEFT, -arm_m * AHEAD, self._per_thrust_m * TURN])
        self._wrench, self._mix = wrench, np.linalg.inv(wrench)
        self._most_n, self._lowest_m = airframe.most_thrust_n, airframe.lowest_rotor_m
        self._drag = np.array(airframe.drag)[:, None]

    def thrusts_n(self, thrust_n: FloatArray, torque_nm: FloatArray) -> FloatArray:
        """The rotor thrusts (4, R) for a thrust (R,) and a torque (3, R), as far as rotors can."""
        wanted: FloatArray = self._mix @ np.concatenate([thrust_n[None], torque_nm])
        return np.minimum(np.maximum(wanted, 0.0), self._most_n)

    def wrench_b(self, thrusts_n: FloatArray, motion: Motion) -> tuple[FloatArray, FloatArray]:
        """Force and torque, each (3, R), of rotors (4, R) and of the air that they and the body meet."""
        rotors_m = motion.place_w[2] + self._arms_m.T @ motion.attitude[2, :2]
        near = self._of.rotor_radius_m / (4.0 * np.maximum(rotors_m, self._lowest_m))
        upright = motion.attitude[2, 2] > 0.0
        wrench = self._wrench @ (thrusts_n * (1.0 + self._of.ground_effect * upright * near * near))
        wrench[3] = self._wrench[3] @ thrusts_n
        rotors_radps = np.sqrt(thrusts_n / self._of.thrust_n_per_rpm2).sum(axis=0) / RPM
        force = -self._drag * rotors_radps * motion.velocity_b
        force[2] += wrench[0]
        if np.ptp(motion.place_w[2]) >= LEAST_DROP_M:
            force -= self.downwash_n(motion.place_w) * motion.attitude[2]
        return force, wrench[1:]

    def downwash_n(self, place_w: FloatArray) -> FloatArray:
        """How hard (R,) the drones above press on each of those at `place_w` (3, R)."""
        drop_m = place_w[2][None] - place_w[2][:, None]  # [below, above]
        aside_m = np.hypot(*(place_w[:2, None] - place_w[:2, :, None]))
        strength, widening, width_m = self._of.downwash
        below = np.maximum(drop_m, LEAST_DROP_M)
        narrow = (aside_m / (widening * below + width_m)) ** 2
        press = strength * (self._of.rotor_radius_m / (4.0 * below)) ** 2 * np.exp(-0.5 * narrow)
        pressed: FloatArray = np.where(drop_m >= LEAST_DROP_M, press, 0.0).sum(axis=1)
        return pressed
