"""How the radio of robots, and their clocks, are disturbed: of one robot in a run, and of all in batches of worlds."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mir2_core.allies import TrustSettings
from mir2_core.disturbance import Arrays, Disturbance
from mir2_core.tasks.geometry import Array
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


class Reception:
    """What all robots hear of each other in steps of `dt_s`: B worlds, N robots, K numbers of a robot.

    Of an ally whose report is lost the last one is believed, until it is absent, after as long as robots coast.
    """

    def __init__(self, settings: Disturbance, dt_s: float, rng: np.random.Generator, arrays: Arrays) -> None:
        self._share, self._rng, self._arrays = settings.loss, rng, arrays
        self._most = TrustSettings().coast_s / dt_s + 1e-6
        self._last: Array | None = None
        self._silent: Array | None = None

    def __call__(self, known: Array, begins: Array) -> tuple[Array, Array]:
        """What each robot believes (B, N, N, K) and who is present to it (B, N, N), given what all know (B, N, K).

        In the first step of an episode, which `begins` (B,), everybody is heard.
        """
        xp, asarray = self._arrays
        worlds, robots, numbers = known.shape
        told = xp.broadcast_to(known[:, None], (worlds, robots, robots, numbers))
        drawn = asarray(self._rng.random((worlds, robots, robots)))
        comes = (drawn >= self._share) | (asarray(np.eye(robots)) > 0.0) | begins[:, None, None]
        if self._last is None or self._silent is None:
            self._last, self._silent = told, xp.zeros_like(drawn)
        self._last = xp.where(comes[..., None], told, self._last)
        self._silent = xp.where(comes, xp.zeros_like(drawn), self._silent + 1.0)
        return self._last, self._silent <= self._most

    def memory(self) -> list[Array]:
        """What it goes on from, once it was called."""
        return [] if self._last is None else [self._last, self._silent]

    def recall(self, memory: list[Array]) -> None:
        """Go on from what another one of the same settings remembers."""
        if memory:
            self._last, self._silent = memory
