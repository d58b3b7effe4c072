"""Where an e-puck2 has driven to, by the steps of its wheels."""

import json
import math
from collections import deque
from dataclasses import dataclass
from enum import Enum

import numpy as np
from mir2_core.robots.epuck2 import EPUCK2, FIRMWARE_MAX_STEPS_PER_S
from mir2_core.types import FloatArray, RobotState

from mir2_hardware.epuck2.units import M_PER_STEP, body_velocity

WRAP = 2**16
FASTEST_STEPS_PER_S = 1.05 * FIRMWARE_MAX_STEPS_PER_S  # the firmware's timer makes 1111 of 1100
BURST_STEPS = 1.0 * FASTEST_STEPS_PER_S  # packets come late by up to a second, and then at once
NEAR_STEPS = 0.1 * FASTEST_STEPS_PER_S
LONGEST_GAP_S = 0.9 * 0.5 * WRAP / FASTEST_STEPS_PER_S  # after which a counter may have gone round
SPEED_S = 0.1  # over which speeds are taken, since packets are late by more or less
AGREEING = 5  # packets that agree with each other and not with what was before: the counters have been set anew

# What wheels slip: variances that grow with the way, by metre and by radian turned.
START_VARIANCE = (1e-4, 1e-4, 1e-3)  # of a start pose that a person has placed the robot at: 1 cm, 2°
ALONG_M2_PER_M, TURN_RAD2_PER_M, TURN_RAD2_PER_RAD = 1e-4, 1e-2, 5e-3


class Step(Enum):
    """What a pair of counters came to."""

    TAKEN = "taken"
    IMPOSSIBLE = "impossible"  # no wheel turns so fast: nothing was moved
    BEGUN_ANEW = "begun anew"  # the robot must have been switched off and on


@dataclass(frozen=True)
class Estimate:
    """A state and the covariance (3, 3) of x_m, y_m, heading_rad."""

    state: RobotState
    covariance: FloatArray


