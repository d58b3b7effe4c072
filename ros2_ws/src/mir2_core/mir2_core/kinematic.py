"""The task's own world: robots are points that do at once what their wheels are told."""

import numpy as np

from mir2_core.roster import Roster
from mir2_core.tasks import FloorTask
from mir2_core.types import FloatArray

KINDS = {"epuck2": "epuck2_point", "epuck2_point": "epuck2_point"}


class KinematicWorld:
    """Steps the task's dynamics, one control period at a time."""

    def __init__(self, task: FloorTask, poses: FloatArray) -> None:
        self._task = task
        self._poses = poses[None]
        self._twists = np.zeros((len(poses), 2))
        self.tick_s = task.params.dt_s

    def step(self, twists: FloatArray, duration_s: float) -> FloatArray:
        """Apply body velocities (N, 2) for exactly one control period; returns what the wheels could do of them."""
        if abs(duration_s - self.tick_s) > 1e-9:
            raise ValueError(f"duration_s is {duration_s}; the kinematic world steps {self.tick_s} s at a time")
        actions = self._task.twist_to_action(twists[None, :, 0], twists[None, :, 1])
        self._poses = self._task.step(self._poses, actions)
        self._twists = np.stack(self._task.action_to_twist(actions), axis=-1)[0]
        return self._twists

    def poses(self) -> FloatArray:
        """x_m, y_m, heading_rad of every robot (N, 3)."""
        poses: FloatArray = self._poses[0]
        return poses

    def velocities(self) -> FloatArray:
        """v_mps, omega_radps of every robot (N, 2)."""
        return self._twists

    def proximity(self) -> list[FloatArray]:
        """Points sense nothing: N empty arrays."""
        return [np.empty(0)] * len(self._poses[0])

    def close(self) -> None:
        """Nothing to release."""


def make_world(roster: Roster, task: FloorTask, poses: FloatArray, *, seed: int, gui: bool) -> KinematicWorld:
    """The task's world; nothing in it is noisy, and there is no window to show."""
    return KinematicWorld(task, poses)
