"""Robots with bodies: wheels, contacts and walls in PyBullet."""

from collections.abc import Collection, Sequence
from types import TracebackType

import numpy as np
from mir2_core.errors import UserError, nearest
from mir2_core.robots import RobotModel
from mir2_core.robots.epuck2 import EPUCK2
from mir2_core.senses import NOISES, Rays, sensor_rays
from mir2_core.start_poses import check_clear
from mir2_core.types import FloatArray
from numpy.typing import ArrayLike, NDArray

from mir2_sim import pybullet_scene as scene
from mir2_sim.robots import BODIES
from mir2_sim.robots.body import Drive
from mir2_sim.sanity import require_finite, require_sanity

# A step count this close below a whole number is that number: 0.1 s at 240 Hz is 24 steps, not 23.
ROUNDING = 1e-6
# Two bodies touch when PyBullet sees no more than this between them.
TOUCH_M = 0.0005


class PyBulletWorld:
    """N robots on the floor of a walled square arena [0, arena_m]²; `models` says of which kinds, or of which one.

    Poses are (N, 3) x_m, y_m, heading_rad in the map frame, whose origin is a corner of the arena; twists are (N, 2)
    v_mps, omega_radps. Every world has its own physics client, so several can live in one process. The same inputs
    give the same trajectory bit for bit; `seed` draws the noise of sensors. `client` and `robots` give access to
    PyBullet itself.
    """

    tick_s = 4.0 / scene.PHYSICS_HZ

    def __init__(
        self,
        poses: ArrayLike,
        arena_m: float,
        *,
        models: RobotModel | Sequence[RobotModel] = EPUCK2,
        names: Sequence[str] = (),
        gui: bool = False,
        seed: int = 0,
    ) -> None:
        starts = _numbers("poses", poses, (None, 3))
        models = _checked_models(models, len(starts))
        self._names = list(names) or [f"robot {i}" for i in range(len(starts))]
        _check_places(starts, self._names, arena_m, models)
        self.arena_m = arena_m
        self.client = scene.connect(gui)
        scene.add_floor(self.client, arena_m)
        walls = scene.add_walls(self.client, arena_m)
        if any(model.flies for model in models):
            walls += scene.add_net(self.client, arena_m)
        self._walls = frozenset(walls)
        self.robots = tuple(
            BODIES[model.name].load(self.client, model, pose) for model, pose in zip(models, starts, strict=True)
        )
        self._drives = self._drives_of_kinds()
        self._robot_of_body = {robot.body: i for i, robot in enumerate(self.robots)}
        self._rays = [sensor_rays(model) for model in models]
        self._limits_m = np.array([sensor.range_m for model in models for sensor in model.proximity])
        self._noise_m = np.array([sensor.noise_m for model in models for sensor in model.proximity])
        self._eyes_m = np.array([model.height_m + model.eye_m for model in models for _ in model.proximity])
        self._seed = seed
        self._owed_steps = 0.0
        self._steps = 0
        self._drive(np.zeros((len(self.robots), 2)))
        if gui:
            scene.aim_window(self.client, arena_m)

    def __enter__(self) -> "PyBulletWorld":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def time_s(self) -> float:
        """Simulated time since the start."""
        return self._steps / scene.PHYSICS_HZ

    def step(self, twists: ArrayLike, duration_s: float) -> FloatArray:
        """Drive for a while and return the twists that the robots were really asked for, within their limits.

        Time advances in whole physics steps of 1/240 s; what is left of the duration is added to the next call's.
        Raises `UserError` on a wrong shape or a number that is not finite, `PhysicsError` when robots are flung about.
        """
        wanted = _numbers("twists", twists, (len(self._names), 2))
        require_finite(self._names, wanted)
        if not (np.isfinite(duration_s) and duration_s > 0.0):
            raise UserError(f"duration_s is {duration_s}; allowed: above 0 s")
        applied = self._drive(wanted)
        self._owed_steps += duration_s * scene.PHYSICS_HZ
        steps = int(self._owed_steps + ROUNDING)
        self._owed_steps -= steps
        for _ in range(steps):
            for _, drive in self._drives:
                drive.push()
            self.client.stepSimulation()
        self._steps += steps
        bodies = [robot.body for robot in self.robots]
        places = np.array([self.client.getBasePositionAndOrientation(body)[0] for body in bodies])
        speeds = np.array([self.client.getBaseVelocity(body)[0] for body in bodies])
        require_sanity(self._names, places, speeds, self.arena_m, self.time_s)
        return applied

    def _drives_of_kinds(self) -> list[tuple[list[int], Drive]]:
        """The drive of each kind, and which robots it drives."""
        kinds = [robot.model.name for robot in self.robots]
        drives = []
        for kind in dict.fromkeys(kinds):
            rows = [row for row, each in enumerate(kinds) if each == kind]
            robots = [self.robots[row] for row in rows]
            drives.append((rows, BODIES[kind].drive(self.client, robots, 1.0 / scene.PHYSICS_HZ)))
        return drives

    def _drive(self, twists: FloatArray) -> FloatArray:
        """Aim at body velocities (N, 2); returns those within each robot's limits."""
        applied = np.empty_like(twists)
        for rows, drive in self._drives:
            applied[rows] = drive.command(twists[rows])
        return applied

    def poses(self) -> FloatArray:
        """Where the middle of each robot, or of its axle, is, (N, 3), heading in (-π, π]."""
        poses = np.empty((len(self.robots), 3))
        for i, robot in enumerate(self.robots):
            position, (x, y, z, w) = self.client.getBasePositionAndOrientation(robot.body)
            heading_rad = np.arctan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))
            poses[i] = position[0], position[1], heading_rad
        return poses

    def velocities(self) -> FloatArray:
        """Measured forward speed v_mps and turn rate omega_radps, (N, 2)."""
        linear, angular = zip(*(self.client.getBaseVelocity(robot.body) for robot in self.robots), strict=True)
        headings_rad = self.poses()[:, 2]
        ahead = np.stack([np.cos(headings_rad), np.sin(headings_rad)], axis=-1)
        v_mps = np.sum(ahead * np.asarray(linear)[:, :2], axis=-1)
        return np.stack([v_mps, np.asarray(angular)[:, 2]], axis=-1)

    def proximity(self) -> list[FloatArray]:
        """What each robot's sensors read, (S,) from the rim in m, `inf` where they see nothing; the same until a step.

        Noise is normal, cut at three deviations.
        """
        counts = [len(rays.starts) for rays in self._rays]
        if not any(counts):
            return [np.empty(0) for _ in counts]
        cast = [_placed(rays, pose) for rays, pose in zip(self._rays, self.poses(), strict=True)]
        starts, directions = (np.concatenate(each) for each in zip(*cast, strict=True))
        reach_m = (self._limits_m + NOISES * self._noise_m)[:, None, None]
        begins, ends = starts + scene.RIM_M * directions, starts + reach_m * directions
        heights_m = np.repeat(self._eyes_m, begins.shape[1])
        hits = scene.cast(self.client, begins.reshape(-1, 2), ends.reshape(-1, 2), heights_m)
        parts = hits.reshape(-1, begins.shape[1])
        true_m = scene.RIM_M + parts.min(axis=1) * (reach_m[:, 0, 0] - scene.RIM_M)
        noise = np.random.default_rng((self._seed, self._steps)).standard_normal(len(true_m))
        read_m = np.clip(true_m + self._noise_m * np.clip(noise, -NOISES, NOISES), 0.0, None)
        seen = (parts.min(axis=1) < 1.0) & (read_m < self._limits_m)
        return np.split(np.where(seen, read_m, np.inf), np.cumsum(counts)[:-1])

    def contacts(self) -> set[tuple[int, int]]:
        """Pairs i < j of robots whose bodies touch."""
        known = self._robot_of_body
        pairs = {(known[a], known[b]) for a, b in self._touching() if a in known and b in known}
        return {(min(pair), max(pair)) for pair in pairs}

    def wall_contacts(self) -> set[int]:
        """Robots whose bodies touch a wall."""
        known = self._robot_of_body
        hits = {body for pair in self._touching() if not self._walls.isdisjoint(pair) for body in pair}
        return {known[body] for body in hits if body in known}

    def _touching(self) -> set[tuple[int, int]]:
        """Pairs of PyBullet body numbers that touch; each index below is a field of PyBullet's contact point."""
        return {(point[1], point[2]) for point in self.client.getContactPoints() if point[8] <= TOUCH_M}

    def render(
        self,
        width: int = 960,
        height: int = 600,
        *,
        view: scene.View = "oblique",
        traitors: Collection[int] = (),
        focus: scene.Focus | None = None,
    ) -> NDArray[np.uint8]:
        """Draw the arena, or the square of floor in focus, on the CPU as (height, width, 3).

        Traitors are red, the others green. Raises `UserError` on an unknown view or an empty picture.
        """
        if width < 1 or height < 1:
            raise UserError(f"picture of {width} x {height} pixels; allowed: 1 x 1 or larger")
        view = scene.known_view(view)
        for i, robot in enumerate(self.robots):
            scene.paint(self.client, robot, i in traitors)
        middle_m = self.arena_m / 2.0
        return scene.picture(self.client, focus or (middle_m, middle_m, self.arena_m), width, height, view)

    def close(self) -> None:
        """Give the physics client back; a second call does nothing."""
        if self.client.isConnected():
            self.client.disconnect()


