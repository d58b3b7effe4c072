"""Whom to believe: what a robot takes from its allies' reports, and for how long.

One implementation serves a robot and the batched worlds: arrays have shape (..., M) for M allies of every listener, and
`xp` is their array namespace. Nothing that one ally says, or does not say, touches what is believed of another.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from pydantic import Field

from mir2_core.config import StrictModel
from mir2_core.robots import RobotModel
from mir2_core.tasks.geometry import Array

SPEED_MARGIN = 1.1  # a wheel's radius and a clock are known to a few percent
LARGEST = 1e10  # a number beyond is none: of seconds these are three centuries


class Verdict(IntEnum):
    """What became of a report, in the order of the checks."""

    BELIEVED = 0
    NON_FINITE = 1
    STALE = 2
    FUTURE = 3
    OUTSIDE = 4
    TOO_FAST = 5
    IMPOSSIBLE_HERE = 6
    ON_PROBATION = 7  # consistent, but its ally was absent and has not yet said enough in a row
    NOTHING = 8  # no report, or the last one once more
    TWO_FACED = 9  # its ally was found to tell others something else


class Presence(IntEnum):
    """Whether an ally is known to be somewhere."""

    ABSENT = 0
    COASTING = 1  # silent, and moved on by its last velocity
    PRESENT = 2


class TrustSettings(StrictModel):
    """How far reports are believed; what a robot can do comes from its model, not from here."""

    timeout_s: float = Field(default=0.5, gt=0.0, le=10.0, description="largest difference of stamp and arrival")
    coast_s: float = Field(default=0.5, ge=0.0, le=10.0, description="how long a silent ally counts as moving on")
    readmit: int = Field(default=5, ge=1, le=1000, description="consistent reports until an absent ally counts again")
    margin_m: float = Field(default=0.05, ge=0.0, description="beyond the arena's walls")
    noise_m: float = Field(default=0.02, ge=0.0, description="of a reported place")
    noise_rad: float = Field(default=0.2, ge=0.0, description="of a reported heading")
    traitors: int = Field(default=1, ge=0, description="how many allies may lie at once, and against each other")


class Reports(NamedTuple):
    """At most one report of each ally."""

    heard: Array  # (..., M) whether there is one
    stamp_s: Array  # (..., M)
    pose: Array  # (..., M, 3) x_m, y_m, heading_rad
    twist: Array  # (..., M, 2) v_mps, omega_radps


class Track(NamedTuple):
    """The last report of a track, and by how much the track has outrun the robot kind: within the noise, if honest."""

    stamp_s: Array  # (..., M)
    pose: Array  # (..., M, 3)
    excess_m: Array  # (..., M)
    excess_rad: Array  # (..., M)


class Beliefs(NamedTuple):
    """What a listener believes; `streak` counts consistent reports of an ally that is not admitted."""

    known: Array  # (..., M) whether it was ever believed
    admitted: Array  # (..., M) whether its next good report is believed at once
    heard_s: Array  # (..., M) when it was last believed, by the listener's clock
    last: Track
    twist: Array  # (..., M, 2)
    streak: Array  # (..., M)
    probation: Track


class AllyTracker:
    """Judges reports in an arena of one size; M `allies` are of their own kinds, or all of the listener's."""

    def __init__(
        self,
        xp: Any,
        model: RobotModel,
        arena_m: float,
        period_s: float,
        settings: TrustSettings,
        *,
        allies: Sequence[RobotModel] = (),
    ) -> None:
        self.settings = settings
        self._xp = xp
        kinds = [model] if set(allies) <= {model} else allies
        self._v_mps = _each(xp, [kind.max_v_mps for kind in kinds])
        self._omega_radps = _each(xp, [kind.max_omega_radps for kind in kinds])
        self._nearest_m2 = _each(xp, [_nearest_m(model, kind, settings.noise_m) ** 2 for kind in kinds])
        self._arena_m = arena_m
        self._period_s = period_s

    def nobody(self, like: Array) -> Beliefs:
        """Nothing is known of allies for which `like` (..., M) has a number."""
        zero = like * 0.0
        pose, twist = self._xp.stack([zero] * 3, axis=-1), self._xp.stack([zero] * 2, axis=-1)
        no, track = zero > 1.0, Track(zero, pose, zero, zero)
        return Beliefs(no, no, zero, track, twist, zero, track)

    def hear(self, beliefs: Beliefs, reports: Reports, now_s: Array | float, own_pose: Array) -> tuple[Beliefs, Array]:
        """Take reports in at `now_s`, as a robot at `own_pose` (..., 3); beliefs and a `Verdict` (..., M) of each."""
        xp, settings = self._xp, self.settings
        beliefs = self._expired(beliefs, now_s)
        numbers = _finite_or(xp, reports, beliefs)
        reached = self._extended(beliefs.last, numbers)
        verdict = self._judged(beliefs, reports, numbers, reached, now_s=now_s, own_pose=own_pose)
        good = verdict == Verdict.BELIEVED

        trial = self._extended(beliefs.probation, numbers)
        goes_on = (beliefs.streak > 0) & (numbers.stamp_s > beliefs.probation.stamp_s) & self._honest(trial)
        goes_on = goes_on & (numbers.stamp_s - beliefs.probation.stamp_s <= settings.coast_s + self._period_s)
        bad = (verdict != Verdict.BELIEVED) & (verdict != Verdict.NOTHING)
        streak = xp.where(good, xp.where(goes_on, beliefs.streak + 1.0, 1.0), xp.where(bad, 0.0, beliefs.streak))
        fresh_track = Track(numbers.stamp_s, numbers.pose, 0.0 * numbers.stamp_s, 0.0 * numbers.stamp_s)
        probation = _chosen(xp, good & goes_on, trial, _chosen(xp, good, fresh_track, beliefs.probation))

        believed = good & (beliefs.admitted | ~beliefs.known | (streak >= settings.readmit))
        reached = _chosen(xp, beliefs.known, reached, fresh_track)
        after = Beliefs(
            known=beliefs.known | believed,
            admitted=beliefs.admitted | believed,
            heard_s=xp.where(believed, now_s + 0.0 * beliefs.heard_s, beliefs.heard_s),
            last=_chosen(xp, believed, reached, beliefs.last),
            twist=xp.where(believed[..., None], self._possible(numbers.twist), beliefs.twist),
            streak=streak,
            probation=probation,
        )
        return after, xp.where(good & ~believed, Verdict.ON_PROBATION + 0 * verdict, verdict)

    def presence(self, beliefs: Beliefs, now_s: Array | float) -> Array:
        """`Presence` (..., M) of every ally."""
        xp, silent_s = self._xp, now_s - beliefs.heard_s
        counts = beliefs.admitted & (silent_s <= max(self.settings.coast_s, 1.5 * self._period_s))
        recent = silent_s <= 1.5 * self._period_s
        absent = 0 * xp.where(counts, 1, 1)
        return xp.where(counts, xp.where(recent, absent + Presence.PRESENT, absent + Presence.COASTING), absent)

    def poses(self, beliefs: Beliefs, now_s: Array | float) -> Array:
        """Where allies (..., M, 3) are believed to be: as reported, and on by their velocity while they coast."""
        xp = self._xp
        silent_s = xp.clip(now_s - beliefs.heard_s, 0.0, self.settings.coast_s)
        silent_s = xp.where(self.presence(beliefs, now_s) == Presence.PRESENT, 0.0 * silent_s, silent_s)
        v, omega, heading = beliefs.twist[..., 0], beliefs.twist[..., 1], beliefs.last.pose[..., 2]
        turned = omega * silent_s
        # The chord of the arc: its length is v·t·sin(x)/x for half the turn x, and it points along the middle heading.
        half = 0.5 * turned
        chord = v * silent_s * xp.where(half == 0.0, 1.0, xp.sin(half) / xp.where(half == 0.0, 1.0, half))
        x = xp.clip(beliefs.last.pose[..., 0] + chord * xp.cos(heading + half), 0.0, self._arena_m)
        y = xp.clip(beliefs.last.pose[..., 1] + chord * xp.sin(heading + half), 0.0, self._arena_m)
        return xp.stack([x, y, heading + turned], axis=-1)

    def _expired(self, beliefs: Beliefs, now_s: Array | float) -> Beliefs:
        """An ally that has been silent for too long is on probation when it comes back.

        A listener whose own clock was set back can compare nothing with what it knew, and begins anew.
        """
        set_back = beliefs.known & (beliefs.heard_s - now_s > self.settings.timeout_s)
        gone = set_back | (beliefs.admitted & (self.presence(beliefs, now_s) == Presence.ABSENT))
        streak = self._xp.where(gone, 0.0 * beliefs.streak, beliefs.streak)
        return beliefs._replace(known=beliefs.known & ~set_back, admitted=beliefs.admitted & ~gone, streak=streak)

    def _judged(
        self,
        beliefs: Beliefs,
        reports: Reports,
        numbers: Reports,
        reached: Track,
        *,
        now_s: Array | float,
        own_pose: Array,
    ) -> Array:
        """The verdicts on reports, given their usable `numbers` and the tracks that these have `reached`."""
        xp, settings = self._xp, self.settings
        x, y = numbers.pose[..., 0], numbers.pose[..., 1]
        low, high = -settings.margin_m, self._arena_m + settings.margin_m
        outran = beliefs.known & ~self._honest(reached)
        apart_x, apart_y = x - own_pose[..., None, 0], y - own_pose[..., None, 1]
        failures = (
            (~numbers.heard, Verdict.NON_FINITE),
            ((beliefs.known & (numbers.stamp_s < beliefs.last.stamp_s)) | _before(numbers, now_s, settings.timeout_s),
             Verdict.STALE),
            (numbers.stamp_s - now_s > settings.timeout_s, Verdict.FUTURE),
            ((x < low) | (x > high) | (y < low) | (y > high), Verdict.OUTSIDE),
            (outran, Verdict.TOO_FAST),
            (apart_x * apart_x + apart_y * apart_y < self._nearest_m2, Verdict.IMPOSSIBLE_HERE),
        )  # fmt: skip
        verdict = xp.where(reports.heard, Verdict.BELIEVED + 0, Verdict.NOTHING + 0)
        for failed, reason in reversed(failures):
            verdict = xp.where(reports.heard & failed, reason + 0, verdict)
        repeated = beliefs.known & (reports.stamp_s == beliefs.last.stamp_s)
        return xp.where(repeated & (verdict == Verdict.BELIEVED), Verdict.NOTHING + 0, verdict)

    def _possible(self, twist: Array) -> Array:
        """The twist, cut to what the kind can do: it is used for coasting only."""
        xp, v, omega = self._xp, self._v_mps, self._omega_radps
        return xp.stack([xp.clip(twist[..., 0], -v, v), xp.clip(twist[..., 1], -omega, omega)], axis=-1)

    def _extended(self, track: Track, reports: Reports) -> Track:
        """The track with one report more.

        What a step covers beyond the kind's speed is kept as an excess, and what it leaves of it makes up for it: so
        the length of a track is bounded by speed times time plus one noise, at any rate of reports.
        """
        xp = self._xp
        passed_s = SPEED_MARGIN * (reports.stamp_s - track.stamp_s)
        step = reports.pose - track.pose
        length_m = xp.sqrt(step[..., 0] * step[..., 0] + step[..., 1] * step[..., 1])
        turned_rad = xp.abs(xp.arctan2(xp.sin(step[..., 2]), xp.cos(step[..., 2])))
        excess_m = xp.clip(track.excess_m + length_m - self._v_mps * passed_s, 0.0, None)
        excess_rad = xp.clip(track.excess_rad + turned_rad - self._omega_radps * passed_s, 0.0, None)
        return Track(reports.stamp_s, reports.pose, excess_m, excess_rad)

    def _honest(self, track: Track) -> Array:
        return (track.excess_m <= self.settings.noise_m) & (track.excess_rad <= self.settings.noise_rad)


