"""PyBullet as a backend: the robot kinds that it can build, and what makes a world of them."""

from dataclasses import dataclass
from pathlib import Path

from mir2_core.robots import robot_model
from mir2_core.roster import Roster
from mir2_core.tasks import FloorTask
from mir2_core.types import FloatArray
from mir2_core.world import World

ASSETS = Path(__file__).parent / "assets"


@dataclass(frozen=True)
class Body:
    """What physics needs beyond the robot model; the URDF has the links left_wheel, right_wheel, skid and body."""

    urdf: Path
    motor_torque_nm: float
    wheel_friction: float
    skid_friction: float
    body_friction: float


BODIES = {
    # A wheel grips up to about 0.009 N m (friction 0.8, half of 0.11 kg, radius 0.020 m): motors stall before it spins.
    "epuck2": Body(
        ASSETS / "epuck2.urdf", motor_torque_nm=0.006, wheel_friction=0.8, skid_friction=0.1, body_friction=0.5
    ),
}
KINDS = {kind: kind for kind in BODIES}


def make_world(roster: Roster, task: FloorTask, poses: FloatArray, *, seed: int, gui: bool) -> World:
    """Robots with bodies, each of its kind, in a walled arena; `seed` draws the noise of their sensors."""
    from mir2_sim.pybullet_world import PyBulletWorld

    models = [robot_model(robot.kind) for robot in roster.robots]
    return PyBulletWorld(poses, roster.arena.size_m, models=models, seed=seed, gui=gui)
