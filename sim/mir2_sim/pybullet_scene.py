"""What stands in a PyBullet world: floor, walls, robots, and the camera that looks at them."""

import os
import sys
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from mir2_core.errors import UserError
from mir2_core.robots import RobotModel
from mir2_core.types import FloatArray
from numpy.typing import NDArray

from mir2_sim.pybullet_backend import BODIES, Body

try:
    import pybullet
except ModuleNotFoundError as error:
    raise UserError(
        "PyBullet is not installed; install it with: pip install 'pybullet>=3.2.7,<4' "
        "(ready-made for Python 3.10 and 3.11, later ones compile it and need a C++ compiler)"
    ) from error

View = Literal["oblique", "top"]
# x_m, y_m of the middle and side_m of the square of floor that a picture shows
Focus = tuple[float, float, float]

PHYSICS_HZ = 240
SOLVER_ITERATIONS = 15
CONTACT_MARGIN_M = 0.002

GROUND_FRICTION = 1.0

# Collision groups; two things meet when each is in the other's mask. PyBullet puts every ray into group 1.
RAY, SUPPORT, BODY, FLOOR = 1, 2, 4, 8
SENSOR_HEIGHT_M = 0.025  # above the floor, where walls and bodies are
RIM_M = 0.0001  # rays begin this far outside of a body, lest they hit it

WALL_HEIGHT_M, WALL_THICKNESS_M, FLOOR_THICKNESS_M = 0.03, 0.02, 0.01
FLOOR_COLOUR = (0.80, 0.79, 0.76, 1.0)
WALL_COLOUR = (0.50, 0.54, 0.60, 1.0)
SHELL_COLOUR = (0.35, 0.80, 0.42, 1.0)
TRAITOR_COLOUR = (0.95, 0.27, 0.22, 1.0)
SUPERSAMPLING = 2


@dataclass(frozen=True)
class Camera:
    """Where a camera stands and looks, seen from the middle of a square of side 1, and what it takes in.

    `half_height` is the tangent of half the vertical field of view, enough for pictures at least as wide as `aspect`.
    """

    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    up: tuple[float, float, float]
    half_height: float
    aspect: float


CAMERAS: dict[View, Camera] = {
    "oblique": Camera(
        eye=(0.0, -1.20, 0.90), target=(0.0, -0.05, 0.0), up=(0.0, 0.0, 1.0), half_height=0.30, aspect=1.6
    ),
    "top": Camera(eye=(0.0, 0.0, 4.0), target=(0.0, 0.0, 0.0), up=(0.0, 1.0, 0.0), half_height=0.14, aspect=1.0),
}


class Client:
    """PyBullet's functions and constants, each function bound to one physics client."""

    def __init__(self, mode: int) -> None:
        try:
            self._id = pybullet.connect(mode)
        except pybullet.error as error:
            raise UserError("PyBullet shows one window per process: use gui for one world only") from error

    def __getattr__(self, name: str) -> Any:
        found = getattr(pybullet, name)
        return partial(found, physicsClientId=self._id) if callable(found) else found


@dataclass(frozen=True)
class LoadedRobot:
    """One robot, its kind's model and body, and PyBullet's numbers for it."""

    model: RobotModel
    kind: Body
    body: int
    wheels: tuple[int, int]
    shell_link: int


def connect(gui: bool) -> Client:
    """Open a physics client of its own, with or without a window."""
    if gui and sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        raise UserError("gui is true but there is no display (DISPLAY is empty); use gui: false or log in to a desktop")
    client = Client(pybullet.GUI if gui else pybullet.DIRECT)
    client.setTimeStep(1.0 / PHYSICS_HZ)
    client.setGravity(0.0, 0.0, -9.81)
    client.setPhysicsEngineParameter(
        numSolverIterations=SOLVER_ITERATIONS,
        contactBreakingThreshold=CONTACT_MARGIN_M,
        deterministicOverlappingPairs=1,
    )
    return client


def aim_window(client: Client, arena_m: float) -> None:
    """Show the whole arena in the window, without PyBullet's side panels."""
    client.configureDebugVisualizer(client.COV_ENABLE_GUI, 0)
    client.resetDebugVisualizerCamera(1.4 * arena_m, 0.0, -55.0, [arena_m / 2, arena_m / 2, 0.0])


def add_floor(client: Client, arena_m: float) -> int:
    """Lay an endless floor, drawn only where the arena is."""
    side = arena_m / 2.0 + WALL_THICKNESS_M
    drawn = client.createVisualShape(
        client.GEOM_BOX,
        halfExtents=[side, side, FLOOR_THICKNESS_M / 2],
        visualFramePosition=[arena_m / 2, arena_m / 2, -FLOOR_THICKNESS_M / 2],
        rgbaColor=FLOOR_COLOUR,
    )
    floor: int = client.createMultiBody(0.0, client.createCollisionShape(client.GEOM_PLANE), drawn)
    client.changeDynamics(floor, -1, lateralFriction=GROUND_FRICTION)
    client.setCollisionFilterGroupMask(floor, -1, FLOOR, SUPPORT)
    return floor