def _nearest_m(own: RobotModel, ally: RobotModel, noise_m: float) -> float:
    """Nearer than this the ally would be inside the listener's own body."""
    return max(0.0, own.radius_m + ally.radius_m - noise_m) if own.meets(ally) else 0.0


def _each(xp: Any, values: list[float]) -> Array | float:
    """One number where it is the same for all allies, else one for each (M,)."""
    return values[0] if len(values) == 1 else xp.asarray(values)


def _before(reports: Reports, now_s: Array | float, timeout_s: float) -> Array:
    return now_s - reports.stamp_s > timeout_s


def _is_finite(xp: Any, reports: Reports) -> Array:
    finite = (xp.abs(reports.stamp_s) < LARGEST) & xp.all(xp.abs(reports.pose) < LARGEST, axis=-1)
    return finite & xp.all(xp.abs(reports.twist) < LARGEST, axis=-1)


def _finite_or(xp: Any, reports: Reports, beliefs: Beliefs) -> Reports:
    """The reports that are numbers, and what is believed in place of the others: no NaN enters any arithmetic."""
    usable = reports.heard & _is_finite(xp, reports)
    return Reports(
        usable,
        xp.where(usable, reports.stamp_s, beliefs.last.stamp_s),
        xp.where(usable[..., None], reports.pose, beliefs.last.pose),
        xp.where(usable[..., None], reports.twist, beliefs.twist),
    )


def _chosen(xp: Any, where: Array, first: Track, second: Track) -> Track:
    """Row by row the first track or the second."""
    return Track(
        xp.where(where, first.stamp_s, second.stamp_s),
        xp.where(where[..., None], first.pose, second.pose),
        xp.where(where, first.excess_m, second.excess_m),
        xp.where(where, first.excess_rad, second.excess_rad),
    )
