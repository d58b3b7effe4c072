"""Traitors that move as their policy wants, and lie about where they are."""

import numpy as np
from pydantic import Field

from mir2_core.config import StrictModel
from mir2_core.tasks.geometry import Array
from mir2_core.traitors.traitor import RECALL_S, Deed, Situation, benign_robots

STREAM, NOISE, PLACES = 2, 4, 5  # of random numbers
CIRCLE_S = 5.0  # a lied circle takes so long


def far_corner(situation: Situation) -> Deed:
    """Report the corner that is farthest from the robot."""
    side_m, places = situation.task.params.arena_m, situation.own_poses[..., :2]
    return _at(situation, situation.xp.where(places < 0.5 * side_m, side_m, 0.0))


def circle(situation: Situation) -> Deed:
    """Report a place that circles the arena's middle."""
    middle_m = 0.5 * situation.task.params.arena_m
    turn = 2.0 * np.pi * situation.step * situation.task.params.dt_s / CIRCLE_S
    return _at(situation, situation.constant(middle_m + 0.9 * middle_m * np.array([np.cos(turn), np.sin(turn)])))


def random(situation: Situation) -> Deed:
    """Report a new random place every step."""
    return _at(situation, situation.task.params.arena_m * situation.draw(STREAM, 2))


def frozen(situation: Situation) -> Deed:
    """Report the pose of the moment when the robot turned."""
    return Deed(reported=situation.memory.first.poses[:, list(situation.robots)])


def mirrored(situation: Situation) -> Deed:
    """Report the pose on the other side of the arena's middle."""
    x, y, heading = (situation.own_poses[..., k] for k in range(3))
    side_m = situation.task.params.arena_m
    return Deed(reported=situation.xp.stack([side_m - x, side_m - y, heading + np.pi], axis=-1))


class Offset(StrictModel):
    """Report a place beside the true one."""

    x_m: float = Field(default=0.3, ge=-10.0, le=10.0)
    y_m: float = Field(default=0.0, ge=-10.0, le=10.0)

    def __call__(self, situation: Situation) -> Deed:
        """Within the arena."""
        return _beside(situation, situation.constant([self.x_m, self.y_m]))


class Drift(StrictModel):
    """Report a place that moves away from the true one, as bad odometry does."""

    x_mps: float = Field(default=0.02, ge=-1.0, le=1.0)
    y_mps: float = Field(default=0.02, ge=-1.0, le=1.0)

    def __call__(self, situation: Situation) -> Deed:
        """Within the arena."""
        passed_s = situation.step * situation.task.params.dt_s
        return _beside(situation, situation.constant([self.x_mps * passed_s, self.y_mps * passed_s]))


class Noise(StrictModel):
    """Report a place that is wrong by up to `m` along x and along y, drawn anew every step."""

    m: float = Field(default=0.1, ge=0.0, le=10.0)

    def __call__(self, situation: Situation) -> Deed:
        """Within the arena."""
        return _beside(situation, self.m * (2.0 * situation.draw(NOISE, 2) - 1.0))


class Replayed(StrictModel):
    """Report the pose of some time ago as if it were that of now."""

    s: float = Field(default=2.0, ge=0.0, le=RECALL_S)

    def __call__(self, situation: Situation) -> Deed:
        """Until that time has passed, the pose of the moment when the robot turned."""
        return Deed(reported=situation.memory.ago(situation.steps(self.s)).poses[:, list(situation.robots)])


class Teleport(StrictModel):
    """Report another random place every so often."""

    every_s: float = Field(default=2.0, ge=0.0, le=3600.0)

    def __call__(self, situation: Situation) -> Deed:
        """Anywhere in the arena."""
        since = situation.step % max(1, situation.steps(self.every_s))
        return _at(situation, situation.task.params.arena_m * situation.draw(PLACES, 2, since))


class OnTop(StrictModel):
    """Report to be where the benign robots are, each in turn."""

    every_s: float = Field(default=2.0, ge=0.0, le=3600.0)

    def __call__(self, situation: Situation) -> Deed:
        """With the other's heading."""
        benign = benign_robots(situation.poses.shape[1], situation.robots)
        turn = situation.step // max(1, situation.steps(self.every_s))
        other = situation.poses[:, [benign[turn % len(benign)]]]
        return Deed(reported=situation.xp.concatenate([other] * len(situation.robots), axis=1))


def _beside(situation: Situation, away: Array) -> Deed:
    """Report places `away` (B, K, 2) from the true ones, as far as the arena goes."""
    places = situation.own_poses[..., :2] + away
    return _at(situation, situation.xp.clip(places, 0.0, situation.task.params.arena_m))


def _at(situation: Situation, places: Array) -> Deed:
    """Report false places (B, K, 2) with the true headings."""
    return Deed(reported=situation.xp.concatenate([places, situation.own_poses[..., 2:]], axis=-1))
