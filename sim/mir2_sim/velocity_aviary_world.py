"""Drones of gym-pybullet-drones, driven like robots on the floor.

Its `VelocityAviary` takes directions with a share of 0.25 m/s, and has no command for yaw. So the heading of a drone is
kept here: it turns as it is told, and the drone flies along it, whichever way its frame points. Height is held by
climbing back.
"""

import io
from collections.abc import Sequence
from contextlib import redirect_stdout

import numpy as np
from gym_pybullet_drones.envs.VelocityAviary import VelocityAviary
from gym_pybullet_drones.utils.enums import DroneModel, Physics
from mir2_core.robots import RobotModel
from mir2_core.start_poses import check_clear
from mir2_core.types import FloatArray

from mir2_sim.pybullet_scene import require_display
from mir2_sim.sanity import require_finite, require_sanity

PHYSICS_HZ, CONTROL_HZ = 240, 48  # as in its own example of velocity control
CLIMB_GAIN, FASTEST_CLIMB_MPS = 2.0, 0.1
ROUNDING = 1e-6
PLACE, VELOCITY = slice(0, 3), slice(10, 13)  # columns of its observation


class VelocityAviaryWorld:
    """N drones above [0, arena_m]²; there are no walls, and drones sense nothing.

    Poses are (N, 3) x_m, y_m, heading_rad, twists (N, 2) v_mps, omega_radps. `physics` is its own default, with drag.
    """

    tick_s = 1.0 / CONTROL_HZ

    def __init__(
        self,
        poses: FloatArray,
        arena_m: float,
        *,
        models: Sequence[RobotModel],
        names: Sequence[str],
        gui: bool = False,
        physics: Physics = Physics.PYB_DRAG,
        control_hz: int = CONTROL_HZ,
    ) -> None:
        check_clear(poses, names, arena_m, models)
        if gui:
            require_display()
        self._models, self._names, self._arena_m, self._control_hz = models, names, arena_m, control_hz
        self._heights_m = np.array([model.height_m for model in models])
        self._headings_rad = poses[:, 2].copy()
        attitudes = np.column_stack([np.zeros((len(poses), 2)), poses[:, 2]])
        with redirect_stdout(io.StringIO()):  # it prints its parameters
            self._aviary = VelocityAviary(
                DroneModel.CF2X,
                len(poses),
                initial_xyzs=np.column_stack([poses[:, :2], self._heights_m]),
                initial_rpys=attitudes,
                physics=physics,
                pyb_freq=PHYSICS_HZ,
                ctrl_freq=control_hz,
                gui=gui,
                user_debug_gui=False,
            )
            self._seen: FloatArray = self._aviary.reset()[0]
        self._omega_radps = np.zeros(len(poses))
        self._owed_steps, self._steps = 0.0, 0

    def step(self, twists: FloatArray, duration_s: float) -> FloatArray:
        """Fly for a while, in whole control steps; the twists within what drone and aviary can do, on their curves."""
        require_finite(self._names, twists)
        applied: FloatArray = twists * np.array([self._scale(*each) for each in zip(self._models, twists, strict=True)])
        self._omega_radps = applied[:, 1]
        self._owed_steps += duration_s * self._control_hz
        steps = int(self._owed_steps + ROUNDING)
        self._owed_steps -= steps
        for _ in range(steps):
            self._seen = self._aviary.step(self._actions(applied[:, 0]))[0]
            self._headings_rad = self._headings_rad + self._omega_radps / self._control_hz
        self._steps += steps
        time_s = self._steps / self._control_hz
        require_sanity(self._names, self._seen[:, PLACE], self._seen[:, VELOCITY], self._arena_m, time_s)
        return applied

    def _scale(self, model: RobotModel, twist: FloatArray) -> FloatArray:
        v_mps, omega_radps = twist.tolist()
        scale = model.speed_scale(v_mps, omega_radps)
        return np.array([min(scale, self._aviary.SPEED_LIMIT / abs(v_mps)) if v_mps else scale])

    def _actions(self, v_mps: FloatArray) -> FloatArray:
        """A direction and a share of the aviary's speed limit (N, 4)."""
        climb_mps = CLIMB_GAIN * (self._heights_m - self._seen[:, 2])
        climb_mps = np.clip(climb_mps, -FASTEST_CLIMB_MPS, FASTEST_CLIMB_MPS)
        ahead = np.stack([np.cos(self._headings_rad), np.sin(self._headings_rad)])
        wanted = np.column_stack([*(v_mps * ahead), climb_mps])
        share = np.minimum(1.0, np.linalg.norm(wanted, axis=1) / self._aviary.SPEED_LIMIT)
        return np.column_stack([wanted, share])

    def poses(self) -> FloatArray:
        """Where drones are and which way they fly, (N, 3), heading in [-π, π)."""
        headings_rad = np.remainder(self._headings_rad + np.pi, 2.0 * np.pi) - np.pi
        return np.column_stack([self._seen[:, :2], headings_rad])

    def velocities(self) -> FloatArray:
        """Measured speed along the heading, and the turn rate as told, (N, 2)."""
        velocity = self._seen[:, VELOCITY]
        v_mps = velocity[:, 0] * np.cos(self._headings_rad) + velocity[:, 1] * np.sin(self._headings_rad)
        return np.column_stack([v_mps, self._omega_radps])

    def proximity(self) -> list[FloatArray]:
        """Nothing: N empty arrays."""
        return [np.empty(0)] * len(self._seen)

    def close(self) -> None:
        """End its physics; a second call does nothing."""
        if self._aviary is not None:
            self._aviary.close()
            self._aviary = None
