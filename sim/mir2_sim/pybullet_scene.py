"""What stands in a PyBullet world: floor, walls, robots, and the camera that looks at them."""

import os
import sys
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from mir2_core.errors import UserError, nearest
from mir2_core.types import FloatArray
from numpy.typing import NDArray

from mir2_sim.robots.body import BODY, FLOOR, FLYING, NET, RAY, SUPPORT, LoadedRobot

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

RIM_M = 0.0001  # rays begin this far outside of a body, lest they hit it

WALL_HEIGHT_M, WALL_THICKNESS_M, FLOOR_THICKNESS_M = 0.03, 0.02, 0.01
NET_HEIGHT_M = 4.0
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


def require_display() -> None:
    """Refuse to open a window where there is no screen."""
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        raise UserError("gui is true but there is no display (DISPLAY is empty); use gui: false or log in to a desktop")


def connect(gui: bool) -> Client:
    """Open a physics client of its own, with or without a window."""
    if gui:
        require_display()
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
    client.setCollisionFilterGroupMask(floor, -1, FLOOR, SUPPORT | FLYING)
    return floor


def add_walls(client: Client, arena_m: float) -> tuple[int, ...]:
    """Put four walls around [0, arena_m] x [0, arena_m]: +x, +y, -x, -y."""
    return tuple(_add_wall(client, wall, WALL_HEIGHT_M, drawn=True) for wall in _sides(arena_m))


def add_net(client: Client, arena_m: float) -> tuple[int, ...]:
    """Hang a net above the walls, which nobody sees and only what flies meets."""
    nets = tuple(_add_wall(client, wall, NET_HEIGHT_M, drawn=False) for wall in _sides(arena_m))
    for net in nets:
        client.setCollisionFilterGroupMask(net, -1, NET, FLYING)
    return nets


Side = tuple[tuple[float, float], tuple[float, float]]  # middle and half extents in the plane


def _sides(arena_m: float) -> tuple[Side, ...]:
    middle, beyond = arena_m / 2.0, arena_m + WALL_THICKNESS_M / 2
    long, thick = middle + WALL_THICKNESS_M, WALL_THICKNESS_M / 2
    return (
        ((beyond, middle), (thick, long)),
        ((middle, beyond), (long, thick)),
        ((arena_m - beyond, middle), (thick, long)),
        ((middle, arena_m - beyond), (long, thick)),
    )


def _add_wall(client: Client, side: Side, height_m: float, *, drawn: bool) -> int:
    centre, half = side
    extents = [*half, height_m / 2]
    wall: int = client.createMultiBody(
        0.0,
        client.createCollisionShape(client.GEOM_BOX, halfExtents=extents),
        client.createVisualShape(client.GEOM_BOX, halfExtents=extents, rgbaColor=WALL_COLOUR) if drawn else -1,
        [*centre, height_m / 2],
    )
    client.changeDynamics(wall, -1, lateralFriction=GROUND_FRICTION)
    client.setCollisionFilterGroupMask(wall, -1, BODY, BODY | RAY)
    return wall


def cast(client: Client, starts: FloatArray, ends: FloatArray, heights_m: FloatArray) -> FloatArray:
    """How far along each ray (R, 2), level at its height (R,), the first thing is, (R,) in [0, 1]; 1 for none."""
    height_m = heights_m[:, None]
    hits = client.rayTestBatch(
        np.hstack([starts, height_m]).tolist(), np.hstack([ends, height_m]).tolist(), collisionFilterMask=BODY
    )
    return np.array([hit[2] for hit in hits])


def paint(client: Client, robot: LoadedRobot, traitor: bool) -> None:
    """Give a robot's shell the colour of a loyal robot or of a traitor."""
    colour = TRAITOR_COLOUR if traitor else SHELL_COLOUR
    client.changeVisualShape(robot.body, robot.shell_link, rgbaColor=colour)


def known_view(text: str) -> View:
    """The view of that name; a `UserError` lists the valid ones."""
    for view in CAMERAS:
        if view == text:
            return view
    raise UserError(f"unknown view '{text}'; {nearest(text, CAMERAS)}")


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
