"""gym-pybullet-drones as a backend: the swarm flies in its `VelocityAviary`."""

from importlib.metadata import PackageNotFoundError, version

from mir2_core.errors import UserError
from mir2_core.roster import Roster
from mir2_core.tasks import FloorTask
from mir2_core.types import FloatArray
from mir2_core.world import World

PACKAGE, SUPPORTED = "gym-pybullet-drones", "2"
INSTALL = "pip install 'setuptools<81' git+https://github.com/utiasDSL/gym-pybullet-drones.git"
KINDS = {"crazyflie": "crazyflie", "epuck2": "crazyflie"}


def _require_package() -> None:
    try:
        found = version(PACKAGE)
    except PackageNotFoundError:
        found = ""
    if found.split(".")[0] != SUPPORTED:
        raise UserError(
            f"backend 'gym_pybullet_drones' needs {PACKAGE} {SUPPORTED}.x, "
            f"{f'but {found} is installed' if found else 'which is not installed'}; "
            f"install it from its repository with: {INSTALL}"
        )


_require_package()  # so that a launch is refused before anything starts


def make_world(roster: Roster, task: FloorTask, poses: FloatArray, *, seed: int, gui: bool) -> World:
    """Drones, each at its height, above a floor without walls; nothing in it is noisy."""
    try:
        from mir2_sim.velocity_aviary_world import VelocityAviaryWorld
    except ImportError as error:
        raise UserError(f"{PACKAGE} cannot be imported ({error}); install it with: {INSTALL}") from error

    models = [robot.model for robot in roster.robots]
    return VelocityAviaryWorld(poses, roster.arena.size_m, models=models, names=roster.names, gui=gui)
