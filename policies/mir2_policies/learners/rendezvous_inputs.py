"""What critics are given of rendezvous: how far apart and in which direction everybody sees everybody."""

import numpy as np
from mir2_core.tasks import FloorTask, Rendezvous
from mir2_core.tasks.geometry import Array, distances_between, pair_geometry

PAIR_FEATURES_M = 0.94  # distances in units of 0.94 m are of order one, which a critic learns well from


class RendezvousInputs:
    """Features (B, S): distances of pairs, cosines and sines of bearings, all of order one."""

    def __init__(self, task: FloorTask) -> None:
        robots = task.params.robots
        self._xp = task.xp
        self._robots = robots
        self._pairs = robots * (robots - 1) // 2
        self._first, self._second = _pairs(task)
        self.size = self.effects_size = self._pairs + 2 * robots**2

    def features(self, state: Array) -> Array:
        """What critics are given of poses (B, N, 3)."""
        xp = self._xp
        _, cos, sin = pair_geometry(xp, state)
        pairs = distances_between(xp, state, self._first, self._second) / PAIR_FEATURES_M
        flat = (state.shape[0], self._robots**2)
        return xp.concatenate([pairs, xp.reshape(cos, flat), xp.reshape(sin, flat)], axis=-1)

    def effects(self, features: Array, actions: Array) -> Array:
        """How fast actions (..., N, 2) change what `features` (..., S) tell, in units of order one.

        Driving changes distances, turning changes cosines and sines: d/dt d_ij = −v_i cos β_ij − v_j cos β_ji. A
        network can hardly form these products; with them, the value of an action is nearly linear in its inputs.
        """
        xp, robots = self._xp, self._robots
        square = (*features.shape[:-1], robots, robots)
        cos = xp.reshape(features[..., self._pairs : self._pairs + robots**2], square)
        sin = xp.reshape(features[..., self._pairs + robots**2 :], square)
        drive = 0.5 * (actions[..., 0] + actions[..., 1])[..., None]
        turn = 0.5 * (actions[..., 1] - actions[..., 0])[..., None]
        toward = drive * cos
        closing = (toward + xp.swapaxes(toward, -1, -2))[..., self._first, self._second]
        flat = (*features.shape[:-1], robots**2)
        return xp.concatenate([-closing, xp.reshape(-turn * sin, flat), xp.reshape(turn * cos, flat)], axis=-1)


def central_state(task: Rendezvous, poses: Array) -> Array:
    """The published state for critics (B, S): pair distances over the radius, then all bearings over π."""
    xp = task.xp
    distances = distances_between(xp, poses, *_pairs(task))
    bearings = xp.reshape(bearings_rad(task, poses), (poses.shape[0], -1))
    return xp.concatenate([distances / task.params.radius_m, bearings / np.pi], axis=-1)


def bearings_rad(task: FloorTask, poses: Array) -> Array:
    """Clockwise bearing (B, N, N) of robot j seen from robot i, wrapped to (−π, π]; own heading on the diagonal."""
    xp = task.xp
    x, y, heading = poses[..., 0], poses[..., 1], poses[..., 2]
    direction = xp.arctan2(y[..., None, :] - y[..., :, None], x[..., None, :] - x[..., :, None])
    return xp.pi - (direction - heading[..., :, None] + xp.pi) % (2.0 * xp.pi)


def _pairs(task: FloorTask) -> tuple[Array, Array]:
    """The robots i and j of each pair i < j, in row order."""
    robots = task.params.robots
    first, second = task.xp.nonzero(task.asarray(np.triu(np.ones((robots, robots)), k=1)))
    return first, second
