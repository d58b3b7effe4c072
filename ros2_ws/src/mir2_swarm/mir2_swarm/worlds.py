"""The simulator's worlds: where robots are and what their wheels do."""

from typing import Protocol

from mir2_core.deployment import Deployment
from mir2_core.errors import UserError
from mir2_core.kinematic import KinematicWorld
from mir2_core.start_poses import start_poses
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
    poses = start_poses(deployment.roster, deployment.task, seed)
    if backend == "kinematic":
        return KinematicWorld(deployment.task, poses), deployment.task.params.dt_s
    try:
        from mir2_sim.pybullet_world import PyBulletWorld
    except ImportError as error:
        raise UserError(
            f"backend 'pybullet' needs the Python package '{error.name}', which is not installed; "
            "install it with: pip install pybullet; or choose backend:=kinematic"
        ) from None
    return PyBulletWorld(poses, deployment.roster.arena.size_m, gui=gui), PYBULLET_TICK_S
