"""One world of robots that are objects: everything is computed robot by robot and pair by pair, in plain Python.

The structure is that of the published environment: each robot builds its own observation and its own copy of the
central state. Plain floats are used because they are the fastest way to write such a loop.
"""

import math
from dataclasses import dataclass

import numpy as np
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_core.tasks.rendezvous import SPEED_MPS, TURN_RADPS
from mir2_policies.learners.rendezvous_inputs import central_state

Wheels = tuple[float, float]


@dataclass
class Robot:
    """Where one robot is."""

    x_m: float
    y_m: float
    heading_rad: float

    def move(self, action: Wheels, params: RendezvousParams) -> tuple[float, float]:
        """Drive for one control step, in Euler substeps; returns the world velocity in the last of them."""
        left, right = (min(1.0, max(-1.0, wheel)) for wheel in action)
        v_mps, omega_radps = (left + right) * SPEED_MPS, (right - left) * TURN_RADPS
        substep_s = params.dt_s / params.substeps
        east_mps = north_mps = 0.0
        for _ in range(params.substeps):
            east_mps, north_mps = v_mps * math.cos(self.heading_rad), v_mps * math.sin(self.heading_rad)
            self.x_m = min(params.arena_m, max(0.0, self.x_m + east_mps * substep_s))
            self.y_m = min(params.arena_m, max(0.0, self.y_m + north_mps * substep_s))
            self.heading_rad = (self.heading_rad + omega_radps * substep_s) % (2.0 * math.pi)
        return east_mps, north_mps

    def distance_m(self, other: "Robot") -> float:
        """Distance to another robot."""
        return math.hypot(other.x_m - self.x_m, other.y_m - self.y_m)

    def bearing_rad(self, other: "Robot") -> float:
        """Clockwise bearing of another robot, wrapped to (−π, π]."""
        angle = self.heading_rad - math.atan2(other.y_m - self.y_m, other.x_m - self.x_m)
        return math.pi - (math.pi - angle) % (2.0 * math.pi)


class World:
    """One world; `observations` (N, O) and `states` (N, S + N) are those of where the robots are now."""

    def __init__(self, params: RendezvousParams, rng: np.random.Generator) -> None:
        self.params = params
        self._task = Rendezvous(params)
        self._rng = rng
        self.reset()

    def reset(self) -> None:
        """Fresh poses."""
        self.place(self._task.reset(self._rng)[0].tolist())

    def place(self, poses: list[list[float]]) -> None:
        """Put the robots somewhere."""
        self.robots = [Robot(*pose) for pose in poses]
        self._look()

    def step(self, actions: list[Wheels]) -> tuple[float, bool]:
        """Move all robots; returns the shared reward and whether the team has gathered."""
        velocities = [robot.move(action, self.params) for robot, action in zip(self.robots, actions, strict=True)]
        self._look()
        return self._reward(actions), self._gathered(velocities)

    def _look(self) -> None:
        everyone = range(len(self.robots))
        self.observations = [self._observation(me) for me in everyone]
        self.states = [self._state(me) for me in everyone]

    def _observation(self, me: int) -> list[float]:
        robot, radius_m, seen = self.robots[me], self.params.radius_m, []
        for j, ally in enumerate(self.robots):
            if j != me:
                there, back = robot.bearing_rad(ally), ally.bearing_rad(robot)
                seen.append(robot.distance_m(ally) / radius_m)
                seen += [math.cos(there), math.sin(there), math.cos(back), math.sin(back)]
        return seen + self._walls(robot) + self._index(me)

    def _walls(self, robot: Robot) -> list[float]:
        arena_m = self.params.arena_m
        walls_m = [arena_m - robot.x_m, arena_m - robot.y_m, robot.x_m, robot.y_m]
        nearest = min(range(4), key=walls_m.__getitem__)
        if 0.01 < robot.x_m < arena_m - 0.01 and 0.01 < robot.y_m < arena_m - 0.01:
            return [1.0, 0.0, 0.0, 0.0, 0.0]
        toward_rad = 0.5 * math.pi * nearest - robot.heading_rad
        return [100.0 * walls_m[nearest], math.cos(toward_rad), math.sin(toward_rad), 0.0, 0.0]

    def _state(self, me: int) -> list[float]:
        """Distances of all pairs and all bearings, for the critic of one robot."""
        robots, radius_m = self.robots, self.params.radius_m
        distances = [a.distance_m(b) / radius_m for i, a in enumerate(robots) for b in robots[i + 1 :]]
        bearings = [a.bearing_rad(b) / math.pi for a in robots for b in robots]
        return distances + bearings + self._index(me)

    def _index(self, me: int) -> list[float]:
        return [float(j == me) for j in range(len(self.robots))]

    def _reward(self, actions: list[Wheels]) -> float:
        robots, radius_m = self.robots, self.params.radius_m
        distances = [min(a.distance_m(b), radius_m) for i, a in enumerate(robots) for b in robots[i + 1 :]]
        effort = sum(left * left + right * right for left, right in actions) / (2 * len(actions))
        return -sum(distances) / len(distances) / radius_m - 0.001 * effort

    def _gathered(self, velocities: list[tuple[float, float]]) -> bool:
        robots = self.robots
        widest_m = max(a.distance_m(b) for i, a in enumerate(robots) for b in robots[i + 1 :])
        square = sum(east * east + north * north for east, north in velocities) / (2 * len(velocities))
        return widest_m < 0.01 and square < 1e-6


def check(params: RendezvousParams, steps: int = 20) -> None:
    """The loop must compute what the task does, or a comparison means nothing."""
    rng, task = np.random.default_rng(1), Rendezvous(params)
    world = World(params, rng)
    poses = np.array([[[robot.x_m, robot.y_m, robot.heading_rad] for robot in world.robots]])
    for _ in range(steps):
        actions = rng.uniform(-1.2, 1.2, (1, params.robots, 2))
        reward, gathered = world.step([(left, right) for left, right in actions[0].tolist()])
        poses = task.step(poses, actions)
        np.testing.assert_allclose(world.observations, task.observe(poses)[0], atol=1e-9)
        np.testing.assert_allclose(world.states[3][: -params.robots], central_state(task, poses)[0], atol=1e-9)
        np.testing.assert_allclose(reward, task.reward(poses, actions)[0], atol=1e-9)
        assert gathered == task.gathered(poses, task.velocities(poses, actions))[0]
