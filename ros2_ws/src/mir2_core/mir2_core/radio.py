"""How the radio of one robot, and everybody's clock, are disturbed, for as long as a run lasts."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mir2_core.disturbance import Disturbance
from mir2_core.traitors.links import LOST_S
from mir2_core.types import RobotState

LOSSES, CLOCKS = 8, 9  # streams of random numbers


class Radio:
    """What comes to `robot`, one of `names`; `seed` draws what is lost on each link, and by how much clocks are off.

    What is lost depends on seed, link and step, never on the order of messages.
    """

    def __init__(self, settings: Disturbance, names: Sequence[str], robot: str, *, seed: int, period_s: float) -> None:
        self.robot = robot
        self._share, self._seed, self._period_s = settings.loss, seed, period_s
        self._index = {name: index for index, name in enumerate(names)}
        spread = 2.0 * np.random.default_rng([CLOCKS, seed]).random(len(names)) - 1.0
        ahead_s = settings.clock_offset_s * spread
        self._ahead_s = (ahead_s - ahead_s[self._index[robot]]).tolist()

    def late_s(self, time_s: float, ally: str) -> float:
        """By how much what an ally sends at a time arrives late: never, which is `LOST_S`, or at once."""
        if not self._share:
            return 0.0
        step = max(0, round(time_s / self._period_s))
        drawn = np.random.default_rng([LOSSES, self._seed, self._index[ally], self._index[self.robot], step]).random()
        return LOST_S if drawn < self._share else 0.0

    def stamped(self, report: RobotState, ally: str) -> RobotState:
        """A report of an ally, whose clock is ahead of the robot's or behind."""
        ahead_s = self._ahead_s[self._index[ally]]
        return replace(report, stamp_s=report.stamp_s + ahead_s) if ahead_s else report
