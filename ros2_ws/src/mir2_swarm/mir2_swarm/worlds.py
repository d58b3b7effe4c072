"""The simulator's worlds: where robots are and what their wheels do."""

from typing import Protocol

import numpy as np
from mir2_core.deployment import Deployment
from mir2_core.errors import UserError
from mir2_core.kinematic import KinematicWorld
from mir2_core.robots import robot_model
from mir2_core.types import FloatArray


class World(Protocol):
    """N robots that are driven for a while at a time."""

    def step(self, twists: FloatArray, duration_s: float) -> FloatArray:
        """Drive with body velocities (N, 2); returns what was really applied."""
        ...

    def poses(self) -> FloatArray:
        """x_m, y_m, heading_rad of every robot (N, 3)."""
        ...

    def velocities(self) -> FloatArray:
        """v_mps, omega_radps of every robot (N, 2)."""
        ...

    def close(self) -> None:
        """Release what the world holds."""
        ...


PYBULLET_TICK_S = 1.0 / 60.0  # four physics steps


def make_world(deployment: Deployment, backend: str, seed: int, gui: bool = False) -> tuple[World, float]:
    """A world with every robot at its start pose, and how long one tick of it lasts in real time."""
    roster, task = deployment.roster, deployment.task
    rng = np.random.default_rng(seed)
    if backend == "kinematic":
        poses = roster.start_poses(task.reset(rng)[0])
        return KinematicWorld(task, poses), task.params.dt_s
    try:
        from mir2_sim.pybullet_world import PyBulletWorld
        from mir2_sim.start_poses import non_overlapping_poses
    except ImportError as error:
        raise UserError(
            f"backend 'pybullet' needs the Python package '{error.name}', which is not installed; "
            "install it with: pip install pybullet matplotlib; or choose backend:=kinematic"
        ) from None
    radius_m = max(robot_model(robot.kind).radius_m for robot in roster.robots)
    drawn = non_overlapping_poses(rng, len(roster.robots), roster.arena.size_m, 3 * radius_m)
    return PyBulletWorld(roster.start_poses(drawn), roster.arena.size_m, gui=gui), PYBULLET_TICK_S
