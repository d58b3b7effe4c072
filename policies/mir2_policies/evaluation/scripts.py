"""Traitors that follow a script."""

import numpy as np
from mir2_core.adversary import flight
from mir2_core.tasks.geometry import Array

from mir2_policies.evaluation.episodes import Adversary, Deed, Situation

CIRCLE_STEPS = 50  # a lied circle takes five seconds


def stop(situation: Situation) -> Deed:
    """Stand still."""
    return Deed(0.0 * situation.policy(situation.observations))


def random(situation: Situation) -> Deed:
    """Both wheels at independent uniform speeds."""
    shape = (*situation.observations.shape[:2], situation.task.action_size)
    return Deed(situation.task.asarray(situation.rng.uniform(-1.0, 1.0, shape)))


def flee(situation: Situation) -> Deed:
    """Drive away from the centroid of the benign robots as fast as the robot can."""
    return Deed(flight(situation.task, situation.poses, situation.robots))


def lie_far_corner(situation: Situation) -> Deed:
    """Move as a loyal robot, but report the corner that is farthest from it."""
    task, truth = situation.task, situation.poses[:, list(situation.robots)]
    middle = 0.5 * task.params.arena_m
    places = task.xp.where(truth[..., :2] < middle, task.params.arena_m, 0.0)
    return _loyal_but_reporting(situation, places)


def lie_circle(situation: Situation) -> Deed:
    """Move as a loyal robot, but report a place that circles the arena's middle."""
    task = situation.task
    middle, turn = 0.5 * task.params.arena_m, 2.0 * np.pi * situation.step / CIRCLE_STEPS
    place = middle + 0.9 * middle * np.array([np.cos(turn), np.sin(turn)])
    return _loyal_but_reporting(situation, task.asarray(np.broadcast_to(place, _places_shape(situation)).copy()))


def lie_random(situation: Situation) -> Deed:
    """Move as a loyal robot, but report a new random place every step."""
    places = situation.rng.uniform(0.0, situation.task.params.arena_m, _places_shape(situation))
    return _loyal_but_reporting(situation, situation.task.asarray(places))


SCRIPTS: dict[str, Adversary] = {
    "stop": stop,
    "random": random,
    "flee": flee,
    "lie-far-corner": lie_far_corner,
    "lie-circle": lie_circle,
    "lie-random": lie_random,
}


def _places_shape(situation: Situation) -> tuple[int, int, int]:
    return (len(situation.poses), len(situation.robots), 2)


def _loyal_but_reporting(situation: Situation, places: Array) -> Deed:
    """The policy's own action, the true heading and a false place (B, K, 2)."""
    headings = situation.poses[:, list(situation.robots), 2:]
    reported = situation.task.xp.concatenate([places, headings], axis=-1)
    return Deed(situation.policy(situation.observations), reported)
