"""A world between whose robots and their drivers something comes."""

from collections.abc import Sequence

import numpy as np

from mir2_core.disturbance import Arrays, Disturbance, Motors, Sensing
from mir2_core.robots import RobotModel
from mir2_core.types import FloatArray
from mir2_core.world import World

STREAM = 7  # of random numbers


class DisturbedWorld:
    """Drives the robots of `truth` as their motors would, and says where they take themselves to be.

    It takes steps of `step_s` only.
    """

    def __init__(
        self, truth: World, models: Sequence[RobotModel], settings: Disturbance, *, step_s: float, seed: int
    ) -> None:
        self.truth, self.tick_s, self._models, self._step_s = truth, truth.tick_s, models, step_s
        rng = np.random.default_rng([STREAM, seed])
        self._motors = Motors(settings, step_s, rng, Arrays())
        self._sensing = Sensing(settings, step_s, rng, Arrays())
        self._begins = np.array([True])
        self._sense()

    def step(self, twists: FloatArray, duration_s: float) -> FloatArray:
        """Drive with body velocities (N, 2); returns what was really applied. Raises `PhysicsError`."""
        if abs(duration_s - self._step_s) > 1e-9:
            raise ValueError(f"duration_s is {duration_s}; this disturbed world steps {self._step_s} s at a time")
        told = [model.twist_to_action(*twist) for model, twist in zip(self._models, twists, strict=True)]
        (speeds,) = self._motors(np.array([told]), self._begins)
        self._begins = np.array([False])
        driven = [model.action_to_twist(speed) for model, speed in zip(self._models, speeds, strict=True)]
        applied = self.truth.step(np.array(driven), duration_s)
        self._sense()
        return applied

    def _sense(self) -> None:
        states = np.concatenate([self.truth.poses(), self.truth.velocities()], axis=-1)
        (self._known,) = self._sensing(states[None], self._begins)

    def poses(self) -> FloatArray:
        """x_m, y_m, heading_rad of every robot (N, 3), as it knows them."""
        poses: FloatArray = self._known[:, :3]
        return poses

    def velocities(self) -> FloatArray:
        """v_mps, omega_radps of every robot (N, 2), as it knows them."""
        velocities: FloatArray = self._known[:, 3:]
        return velocities

    def proximity(self) -> Sequence[FloatArray]:
        """What each robot's proximity sensors read, (S,) from the rim in m; `inf` where they see nothing."""
        return self.truth.proximity()

    def close(self) -> None:
        """Release what the world holds."""
        self.truth.close()