def _placed(rays: Rays, pose: FloatArray) -> Rays:
    """The rays of a robot at `pose` (3,) in the map frame."""
    cos, sin = np.cos(pose[2]), np.sin(pose[2])
    turn = np.array([[cos, sin], [-sin, cos]])
    return Rays(pose[:2] + rays.starts @ turn, rays.directions @ turn)


def _checked_models(models: RobotModel | Sequence[RobotModel], robots: int) -> Sequence[RobotModel]:
    """One model a robot, each of a kind that has a body."""
    each = [models] * robots if isinstance(models, RobotModel) else models
    if len(each) != robots:
        raise UserError(f"models are {len(each)}; allowed: one, or one for each of the {robots} robots")
    for model in each:
        if model.name not in BODIES:
            raise UserError(f"PyBullet cannot build the robot kind '{model.name}'; {nearest(model.name, BODIES)}")
    return each


def _check_places(starts: FloatArray, names: Sequence[str], arena_m: float, models: Sequence[RobotModel]) -> None:
    """Refuse starts that are not inside the walls and clear of each other."""
    radius_m = max(model.radius_m for model in models)
    if not (np.isfinite(arena_m) and arena_m > 2.0 * radius_m):
        raise UserError(f"arena_m is {arena_m}; allowed: above a robot's diameter, {2.0 * radius_m:g} m")
    check_clear(starts, names, arena_m, models)


def _numbers(name: str, values: ArrayLike, shape: tuple[int | None, int]) -> FloatArray:
    """An array of floats with the shape wanted, where None stands for one robot or more."""
    array = np.array(values, dtype=np.float64)
    rows, columns = shape
    if array.ndim != 2 or array.shape[1] != columns or len(array) != (rows or max(1, len(array))):
        raise UserError(f"{name} have shape {array.shape}; allowed: ({rows or 'robots'}, {columns})")
    return array
