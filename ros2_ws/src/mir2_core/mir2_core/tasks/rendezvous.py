"""Rendezvous: robots in a square arena meet at one point (after Hüttenrauch et al., JMLR 2019).

Dimensions: B worlds, N robots, O observation, A action. Poses are x_m, y_m, heading_rad.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from mir2_core.robots import EPUCK2_POINT
from mir2_core.robots.model import RobotModel
from mir2_core.tasks.ally_observation import AllyBlock, AllyObservation
from mir2_core.tasks.base import ActionKind, FloorParams, Observation, ObservationBlock, ObservationTerm
from mir2_core.tasks.geometry import (
    Array,
    ally_features,
    distances_between,
    pair_geometry,
    squashed_places,
    wall_terms,
)

SPEED_MPS = 0.5 * EPUCK2_POINT.max_v_mps  # per unit of left + right
TURN_RADPS = 0.5 * EPUCK2_POINT.max_omega_radps  # per unit of right − left
WALL_MARGIN_M = 0.01
WALL_SCALE_PER_M = 100.0  # the published wall distance is in centimetres
GATHERED_M = 0.01
STILL_M2PS2 = 1e-6
ACTION_COST = 0.001
DIAGONAL = 1.41  # of a square, as the published radius has it
REACHES_M = (0.02, 0.2, 2.0)  # the whole arena matters, and at last every centimetre


class RendezvousParams(FloorParams):
    """What defines the task; the defaults are the published ones.

    `pairwise` lists every ally in index order. One policy serves teams of any size with `agnostic`, which averages over
    the allies in range, and with `allies`, which lists those that are present for a policy that knows no order.
    """

    robots: int = Field(default=10, ge=2, le=64)
    arena_m: float = Field(default=2.0, gt=0.0, le=1000.0)
    radius_m: float = Field(default=2.82, gt=0.0)
    horizon: int = Field(default=200, ge=1)
    dt_s: float = Field(default=0.1, gt=0.0)
    substeps: int = Field(default=10, ge=1)
    observation: Literal["pairwise", "agnostic", "allies"] = "pairwise"

    @model_validator(mode="after")
    def _heard_by_all(self) -> Self:
        if self.observation == "pairwise" and self.radius_m < DIAGONAL * self.arena_m:
            raise ValueError(
                f"radius_m is {self.radius_m:g}, but with observation 'pairwise' everybody hears everybody in an arena "
                f"of {self.arena_m:g} m; give radius_m {DIAGONAL * self.arena_m:g} or more, or observation 'allies'"
            )
        return self


class Rendezvous:
    """The task for `xp` arrays; `asarray` turns a NumPy constant into such an array (device and dtype included)."""

    name: ClassVar[str] = "rendezvous"
    robot_kind: ClassVar[str] = EPUCK2_POINT.policy_kind
    robot: ClassVar[RobotModel] = EPUCK2_POINT
    state_size: ClassVar[int] = 3
    action_kind: ClassVar[ActionKind] = "continuous"
    action_size: ClassVar[int] = 2
    action_meaning: ClassVar[str] = f"left and right wheel speed, in units of {EPUCK2_POINT.max_wheel_radps:g} rad/s"

    def __init__(self, params: RendezvousParams, xp: Any = np, asarray: Callable[[Any], Array] = np.asarray) -> None:
        self.params = params
        self.xp = xp
        self.asarray = asarray
        robots = params.robots
        self._one_hot = asarray(np.eye(robots))
        self._others = asarray(1.0 - np.eye(robots))
        self._allies = xp.nonzero(self._others)[1]
        self._first, self._second = xp.nonzero(asarray(np.triu(np.ones((robots, robots)), k=1)))
        self._by_ally = xp.argsort(asarray(np.arange(5 * (robots - 1)).reshape(robots - 1, 5).T.reshape(-1)))
        self.observe = self._observation()

    def of_size(self, robots: int) -> Self:
        """The same task for a team of another size."""
        params = RendezvousParams.model_validate(self.params.model_dump() | {"robots": robots})
        return type(self)(params, self.xp, self.asarray)

    def reset(self, rng: np.random.Generator, batch: int = 1) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Fresh NumPy poses (B, N, 3): places uniform in the inner 90 % of the arena, headings in [0, 2π)."""
        uniform = rng.random((batch, self.params.robots, 3))
        places = (0.05 + 0.9 * uniform[..., :2]) * self.params.arena_m
        return np.concatenate([places, uniform[..., 2:] * 2.0 * np.pi], axis=-1)

    def action_to_twist(self, actions: Array) -> tuple[Array, Array]:
        """v_mps and omega_radps of actions (..., 2), which are clipped to [−1, 1]."""
        clipped = self.xp.clip(actions, -1.0, 1.0)
        left, right = clipped[..., 0], clipped[..., 1]
        return (left + right) * SPEED_MPS, (right - left) * TURN_RADPS

    def twist_to_action(self, v_mps: Array, omega_radps: Array) -> Array:
        """The action (..., 2) that gives this body velocity; beyond [−1, 1] if the robot cannot reach it."""
        total, difference = v_mps / SPEED_MPS, omega_radps / TURN_RADPS
        return self.xp.stack([0.5 * (total - difference), 0.5 * (total + difference)], axis=-1)

    def step(self, poses: Array, actions: Array) -> Array:
        """Poses after one control step: Euler substeps, each moving, turning and clamping to the arena."""
        xp, params = self.xp, self.params
        substep_s = params.dt_s / params.substeps
        v, omega = self.action_to_twist(actions)
        x, y, heading = poses[..., 0], poses[..., 1], poses[..., 2]
        east, north = v * substep_s * xp.cos(heading), v * substep_s * xp.sin(heading)
        cos, sin = xp.cos(omega * substep_s), xp.sin(omega * substep_s)
        for _ in range(params.substeps):
            x = xp.clip(x + east, 0.0, params.arena_m)
            y = xp.clip(y + north, 0.0, params.arena_m)
            east, north = cos * east - sin * north, sin * east + cos * north
        return xp.stack([x, y, (heading + omega * params.dt_s) % (2.0 * np.pi)], axis=-1)

    def velocities(self, poses: Array, actions: Array) -> Array:
        """World velocity (B, N, 2) in m/s during the last substep of the step that ended in `poses`."""
        v, omega = self.action_to_twist(actions)
        heading = poses[..., 2] - omega * self.params.dt_s / self.params.substeps
        return self.xp.stack([v * self.xp.cos(heading), v * self.xp.sin(heading)], axis=-1)

    def _distances(self, poses: Array) -> Array:
        """Of the pairs i < j, in row order: (B, N·(N − 1)/2)."""
        return distances_between(self.xp, poses, self._first, self._second)

    def _flat(self, values: Array) -> Array:
        return self.xp.reshape(values, (values.shape[0], -1))

    def reward(self, poses: Array, actions: Array) -> Array:
        """The reward (B,) that all robots share, for the poses after the step and the actions as given."""
        distance, cost = self.reward_parts(poses, actions)
        return distance + cost

    def reward_parts(self, poses: Array, actions: Array) -> tuple[Array, Array]:
        """The two summands of the reward, each (B,): for the distances and for the actions."""
        return self._closeness(self._distances(poses)), self._effort(actions)

    def _closeness(self, distances_m: Array) -> Array:
        radius_m = self.params.radius_m
        return -self.xp.mean(self.xp.clip(distances_m, None, radius_m), axis=-1) / radius_m

    def _effort(self, actions: Array) -> Array:
        return -ACTION_COST * self.xp.mean(self._flat(actions * actions), axis=-1)

    def gathered(self, poses: Array, velocities_mps: Array) -> Array:
        """Whether (B,) every pair is within a centimetre and the team hardly moves; the episode ends then."""
        square = self.xp.mean(self._flat(velocities_mps * velocities_mps), axis=-1)
        return self._within(self._distances(poses)) & (square < STILL_M2PS2)

    def done(self, poses: Array, actions: Array) -> Array:
        """Whether (B,) the team has gathered by the step that ended in `poses`."""
        return self.outcome(poses, actions)[1]

    def outcome(self, poses: Array, actions: Array) -> tuple[Array, Array]:
        """`reward` (B,) and `done` (B,) of the step that ended in `poses`, from one look at the distances."""
        distances_m = self._distances(poses)
        v_mps, _ = self.action_to_twist(actions)
        square = 0.5 * self.xp.mean(v_mps * v_mps, axis=-1)
        gathered = self._within(distances_m) & (square < STILL_M2PS2)
        return self._closeness(distances_m) + self._effort(actions), gathered

    def _within(self, distances_m: Array) -> Array:
        return self.xp.max(distances_m, axis=-1) < GATHERED_M

    def _observation(self) -> Observation:
        walls = ObservationBlock(
            (
                ObservationTerm("wall_distance", 1, "m", WALL_SCALE_PER_M),
                ObservationTerm("wall_bearing_cos_sin", 2, "1", 1.0),
            ),
            self._walls,
        )
        if self.params.observation != "allies":
            return Observation(self.xp, self._blocks(walls))
        places = [
            ObservationTerm(f"ahead_left_within_{reach_m:g}_m", 2, f"{reach_m:g} m, squashed", 1.0 / reach_m)
            for reach_m in REACHES_M
        ]
        heading = ObservationTerm("heading_cos_sin", 2, "1", 1.0)
        ally = AllyBlock((*places, heading), self._of_ally, self._in_range)
        return AllyObservation(self.xp, self.params.robots, [walls], ally)

    def _blocks(self, walls: ObservationBlock) -> list[ObservationBlock]:
        near = 1.0 / self.params.radius_m
        if self.params.observation == "agnostic":
            aggregates = (
                ObservationTerm("mean_distance", 1, "m", near),
                ObservationTerm("mean_position", 2, "m", near),
                ObservationTerm("mean_bearing_cos_sin", 2, "1", 1.0),
                ObservationTerm("mean_bearing_of_self_cos_sin", 2, "1", 1.0),
                ObservationTerm("heard_any", 1, "1", 1.0),
            )
            return [ObservationBlock(aggregates, self._aggregates, of_allies=True), walls]
        allies: list[ObservationTerm] = []
        for k in range(1, self.params.robots):
            allies += [
                ObservationTerm(f"ally_{k}_distance", 1, "m", near),
                ObservationTerm(f"ally_{k}_bearing_cos_sin", 2, "1", 1.0),
                ObservationTerm(f"ally_{k}_bearing_of_self_cos_sin", 2, "1", 1.0),
            ]
        return [
            ObservationBlock(tuple(allies), self._each_ally, of_allies=True),
            walls,
            ObservationBlock((ObservationTerm("unused", 2, "1", 1.0),), self._unused),
            ObservationBlock((ObservationTerm("index", self.params.robots, "1", 1.0),), self._index),
        ]

    def _each_ally(self, poses: Array) -> Array:
        """Distance, bearing and own bearing as the ally sees it, for each ally in index order: (B, N, 5·(N − 1))."""
        xp = self.xp
        distance, *bearings = ally_features(xp, poses, self._allies)
        by_field = xp.concatenate([distance / self.params.radius_m, *bearings], axis=-1)
        # Several times faster than to stack along the last axis; with two axes, faster than with three.
        by_ally = xp.take(xp.reshape(by_field, (-1, by_field.shape[-1])), self._by_ally, axis=-1)
        return xp.reshape(by_ally, by_field.shape)

    def _of_ally(self, own: Array, allies: Array) -> Array:
        """Where each ally (..., M, 3) is and heads, as seen by a robot at `own` (..., 1, 3): all within [−1, 1]."""
        xp, turned = self.xp, allies[..., 2] - own[..., 2]
        places = squashed_places(xp, own, allies, REACHES_M)
        return xp.concatenate([places, xp.stack([xp.cos(turned), xp.sin(turned)], axis=-1)], axis=-1)

    def _in_range(self, own: Array, allies: Array) -> Array:
        east, north = allies[..., 0] - own[..., 0], allies[..., 1] - own[..., 1]
        return east * east + north * north <= self.params.radius_m**2

    def _walls(self, poses: Array) -> Array:
        return wall_terms(self.xp, poses, self.params.arena_m, WALL_MARGIN_M, WALL_SCALE_PER_M)

    def _unused(self, poses: Array) -> Array:
        """The published observation has two more numbers for walls, which are always zero."""
        return self.xp.zeros_like(poses[..., :2])

    def _index(self, poses: Array) -> Array:
        robots = self.params.robots
        return self.xp.broadcast_to(self._one_hot, (poses.shape[0], robots, robots))

    def _aggregates(self, poses: Array) -> Array:
        """Averages over allies in range: the mean direction leads to their median, the mean position to their mean."""
        xp, radius = self.xp, self.params.radius_m
        distance, cos, sin = pair_geometry(xp, poses)
        in_range = xp.where(distance <= radius, self._others, 0.0)
        count = xp.sum(in_range, axis=-1)[..., None]
        near = distance / radius
        swapped = (xp.swapaxes(cos, -1, -2), xp.swapaxes(sin, -1, -2))
        fields = xp.stack([near, near * cos, near * sin, cos, sin, *swapped], axis=-1)
        means = xp.sum(fields * in_range[..., None], axis=-2) / xp.clip(count, 1.0, None)
        return xp.concatenate([means, xp.clip(count, 0.0, 1.0)], axis=-1)
