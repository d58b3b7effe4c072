"""Rendezvous: robots in a square arena meet at one point (after Hüttenrauch et al., JMLR 2019).

Dimensions: B worlds, N robots, O observation, A action. Poses are x_m, y_m, heading_rad.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from mir2_core.config import StrictModel
from mir2_core.robots import EPUCK2_POINT
from mir2_core.robots.model import RobotModel
from mir2_core.tasks.geometry import Array, ally_features, bearings_rad, distances_between, pair_geometry, wall_terms

# An e-puck2 as the published task rounds it: wheels at up to 7.5344 rad/s, radius 2 cm, axle 5.685 cm.
SPEED_MPS = 0.075344  # per unit of left + right
TURN_RADPS = 2.65062  # per unit of right − left
WALL_MARGIN_M = 0.01
WALL_SCALE_PER_M = 100.0  # the published wall distance is in centimetres
GATHERED_M = 0.01
STILL_M2PS2 = 1e-6
ACTION_COST = 0.001
PAIR_FEATURES_M = 0.94  # distances in units of 0.94 m are of order one, which a critic learns well from


class ObservationTerm(NamedTuple):
    """One block of an observation: `size` numbers, each a quantity in `unit` times `scale`."""

    name: str
    size: int
    unit: str
    scale: float


class RendezvousParams(StrictModel):
    """What defines the task; the defaults are the published ones.

    `pairwise` lists every ally in index order; `agnostic` averages over the allies in range, so that one policy
    serves any team size.
    """

    robots: int = Field(default=10, ge=2, le=64)
    arena_m: float = Field(default=2.0, gt=0.0, le=1000.0)
    radius_m: float = Field(default=2.82, gt=0.0)
    horizon: int = Field(default=200, ge=1)
    dt_s: float = Field(default=0.1, gt=0.0)
    substeps: int = Field(default=10, ge=1)
    observation: Literal["pairwise", "agnostic"] = "pairwise"


class Rendezvous:
    """The task for `xp` arrays; `asarray` turns a NumPy constant into such an array (device and dtype included)."""

    name: ClassVar[str] = "rendezvous"
    robot_kind: ClassVar[str] = EPUCK2_POINT.policy_kind
    robot: ClassVar[RobotModel] = EPUCK2_POINT
    action_size: ClassVar[int] = 2
    action_meaning: ClassVar[str] = "left and right wheel speed, in units of 7.5344 rad/s"

    def __init__(self, params: RendezvousParams, xp: Any = np, asarray: Callable[[Any], Array] = np.asarray) -> None:
        self.params = params
        self._xp = xp
        self.asarray = asarray
        robots = params.robots
        self._one_hot = asarray(np.eye(robots))
        self._others = asarray(1.0 - np.eye(robots))
        self.terms = _terms(params)
        self.observation_size = sum(term.size for term in self.terms)
        pairs = robots * (robots - 1) // 2
        self.joint_action_size = robots * self.action_size
        self.central_size = pairs + robots**2
        self.critic_size = pairs + 2 * robots**2
        self.effects_size = pairs + 2 * robots**2
        self._allies = xp.nonzero(self._others)[1]
        self._first, self._second = xp.nonzero(asarray(np.triu(np.ones((robots, robots)), k=1)))
        self._by_ally = xp.argsort(asarray(np.arange(5 * (robots - 1)).reshape(robots - 1, 5).T.reshape(-1)))

    @property
    def xp(self) -> Any:
        """The array namespace of the task's arrays."""
        return self._xp

    def of_size(self, robots: int) -> "Rendezvous":
        """The same task for a team of another size."""
        params = RendezvousParams.model_validate(self.params.model_dump() | {"robots": robots})
        return Rendezvous(params, self._xp, self.asarray)

    def reset(self, rng: np.random.Generator, batch: int = 1) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Fresh NumPy poses (B, N, 3): places uniform in the inner 90 % of the arena, headings in [0, 2π)."""
        uniform = rng.random((batch, self.params.robots, 3))
        places = (0.05 + 0.9 * uniform[..., :2]) * self.params.arena_m
        return np.concatenate([places, uniform[..., 2:] * 2.0 * np.pi], axis=-1)

    def action_to_twist(self, actions: Array) -> tuple[Array, Array]:
        """v_mps and omega_radps of actions (..., 2), which are clipped to [−1, 1]."""
        clipped = self._xp.clip(actions, -1.0, 1.0)
        left, right = clipped[..., 0], clipped[..., 1]
        return (left + right) * SPEED_MPS, (right - left) * TURN_RADPS

    def twist_to_action(self, v_mps: Array, omega_radps: Array) -> Array:
        """The action (..., 2) that gives this body velocity; beyond [−1, 1] if the robot cannot reach it."""
        total, difference = v_mps / SPEED_MPS, omega_radps / TURN_RADPS
        return self._xp.stack([0.5 * (total - difference), 0.5 * (total + difference)], axis=-1)

    def step(self, poses: Array, actions: Array) -> Array:
        """Poses after one control step: Euler substeps, each moving, turning and clamping to the arena."""
        xp, params = self._xp, self.params
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
        return self._xp.stack([v * self._xp.cos(heading), v * self._xp.sin(heading)], axis=-1)

    def observe(self, poses: Array) -> Array:
        """Observations (B, N, O) of all robots."""
        if self.params.observation == "agnostic":
            return self._observe_aggregates(poses)
        batch, robots = poses.shape[0], self.params.robots
        one_hot = self._xp.broadcast_to(self._one_hot, (batch, robots, robots))
        return _join([self.observe_allies(poses), self.observe_walls(poses), one_hot], self._xp)

    def observe_allies(self, poses: Array) -> Array:
        """Distance, bearing and own bearing as the ally sees it, for each ally in index order: (B, N, 5·(N − 1))."""
        xp = self._xp
        distance, *bearings = ally_features(xp, poses, self._allies)
        by_field = _join([distance / self.params.radius_m, *bearings], xp)
        # Several times faster than to stack along the last axis; with two axes, faster than with three.
        by_ally = xp.take(xp.reshape(by_field, (-1, by_field.shape[-1])), self._by_ally, axis=-1)
        return xp.reshape(by_ally, by_field.shape)

    def observe_walls(self, poses: Array) -> Array:
        """The five wall numbers (B, N, 5); the last two are always zero."""
        walls = wall_terms(self._xp, poses, self.params.arena_m, WALL_MARGIN_M, WALL_SCALE_PER_M)
        return _join([walls, self._xp.zeros_like(walls[..., :2])], self._xp)

    def _observe_aggregates(self, poses: Array) -> Array:
        """Averages over allies in range: the mean direction leads to their median, the mean position to their mean."""
        xp, radius = self._xp, self.params.radius_m
        distance, cos, sin = pair_geometry(xp, poses)
        in_range = xp.where(distance <= radius, self._others, 0.0)
        count = xp.sum(in_range, axis=-1)[..., None]
        near = distance / radius
        swapped = (xp.swapaxes(cos, -1, -2), xp.swapaxes(sin, -1, -2))
        fields = xp.stack([near, near * cos, near * sin, cos, sin, *swapped], axis=-1)
        means = xp.sum(fields * in_range[..., None], axis=-2) / xp.clip(count, 1.0, None)
        heard = xp.clip(count, 0.0, 1.0)
        return _join([means, heard, self.observe_walls(poses)[..., :3]], xp)

    def central_state(self, poses: Array) -> Array:
        """The published state for critics (B, S): pair distances over the radius, then all bearings over π."""
        distance = self._distances(poses)
        bearings = self._xp.reshape(bearings_rad(self._xp, poses), (poses.shape[0], -1))
        return _join([distance / self.params.radius_m, bearings / np.pi], self._xp)

    def critic_features(self, poses: Array) -> Array:
        """The same knowledge in a form that a network learns from: distances, cosines and sines of order one."""
        _, cos, sin = pair_geometry(self._xp, poses)
        pairs = self._distances(poses) / PAIR_FEATURES_M
        flat = (poses.shape[0], self.params.robots**2)
        return _join([pairs, self._xp.reshape(cos, flat), self._xp.reshape(sin, flat)], self._xp)

    def action_effects(self, features: Array, actions: Array) -> Array:
        """How fast actions (..., N, 2) change what `critic_features` (..., S) tell, in units of order one.

        Driving changes distances, turning changes cosines and sines: d/dt d_ij = −v_i cos β_ij − v_j cos β_ji. A
        network can hardly form these products; with them, the value of an action is nearly linear in its inputs.
        """
        xp, robots = self._xp, self.params.robots
        pairs, square = self.critic_size - 2 * robots**2, (*features.shape[:-1], robots, robots)
        cos = xp.reshape(features[..., pairs : pairs + robots**2], square)
        sin = xp.reshape(features[..., pairs + robots**2 :], square)
        drive = 0.5 * (actions[..., 0] + actions[..., 1])[..., None]
        turn = 0.5 * (actions[..., 1] - actions[..., 0])[..., None]
        toward = drive * cos
        closing = (toward + xp.swapaxes(toward, -1, -2))[..., self._first, self._second]
        flat = (*features.shape[:-1], robots**2)
        return _join([-closing, xp.reshape(-turn * sin, flat), xp.reshape(turn * cos, flat)], xp)

    def _distances(self, poses: Array) -> Array:
        """Of the pairs i < j, in row order: (B, N·(N − 1)/2)."""
        return distances_between(self._xp, poses, self._first, self._second)

    def _flat(self, values: Array) -> Array:
        return self._xp.reshape(values, (values.shape[0], -1))

    def reward(self, poses: Array, actions: Array) -> Array:
        """The reward (B,) that all robots share, for the poses after the step and the actions as given."""
        distance, cost = self.reward_parts(poses, actions)
        return distance + cost

    def reward_parts(self, poses: Array, actions: Array) -> tuple[Array, Array]:
        """The two summands of the reward, each (B,): for the distances and for the actions."""
        return self._closeness(self._distances(poses)), self._effort(actions)

    def _closeness(self, distances_m: Array) -> Array:
        radius_m = self.params.radius_m
        return -self._xp.mean(self._xp.clip(distances_m, None, radius_m), axis=-1) / radius_m

    def _effort(self, actions: Array) -> Array:
        return -ACTION_COST * self._xp.mean(self._flat(actions * actions), axis=-1)

    def gathered(self, poses: Array, velocities_mps: Array) -> Array:
        """Whether (B,) every pair is within a centimetre and the team hardly moves; the episode ends then."""
        square = self._xp.mean(self._flat(velocities_mps * velocities_mps), axis=-1)
        return self._within(self._distances(poses)) & (square < STILL_M2PS2)

    def outcome(self, poses: Array, actions: Array) -> tuple[Array, Array]:
        """`reward` (B,) and `gathered` (B,) of the step that ended in `poses`, from one look at the distances."""
        distances_m = self._distances(poses)
        v_mps, _ = self.action_to_twist(actions)
        square = 0.5 * self._xp.mean(v_mps * v_mps, axis=-1)
        gathered = self._within(distances_m) & (square < STILL_M2PS2)
        return self._closeness(distances_m) + self._effort(actions), gathered

    def _within(self, distances_m: Array) -> Array:
        return self._xp.max(distances_m, axis=-1) < GATHERED_M


def _join(parts: list[Array], xp: Any) -> Array:
    return xp.concatenate(parts, axis=-1)


def _terms(params: RendezvousParams) -> tuple[ObservationTerm, ...]:
    near = 1.0 / params.radius_m
    walls = (
        ObservationTerm("wall_distance", 1, "m", WALL_SCALE_PER_M),
        ObservationTerm("wall_bearing_cos_sin", 2, "1", 1.0),
    )
    if params.observation == "agnostic":
        return (
            ObservationTerm("mean_distance", 1, "m", near),
            ObservationTerm("mean_position", 2, "m", near),
            ObservationTerm("mean_bearing_cos_sin", 2, "1", 1.0),
            ObservationTerm("mean_bearing_of_self_cos_sin", 2, "1", 1.0),
            ObservationTerm("heard_any", 1, "1", 1.0),
            *walls,
        )
    allies: list[ObservationTerm] = []
    for k in range(1, params.robots):
        allies += [
            ObservationTerm(f"ally_{k}_distance", 1, "m", near),
            ObservationTerm(f"ally_{k}_bearing_cos_sin", 2, "1", 1.0),
            ObservationTerm(f"ally_{k}_bearing_of_self_cos_sin", 2, "1", 1.0),
        ]
    return (*allies, *walls, ObservationTerm("unused", 2, "1", 1.0), ObservationTerm("index", params.robots, "1", 1.0))
