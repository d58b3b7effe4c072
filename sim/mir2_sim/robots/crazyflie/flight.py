"""Flies the drones of one world: reads where they are, lets controllers and the air decide, and pushes them.

All R drones are computed at once: vectors (3, R) hold x, y, z in rows.
"""

from collections.abc import Sequence

import numpy as np
from mir2_core.types import FloatArray

from mir2_sim.robots.body import Client, LoadedRobot
from mir2_sim.robots.crazyflie.air import Air
from mir2_sim.robots.crazyflie.controller import Cascade, Motion
from mir2_sim.robots.crazyflie.parameters import Airframe, Gains

ORIGIN = (0.0, 0.0, 0.0)


class Flight:
    """Drones that follow body velocities, each at its height.

    One that has turned over has switched its motors off for good, as the firmware's supervisor does it.
    """

    def __init__(
        self, client: Client, robots: Sequence[LoadedRobot], step_s: float, airframe: Airframe, gains: Gains
    ) -> None:
        self._models, self._bodies, self._step_s = [robot.model for robot in robots], [r.body for r in robots], step_s
        self._pose, self._velocity = client.getBasePositionAndOrientation, client.getBaseVelocity
        self._axes = client.getMatrixFromQuaternion
        self._force, self._torque = client.applyExternalForce, client.applyExternalTorque
        self._base = client.LINK_FRAME
        self._twists = np.zeros((2, len(robots)))
        self.overturned = np.zeros(len(robots), dtype=np.bool_)
        heights_m = np.array([model.height_m for model in self._models])
        headings_rad = np.array([client.getEulerFromQuaternion(self._pose(body)[1])[2] for body in self._bodies])
        self._air, self._cascade = Air(airframe), Cascade(airframe, gains, heights_m, headings_rad)

    def command(self, twists: FloatArray) -> FloatArray:
        """What is beyond a drone is scaled down on its curve; one with its motors off does nothing."""
        scales = [
            0.0 if off else model.speed_scale(v_mps, omega_radps)
            for off, model, (v_mps, omega_radps) in zip(
                self.overturned.tolist(), self._models, twists.tolist(), strict=True
            )
        ]
        applied: FloatArray = twists * np.array(scales)[:, None]
        self._twists = applied.T.copy()
        return applied

    def push(self) -> None:
        """Apply the forces of rotors and air for one physics step."""
        places, turns = zip(*[self._pose(body) for body in self._bodies], strict=True)
        speeds, spins = zip(*[self._velocity(body) for body in self._bodies], strict=True)
        place_w, velocity_w = np.array(places).T, np.array(speeds).T
        attitude = np.array([self._axes(turn) for turn in turns]).T.reshape(3, 3, -1)
        velocity_b, rates_b = np.einsum("ijr,kir->kjr", attitude, np.array([velocity_w, np.array(spins).T]))
        motion = Motion(place_w, velocity_w, velocity_b, rates_b, attitude)
        self.overturned |= attitude[2, 2] < 0.0
        rotors_n = self._air.thrusts_n(*self._cascade.thrust_and_torque(self._twists, motion, self._step_s))
        if self.overturned.any():
            rotors_n[:, self.overturned] = 0.0
        forces_n, torques_nm = self._air.wrench_b(rotors_n, motion)
        for body, force, torque in zip(self._bodies, forces_n.T.tolist(), torques_nm.T.tolist(), strict=True):
            self._force(body, -1, force, ORIGIN, self._base)
            self._torque(body, -1, torque, self._base)
