"""What a robot kind is in PyBullet: how one is put into a world, and what drives all robots of the kind there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mir2_core.robots import RobotModel
from mir2_core.types import FloatArray

# Collision groups; two things meet when each is in the other's mask. PyBullet puts every ray into group 1.
RAY, SUPPORT, BODY, FLOOR, FLYING, NET = 1, 2, 4, 8, 16, 32

Client = Any  # mir2_sim.pybullet_scene.Client


@dataclass(frozen=True)
class LoadedRobot:
    """One robot, its kind's model, and PyBullet's numbers for it; `shell_link` is what is painted."""

    model: RobotModel
    body: int
    shell_link: int
    wheels: tuple[int, ...] = ()


class Drive(Protocol):
    """Drives all robots of one kind in a world."""

    def command(self, twists: FloatArray) -> FloatArray:
        """Aim at body velocities (R, 2) from now on; what is really aimed at."""
        ...

    def push(self) -> None:
        """Do what has to be done before every single physics step."""
        ...


class Body(Protocol):
    """How a robot kind is built."""

    def load(self, client: Client, model: RobotModel, pose: FloatArray) -> LoadedRobot:
        """Put a robot into the world at x_m, y_m, heading_rad, as it is when it neither drives nor falls."""
        ...

    def drive(self, client: Client, robots: Sequence[LoadedRobot], step_s: float) -> Drive:
        """What drives these robots, all there are of the kind, when physics takes steps of `step_s`."""
        ...
