"""Traitors that move as their policy wants, and whose reports are no sound messages."""

import math

from pydantic import Field

from mir2_core.config import StrictModel
from mir2_core.traitors.traitor import RECALL_S, Deed, Situation


def silence(situation: Situation) -> Deed:
    """Report nothing."""
    return Deed(copies=0)


def nan(situation: Situation) -> Deed:
    """Report a place that is not a number."""
    return Deed(reported=situation.constant([math.nan] * 3))


class Delayed(StrictModel):
    """Report late: the truth of some time ago, with its stamp."""

    s: float = Field(default=0.3, ge=0.0, le=RECALL_S)

    def __call__(self, situation: Situation) -> Deed:
        """Nothing until the delay has passed."""
        steps = situation.steps(self.s)
        if situation.step < steps:
            return Deed(copies=0)
        poses = situation.memory.ago(steps).poses[:, list(situation.robots)]
        return Deed(reported=poses, stamp_offset_s=-steps * situation.task.params.dt_s)


class Future(StrictModel):
    """Report the truth with stamps from a clock that is ahead."""

    s: float = Field(default=3600.0, ge=0.0, le=86400.0)

    def __call__(self, situation: Situation) -> Deed:
        """Where the robot is."""
        return Deed(stamp_offset_s=self.s)


class Flood(StrictModel):
    """Report the truth many times a period."""

    copies: int = Field(default=50, ge=1, le=1000)

    def __call__(self, situation: Situation) -> Deed:
        """Where the robot is."""
        return Deed(copies=self.copies)
