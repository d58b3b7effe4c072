"""Which allies tell different robots different things: found by comparing with the others what each has heard."""

import math
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mir2_core.allies import LARGEST, SPEED_MARGIN, TrustSettings
from mir2_core.robots import RobotModel
from mir2_core.types import FloatArray, RobotState

TELL_S = 1.0  # how often robots tell each other what they have heard
MEMORY_S = 4.0  # for how long it counts, and how long nothing is said against an ally that was just readmitted
MOST_REPORTS = 100  # of one ally that are remembered


class Hearsay(NamedTuple):
    """What one robot has heard of its allies, rows (stamp_s, x_m, y_m, heading_rad), and whom it found two-faced."""

    time_s: float
    heard: Mapping[str, FloatArray]  # (R, 4)
    two_faced: Collection[str]


class CrossCheck:
    """Compares what a robot heard of each of its `allies` with what the others say that they heard.

    Two reports contradict each other if no robot of the kind could be at both places at their times. An ally is
    two-faced once more than F = `traitors` others contradict what was heard of it, or have found it two-faced. While
    at most F robots lie, one of these others is honest, so no honest ally is ever found two-faced. Among N >= 3F + 1
    robots, all honest ones that go on believing an ally have heard the same of it: two parts of the at least N - F
    honest robots cannot both be so large that at most F are outside them.
    """

    def __init__(self, allies: Sequence[str], model: RobotModel, settings: TrustSettings) -> None:
        self.allies = list(allies)
        self.two_faced: set[str] = set()
        self._model, self._settings = model, settings
        self._heard: dict[str, deque[tuple[float, ...]]] = {ally: deque(maxlen=MOST_REPORTS) for ally in allies}
        self._said: dict[str, deque[Hearsay]] = {ally: deque(maxlen=4) for ally in allies}
        self._readmitted_s: dict[str, float] = {}
        self._judged_s = -math.inf

    def hear(self, ally: str, report: RobotState) -> None:
        """Take in a report that was believed."""
        self._heard[ally].append((report.stamp_s, *report.pose))

    def hearsay(self, time_s: float) -> Hearsay:
        """What to tell at that time: what was heard since the last one was due, and who is two-faced."""
        heard = {
            ally: rows[time_s - rows[:, 0] < 1.5 * TELL_S] for ally in self.allies if len(rows := self._rows(ally))
        }
        return Hearsay(time_s, heard, frozenset(self.two_faced))

    def listen(self, witness: str, hearsay: Hearsay) -> None:
        """Take in what an ally says that it heard; what is not a number says nothing."""
        numbers = {ally: rows[(np.abs(rows) < LARGEST).all(axis=1)] for ally, rows in hearsay.heard.items()}
        self._said[witness].append(hearsay._replace(heard=numbers))

    def judge(self, until_s: float) -> list[str]:
        """The allies that were not known to be two-faced, and that what was told until `until_s` shows to be."""
        self._judged_s = until_s
        newest = {
            witness: recent[-1]
            for witness, said in self._said.items()
            if (recent := [each for each in said if until_s - MEMORY_S < each.time_s <= until_s])
        }
        found = [ally for ally in self.allies if ally not in self.two_faced and self._is_two_faced(ally, newest)]
        self.two_faced.update(found)
        return found

    def readmit(self, ally: str) -> None:
        """Believe an ally again, as a person has said."""
        self.two_faced.discard(ally)
        self._heard[ally].clear()
        self._readmitted_s[ally] = self._judged_s

    def _rows(self, ally: str) -> FloatArray:
        return np.array(self._heard[ally]).reshape(-1, 4)

    def _is_two_faced(self, ally: str, newest: Mapping[str, Hearsay]) -> bool:
        if self._judged_s - self._readmitted_s.get(ally, -math.inf) < MEMORY_S:
            return False
        own = self._rows(ally)
        against = [
            witness
            for witness, said in newest.items()
            if witness != ally
            and (ally in said.two_faced or (ally in said.heard and self._contradict(own, said.heard[ally])))
        ]
        return len(against) > self._settings.traitors

    def _contradict(self, own: FloatArray, other: FloatArray) -> bool:
        """Whether any two of the reports (R, 4) and (S, 4) cannot both be true."""
        apart = np.abs(own[:, None] - other[None])
        turned_rad = np.abs(np.remainder(apart[..., 3] + math.pi, math.tau) - math.pi)
        passed_s = SPEED_MARGIN * apart[..., 0]
        far = np.hypot(apart[..., 1], apart[..., 2]) > self._model.max_v_mps * passed_s + 2.0 * self._settings.noise_m
        turned = turned_rad > self._model.max_omega_radps * passed_s + 2.0 * self._settings.noise_rad
        return bool((far | turned).any())
