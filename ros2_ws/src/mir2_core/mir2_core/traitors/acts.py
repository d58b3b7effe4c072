"""Traitors that move as they should not, and tell the truth about where they are."""

from mir2_core.traitors.steering import benign_centroid, drive
from mir2_core.traitors.traitor import Deed, Situation

STREAM = 1  # of random numbers


def stop(situation: Situation) -> Deed:
    """Stand still."""
    return Deed(situation.constant([0.0] * situation.task.action_size))


def freeze(situation: Situation) -> Deed:
    """Go on with what the policy wanted when the robot turned."""
    return Deed(situation.memory.first.wanted)


def random(situation: Situation) -> Deed:
    """Both wheels at independent uniform speeds, drawn anew every step."""
    return Deed(2.0 * situation.draw(STREAM, situation.task.action_size) - 1.0)


def reverse(situation: Situation) -> Deed:
    """Do the opposite of what the policy wants."""
    return Deed(-situation.wanted)


def flee(situation: Situation) -> Deed:
    """Drive away from the centroid of the benign robots as fast as the robot can."""
    away = situation.own_poses[..., :2] - benign_centroid(situation.xp, situation.poses, situation.robots)
    return Deed(drive(situation.xp, situation.body, situation.own_poses, away))