def add_walls(client: Client, arena_m: float) -> tuple[int, ...]:
    """Put four walls around [0, arena_m] x [0, arena_m]: +x, +y, -x, -y."""
    middle, beyond = arena_m / 2.0, arena_m + WALL_THICKNESS_M / 2
    long, thick = middle + WALL_THICKNESS_M, WALL_THICKNESS_M / 2
    places = (
        ((beyond, middle), (thick, long)),
        ((middle, beyond), (long, thick)),
        ((arena_m - beyond, middle), (thick, long)),
        ((middle, arena_m - beyond), (long, thick)),
    )
    return tuple(_add_wall(client, centre, half) for centre, half in places)


def _add_wall(client: Client, centre: tuple[float, float], half: tuple[float, float]) -> int:
    extents = [*half, WALL_HEIGHT_M / 2]
    wall: int = client.createMultiBody(
        0.0,
        client.createCollisionShape(client.GEOM_BOX, halfExtents=extents),
        client.createVisualShape(client.GEOM_BOX, halfExtents=extents, rgbaColor=WALL_COLOUR),
        [*centre, WALL_HEIGHT_M / 2],
    )
    client.changeDynamics(wall, -1, lateralFriction=GROUND_FRICTION)
    client.setCollisionFilterGroupMask(wall, -1, BODY, BODY | RAY)
    return wall


def add_robot(client: Client, model: RobotModel, pose: FloatArray) -> LoadedRobot:
    """Load a robot standing on its wheels at x_m, y_m, heading_rad."""
    x_m, y_m, heading_rad = pose.tolist()
    kind = BODIES[model.name]
    body = client.loadURDF(
        str(kind.urdf),
        [x_m, y_m, model.wheel_radius_m],
        client.getQuaternionFromEuler([0.0, 0.0, heading_rad]),
        flags=client.URDF_USE_INERTIA_FROM_FILE | client.URDF_USE_IMPLICIT_CYLINDER,
    )
    links = {client.getJointInfo(body, j)[12].decode(): j for j in range(client.getNumJoints(body))}
    wheels = links["left_wheel_link"], links["right_wheel_link"]
    shell = links["body_link"]
    friction = dict.fromkeys(wheels, kind.wheel_friction) | {links["skid_link"]: kind.skid_friction}
    for link in (-1, *links.values()):
        client.changeDynamics(
            body,
            link,
            lateralFriction=friction.get(link, kind.body_friction),
            linearDamping=0.0,
            angularDamping=0.0,
            jointDamping=0.0,
        )
        group, mask = (SUPPORT, FLOOR) if link in friction else (BODY, BODY | RAY)
        client.setCollisionFilterGroupMask(body, link, group, mask)
    return LoadedRobot(model, kind, body, wheels, shell)


def cast(client: Client, starts: FloatArray, ends: FloatArray) -> FloatArray:
    """How far along each ray (R, 2), level above the floor, the first wall or body is, (R,) in [0, 1]; 1 for none."""
    height_m = np.full((len(starts), 1), SENSOR_HEIGHT_M)
    hits = client.rayTestBatch(
        np.hstack([starts, height_m]).tolist(), np.hstack([ends, height_m]).tolist(), collisionFilterMask=BODY
    )
    return np.array([hit[2] for hit in hits])


def paint(client: Client, robot: LoadedRobot, traitor: bool) -> None:
    """Give a robot's shell the colour of a loyal robot or of a traitor."""
    colour = TRAITOR_COLOUR if traitor else SHELL_COLOUR
    client.changeVisualShape(robot.body, robot.shell_link, rgbaColor=colour)


def picture(client: Client, focus: Focus, width: int, height: int, view: View) -> NDArray[np.uint8]:
    """Render a square of the floor on the CPU as (height, width, 3)."""
    x_m, y_m, side_m = focus
    camera = CAMERAS[view]
    eye, target = np.array([x_m, y_m, 0.0]) + side_m * np.array([camera.eye, camera.target])
    half_height = camera.half_height * max(1.0, camera.aspect * height / width)
    seen = client.getCameraImage(
        width * SUPERSAMPLING,
        height * SUPERSAMPLING,
        viewMatrix=client.computeViewMatrix(eye.tolist(), target.tolist(), camera.up),
        projectionMatrix=client.computeProjectionMatrixFOV(
            2.0 * np.degrees(np.arctan(half_height)), width / height, 0.1 * side_m, 10.0 * side_m
        ),
        lightDirection=[-1.0, -2.0, 4.0],
        lightAmbientCoeff=0.75,
        lightDiffuseCoeff=0.35,
        lightSpecularCoeff=0.05,
        shadow=0,
        renderer=client.ER_TINY_RENDERER,
    )
    pixels = np.reshape(seen[2], (height, SUPERSAMPLING, width, SUPERSAMPLING, 4))[..., :3]
    picture: NDArray[np.uint8] = pixels.mean(axis=(1, 3)).round().astype(np.uint8)
    return picture
