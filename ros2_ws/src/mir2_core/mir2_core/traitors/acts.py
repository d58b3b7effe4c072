"""Traitors that move as they should not, and tell the truth about where they are."""

import numpy as np
from pydantic import Field

from mir2_core.config import StrictModel
from mir2_core.traitors.steering import benign_centroid, drive, way_to_nearest_benign
from mir2_core.traitors.traitor import RECALL_S, Deed, Situation

STREAM, DROPS = 1, 3  # of random numbers
HOLD_S = 0.5  # for so long a driver goes on with the last command that it got


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


def chase(situation: Situation) -> Deed:
    """Drive at the nearest benign robot as fast as the robot can."""
    toward = way_to_nearest_benign(situation.xp, situation.poses, situation.robots)
    return Deed(drive(situation.xp, situation.body, situation.own_poses, toward))


class Circle(StrictModel):
    """Drive in a circle, counter-clockwise."""

    radius_m: float = Field(default=0.1, ge=0.0, le=10.0)

    def __call__(self, situation: Situation) -> Deed:
        """As fast as the robot can."""
        wheels = np.array([self.radius_m - 0.5 * situation.body.axle_m, self.radius_m + 0.5 * situation.body.axle_m])
        return Deed(situation.constant(wheels / wheels[1]))


class Bias(StrictModel):
    """Add something to each wheel's speed, in units of the fastest, whatever the policy wants."""

    left: float = Field(default=0.3, ge=-2.0, le=2.0)
    right: float = Field(default=0.0, ge=-2.0, le=2.0)

    def __call__(self, situation: Situation) -> Deed:
        """As far as the wheels can."""
        return Deed(situation.xp.clip(situation.wanted + situation.constant([self.left, self.right]), -1.0, 1.0))


class WeakMotor(StrictModel):
    """Reach a part only of what the policy wants of each wheel."""

    left: float = Field(default=0.5, ge=0.0, le=1.0)
    right: float = Field(default=1.0, ge=0.0, le=1.0)

    def __call__(self, situation: Situation) -> Deed:
        """The wanted speeds, scaled."""
        return Deed(situation.wanted * situation.constant([self.left, self.right]))


class Delay(StrictModel):
    """Do what the policy wanted some time ago."""

    s: float = Field(default=0.3, ge=0.0, le=RECALL_S)

    def __call__(self, situation: Situation) -> Deed:
        """Until that time has passed, what it wanted when the robot turned."""
        return Deed(situation.memory.ago(situation.steps(self.s)).wanted)


class Drop(StrictModel):
    """Lose a share of the commands."""

    share: float = Field(default=0.5, ge=0.0, le=1.0)

    def __call__(self, situation: Situation) -> Deed:
        """What came last, for as long as a driver holds it; then stand."""
        actions = situation.constant([0.0] * situation.task.action_size)
        for ago in reversed(range(min(situation.steps(HOLD_S), situation.step) + 1)):
            came = situation.draw(DROPS, 1, ago) >= self.share
            actions = situation.xp.where(came, situation.memory.ago(ago).wanted, actions)
        return Deed(actions)
