"""Traitors that move as their policy wants, and lie about where they are."""

import numpy as np

from mir2_core.tasks.geometry import Array
from mir2_core.traitors.traitor import Deed, Situation

STREAM = 2  # of random numbers
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


def _at(situation: Situation, places: Array) -> Deed:
    """Report false places (B, K, 2) with the true headings."""
    return Deed(reported=situation.xp.concatenate([places, situation.own_poses[..., 2:]], axis=-1))