def difference(new: int, old: int) -> int:
    """Steps from one reading of a 16-bit counter to another, of less than half a turn of it."""
    return (new - old + WRAP // 2) % WRAP - WRAP // 2


def _near(counters: tuple[int, int], others: tuple[int, int]) -> bool:
    return max(abs(difference(new, old)) for new, old in zip(counters, others, strict=True)) <= NEAR_STEPS


class Odometry:
    """Adds up wheel steps from a start pose in the map frame."""

    def __init__(self, start: tuple[float, float, float]) -> None:
        self._x_m, self._y_m, self._heading_rad = start
        self._covariance = np.diag(START_VARIANCE)
        self._counters: tuple[int, int] | None = None
        self._time_s = 0.0
        self._doubted: list[tuple[int, int]] = []
        self._looked_s, self._possible_steps = 0.0, BURST_STEPS
        self._driven: deque[tuple[float, int, int]] = deque([(0.0, 0, 0)])  # times, and steps since the first

    @property
    def estimate(self) -> Estimate | None:
        """The newest; None before the first counters."""
        if self._counters is None:
            return None
        pose = (self._x_m, self._y_m, self._heading_rad)
        return Estimate(RobotState(self._time_s, *pose, *self._velocity()), self._covariance.copy())

    def _velocity(self) -> tuple[float, float]:
        (began_s, *before), (time_s, *now) = self._driven[0], self._driven[-1]
        if time_s <= began_s:
            return 0.0, 0.0
        left, right = ((new - old) / (time_s - began_s) for new, old in zip(now, before, strict=True))
        return body_velocity(left, right)

    def remember(self) -> str:
        """All that `recall` needs to go on from here, in another process of the same machine."""
        pose = (self._x_m, self._y_m, self._heading_rad)
        return json.dumps([pose, self._counters, self._time_s, self._covariance.tolist()])

    def recall(self, memory: str) -> None:
        """Go on from where another one was: the robot's counters tell what it has driven since."""
        pose, counters, time_s, covariance = json.loads(memory)
        if counters is not None:
            self._x_m, self._y_m, self._heading_rad = pose
            self._covariance = np.array(covariance)
            self._rebase(time_s, *counters)

    def update(self, time_s: float, left: int, right: int) -> Step:
        """Take in the counters of a time; what no robot could have driven is left out."""
        if self._counters is None:
            self._rebase(time_s, left, right)
            return Step.TAKEN
        gap_s = time_s - self._time_s
        steps = (difference(left, self._counters[0]), difference(right, self._counters[1]))
        waited_s, self._looked_s = time_s - self._looked_s, time_s
        self._possible_steps = min(self._possible_steps, BURST_STEPS) + waited_s * FASTEST_STEPS_PER_S
        farthest = max(map(abs, steps))
        possible = gap_s <= LONGEST_GAP_S and farthest <= self._possible_steps
        if possible and not self._began_anew((left, right), steps):
            self._possible_steps -= farthest
            self._go_on(time_s, left, right, steps)
            return Step.TAKEN
        if not self._agreed((left, right)):
            return Step.IMPOSSIBLE
        # Nobody knows what it drove meanwhile, at most as fast as it can.
        way_m = min(gap_s, LONGEST_GAP_S) * EPUCK2.max_v_mps
        turn_rad = min(math.pi, way_m / EPUCK2.axle_m)
        self._covariance += np.diag((way_m**2, way_m**2, turn_rad**2)) / 3.0
        self._rebase(time_s, left, right)
        return Step.BEGUN_ANEW

    def _began_anew(self, counters: tuple[int, int], steps: tuple[int, int]) -> bool:
        """Whether counters look like those of a robot that has just been switched on, or like what went on from such.

        After a while without packets, they may be such as it could have driven to.
        """
        if max(map(abs, steps)) <= NEAR_STEPS:
            return False
        return counters == (0, 0) or (self._doubted[:1] == [(0, 0)] and _near(counters, self._doubted[-1]))

    def _go_on(self, time_s: float, left: int, right: int, steps: tuple[int, int]) -> None:
        self._drive(*steps)
        self._doubted.clear()
        self._counters, self._time_s = (left, right), time_s
        _, *driven = self._driven[-1]
        self._driven.append((time_s, driven[0] + steps[0], driven[1] + steps[1]))
        while len(self._driven) > 2 and time_s - self._driven[1][0] >= SPEED_S:
            self._driven.popleft()

    def _agreed(self, counters: tuple[int, int]) -> bool:
        """Whether counters that cannot go on from the last ones have gone on from each other for a while."""
        if self._doubted and not _near(counters, self._doubted[-1]):
            self._doubted.clear()
        self._doubted.append(counters)
        return len(self._doubted) >= AGREEING

    def _rebase(self, time_s: float, left: int, right: int) -> None:
        self._counters, self._time_s = (left, right), time_s
        self._driven = deque([(time_s, 0, 0)])
        self._looked_s, self._possible_steps = time_s, BURST_STEPS
        self._doubted.clear()

    def _drive(self, left: int, right: int) -> None:
        """Follow the arc of both wheels' steps; covariance by its linearisation."""
        way_m, turned_rad = body_velocity(left, right)
        middle_rad = self._heading_rad + 0.5 * turned_rad
        cos, sin = math.cos(middle_rad), math.sin(middle_rad)
        self._x_m += way_m * cos
        self._y_m += way_m * sin
        self._heading_rad = (self._heading_rad + turned_rad) % math.tau
        turn = np.array([[1.0, 0.0, -way_m * sin], [0.0, 1.0, way_m * cos], [0.0, 0.0, 1.0]])
        driven_m = 0.5 * (abs(left) + abs(right)) * M_PER_STEP
        along = np.array([cos, sin, 0.0])
        noise = driven_m * ALONG_M2_PER_M * np.outer(along, along)
        noise[2, 2] = driven_m * TURN_RAD2_PER_M + abs(turned_rad) * TURN_RAD2_PER_RAD
        self._covariance = turn @ self._covariance @ turn.T + noise
