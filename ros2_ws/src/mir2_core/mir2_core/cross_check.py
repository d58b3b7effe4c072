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
AHEAD_S = 2.0 * MEMORY_S  # what is told of later times is not kept
MOST_REPORTS = 100  # of one ally that are remembered


class Hearsay(NamedTuple):
    """What one robot has heard of its allies, rows (stamp_s, x_m, y_m, heading_rad), and whom it found two-faced."""

    time_s: float
    heard: Mapping[str, FloatArray]  # (R, 4)
    two_faced: Collection[str]


class CrossCheck:
    """Compares what a robot heard of each of its `allies` with what the others say that they heard.

    Two reports contradict each other if no robot of the ally's kind could be at both places at their times. An ally is
    two-faced once more than F = `traitors` others contradict what was heard of it, or have found it two-faced. While
    at most F robots lie, one of these others is honest, so no honest ally is ever found two-faced. Among N >= 3F + 1
    robots, all honest ones that go on believing an ally have heard the same of it: two parts of the at least N - F
    honest robots cannot both be so large that at most F are outside them.

    Who speaks is a word in what is said. But whoever is there speaks once a second himself: where two different things
    are said in one name of one second (`two_voices`), nothing counts that is said in that name, for as long as it is
    remembered. So a forger can take words away from others, and cannot put any into their mouths.
    """

    def __init__(self, allies: Mapping[str, RobotModel], settings: TrustSettings) -> None:
        self.allies = list(allies)
        self.two_faced: set[str] = set()
        self.two_voices: set[str] = set()  # of the last second that was judged
        self._models, self._settings = allies, settings
        self._heard: dict[str, deque[tuple[float, ...]]] = {ally: deque(maxlen=MOST_REPORTS) for ally in allies}
        self._said: dict[str, dict[float, Hearsay | None]] = {ally: {} for ally in allies}  # by second; None: two
        self._readmitted_s: dict[str, float] = {}
        self._judged_s = -math.inf
        self._late_s = math.inf  # what is told of this second, or earlier, comes too late

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
        time_s = second(hearsay.time_s) if abs(hearsay.time_s) < LARGEST else math.inf
        if not self._late_s < time_s <= self._judged_s + AHEAD_S:
            return
        said = self._said[witness]
        heard = {ally: rows[(np.abs(rows) < LARGEST).all(axis=1)] for ally, rows in hearsay.heard.items()}
        told = Hearsay(time_s, heard, hearsay.two_faced)
        known = said.setdefault(time_s, told)
        if known is not told and (known is None or not _alike(known, told)):
            said[time_s] = None

    def complete(self, until_s: float) -> bool:
        """Whether every ally has told what counts when it is judged until then."""
        return until_s <= self._late_s or all(max(said, default=-math.inf) >= until_s for said in self._said.values())

    def judge(self, until_s: float, present: Collection[str]) -> list[str]:
        """The allies that were not known to be two-faced, and that what those present told until then shows to be.

        Who judges for the first time, or has not for long, begins anew: what one voice has said before, another one
        may have said unheard.
        """
        begins = not 0.0 < until_s - self._judged_s <= MEMORY_S
        self._judged_s, self._late_s = until_s, until_s + TELL_S if begins else max(until_s, self._late_s)
        for witness, said in self._said.items():
            self._said[witness] = {s: told for s, told in said.items() if s > until_s - MEMORY_S and not begins}
        self.two_voices = {witness for witness, said in self._said.items() if said.get(until_s, ...) is None}
        newest = {
            witness: told
            for witness, said in self._said.items()
            if witness in present and (told := _newest([each for s, each in sorted(said.items()) if s <= until_s]))
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
        others = [said for witness, said in newest.items() if witness != ally]
        found = [said for said in others if ally in said.two_faced]
        heard = [said.heard[ally] for said in others if ally not in said.two_faced and ally in said.heard]
        rows = self._rows(ally)
        own = rows[rows[:, 0] > self._judged_s - MEMORY_S]
        return len(found) + self._contradicting(self._models[ally], own, heard) > self._settings.traitors

    def _contradicting(self, model: RobotModel, own: FloatArray, others: Sequence[FloatArray]) -> int:
        """How many of the others have heard a report, of their (S, 4), that cannot be true beside one of our (R, 4)."""
        if not others:
            return 0
        ours, theirs = own.T.copy(), np.concatenate(others).T.copy()  # each column in one piece
        ours[3] %= math.tau
        theirs[3] %= math.tau
        apart_s, x_m, y_m, turned_rad = np.abs(ours[:, :, None] - theirs[:, None])
        passed_s = SPEED_MARGIN * apart_s
        may_turn_rad = model.max_omega_radps * passed_s + 2.0 * self._settings.noise_rad
        far = x_m * x_m + y_m * y_m > (model.max_v_mps * passed_s + 2.0 * self._settings.noise_m) ** 2
        turned = np.minimum(turned_rad, math.tau - turned_rad) > may_turn_rad
        whose = np.repeat(np.arange(len(others)), [len(rows) for rows in others])
        return len(np.unique(whose[(far | turned).any(axis=0)]))


def second(time_s: float) -> float:
    """The second of a time: what is told counts by it."""
    return math.floor(time_s / TELL_S + 1e-6) * TELL_S


def _newest(said: Sequence[Hearsay | None]) -> Hearsay | None:
    """What counts of what was said in one name, oldest first."""
    return None if None in said or not said else said[-1]


def _alike(one: Hearsay, other: Hearsay) -> bool:
    same = one.heard.keys() == other.heard.keys() and set(one.two_faced) == set(other.two_faced)
    return same and all(np.array_equal(rows, other.heard[ally]) for ally, rows in one.heard.items())
