"""PyBullet as a backend: the robot kinds that it can build, and what makes a world of them."""

from mir2_core.roster import Roster
from mir2_core.tasks import FloorTask
from mir2_core.types import FloatArray
from mir2_core.world import World

from mir2_sim.robots import BODIES

KINDS = {kind: kind for kind in BODIES}


def make_world(roster: Roster, task: FloorTask, poses: FloatArray, *, seed: int, gui: bool) -> World:
    """Robots with bodies, each of its kind, in a walled arena; `seed` draws the noise of their sensors."""
    from mir2_sim.pybullet_world import PyBulletWorld

    models = [robot.model for robot in roster.robots]
    return PyBulletWorld(poses, roster.arena.size_m, models=models, names=roster.names, seed=seed, gui=gui)
