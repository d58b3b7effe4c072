"""One robot's ears: what it believes of each ally by name, and the team that its policy is shown."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mir2_core.allies import AllyTracker, Presence, Reports, TrustSettings, Verdict
from mir2_core.cross_check import CrossCheck
from mir2_core.robots import RobotModel
from mir2_core.suspicion import Opinion
from mir2_core.tasks.geometry import Array
from mir2_core.types import FloatArray, RobotState

PRESENCES = tuple(Presence)
TWO_VOICES = "two_voices"  # why hearsay is refused: two different things were said in its robot's name


class Heard(NamedTuple):
    """A report, and when it arrived by the listener's clock."""

    arrived_s: float
    state: RobotState


class Team(NamedTuple):
    """The team as one robot believes it to be; in place of an absent ally stands the mean place of those present."""

    poses: FloatArray  # (N, 3), the robot's own included
    present: NDArray[np.bool_]  # (N,), the robot itself included


class Listener:
    """Hears the allies of `own`, one of `names`, a robot of the kind `model`; so are all but those in `kinds`."""

    def __init__(
        self,
        names: Sequence[str],
        own: str,
        *,
        model: RobotModel,
        arena_m: float,
        period_s: float,
        settings: TrustSettings,
        kinds: Mapping[str, RobotModel] | None = None,
    ) -> None:
        self.names = list(names)
        self.allies = [name for name in names if name != own]
        self.refused: dict[str, Counter[str]] = {ally: Counter() for ally in self.allies}
        models = {ally: (kinds or {}).get(ally, model) for ally in self.allies}
        self.cross_check = CrossCheck(models, settings)
        self._own = self.names.index(own)
        self._rows = {ally: row for row, ally in enumerate(self.allies)}
        self._tracker = AllyTracker(np, model, arena_m, period_s, settings, allies=list(models.values()))
        self._beliefs = self._tracker.nobody(np.zeros(len(self.allies)))

    def hear(self, heard: Mapping[str, Heard], own: RobotState | None) -> dict[str, Verdict]:
        """Judge a report of each ally named; one that is refused changes nothing but its count."""
        count, now_s = len(self.allies), np.full(len(self.allies), max(each.arrived_s for each in heard.values()))
        stamp_s, pose, twist = np.zeros(count), np.zeros((count, 3)), np.zeros((count, 2))
        for ally, (arrived_s, state) in heard.items():
            row = self._rows[ally]
            now_s[row], stamp_s[row], pose[row] = arrived_s, state.stamp_s, state.pose
            twist[row] = state.v_mps, state.omega_radps
        reports = Reports(np.array([ally in heard for ally in self.allies]), stamp_s, pose, twist)
        place = np.full(3, np.inf) if own is None else np.array(own.pose)
        self._beliefs, verdicts = self._tracker.hear(self._beliefs, reports, now_s, place)
        found = {ally: self._verdict(ally, int(verdicts[self._rows[ally]])) for ally in heard}
        for ally, verdict in found.items():
            if verdict == Verdict.BELIEVED:
                self.cross_check.hear(ally, heard[ally].state)
            elif verdict not in (Verdict.NOTHING, Verdict.ON_PROBATION):
                self.refused[ally][verdict.name.lower()] += 1
        return found

    def compare(self, until_s: float, now_s: float) -> list[str]:
        """The allies that what others told until `until_s` shows to be two-faced, and that were not known to be."""
        present = [ally for ally, seen in self.presence(now_s).items() if seen != Presence.ABSENT]
        found = self.cross_check.judge(until_s, present)
        for ally in self.cross_check.two_voices:
            self.refused[ally][TWO_VOICES] += 1
        return found

    def presence(self, now_s: float) -> dict[str, Presence]:
        """Whether each ally is known to be somewhere."""
        return dict(zip(self.allies, map(PRESENCES.__getitem__, self._presence(now_s).tolist()), strict=True))

    def opinions(self, now_s: float) -> dict[str, Opinion]:
        """What is believed of each ally, to be told."""
        return {ally: Opinion(seen, dict(self.refused[ally])) for ally, seen in self.presence(now_s).items()}

    def states(self, now_s: float) -> dict[str, RobotState]:
        """Where the allies that are not absent are believed to be."""
        poses, found = self._tracker.poses(self._beliefs, now_s), self._presence(now_s)
        heard_s = self._beliefs.heard_s
        rows = np.flatnonzero(found).tolist()
        return {self.allies[row]: RobotState(float(heard_s[row]), *poses[row].tolist()) for row in rows}

    def ages_s(self, now_s: float) -> list[float]:
        """How long ago, by their stamps, allies that are not absent said what is believed of them last."""
        rows = np.flatnonzero(self._presence(now_s))
        ages: list[float] = (now_s - self._beliefs.last.stamp_s[rows]).tolist()
        return ages

    def team(self, own: RobotState, now_s: float) -> Team:
        """Everybody in team order."""
        present = self._presence(now_s) != Presence.ABSENT
        allies = with_stand_ins(np, self._tracker.poses(self._beliefs, now_s), present, np.array(own.pose))
        return Team(np.insert(allies, self._own, own.pose, axis=0), np.insert(present, self._own, True))

    def _verdict(self, ally: str, tracked: int) -> Verdict:
        two_faced = ally in self.cross_check.two_faced and tracked != Verdict.NOTHING
        return Verdict.TWO_FACED if two_faced else Verdict(tracked)

    def _presence(self, now_s: float) -> NDArray[np.int64]:
        """`Presence` (M,) of the allies; one that is two-faced is absent."""
        found: NDArray[np.int64] = self._tracker.presence(self._beliefs, now_s)
        two_faced = [ally in self.cross_check.two_faced for ally in self.allies]
        return np.where(two_faced, int(Presence.ABSENT), found)


def with_stand_ins(xp: Any, poses: Array, present: Array, own: Array) -> Array:
    """Allies' poses (..., M, 3) with stand-ins for those not `present` (..., M), as seen by a robot at `own` (..., 3).

    A policy with a number of inputs for every ally needs some. Measured for the shipped policies and rules with one and
    three silent robots, the mean place of the allies that are present costs least of: the last believed place, the
    robot's own, the nearest ally's, that mean. With nobody present it is the robot's own place.
    """
    counted = xp.where(present, 1.0, 0.0)[..., None]
    count = xp.sum(counted, axis=-2)
    mean = xp.sum(xp.where(present[..., None], poses[..., :2], 0.0 * poses[..., :2]), axis=-2) / xp.clip(
        count, 1.0, None
    )
    place = xp.where(count > 0.0, mean, own[..., :2])
    stand_in = xp.concatenate([place, own[..., 2:]], axis=-1)[..., None, :]
    return xp.where(present[..., None], poses, stand_in)
