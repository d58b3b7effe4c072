"""What a team in a batched world believes of its traitors: the robots' own `AllyTracker`, for all listeners at once.

Loyal reports come in time and are always believed, so that only the traitors' are judged. Dimensions: B worlds, N
robots, K traitors, L listeners: all N where each may hear something else, else 1 for all of them.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from mir2_core.allies import AllyTracker, Beliefs, Presence, Reports, TrustSettings
from mir2_core.listener import with_stand_ins
from mir2_core.tasks.geometry import Array
from mir2_core.traitors.reach import within_reach
from mir2_core.traitors.traitor import Deed

if TYPE_CHECKING:
    from mir2_policies.evaluation.episodes import Arena


class Hearing(NamedTuple):
    """What was said and what is believed of it."""

    steps: Array  # (B,) since the beginning
    told: Array  # (B, L, K, 3) the last report, true at the beginning
    beliefs: Beliefs  # (B, L, K)


class Ears:
    """The ears of all robots of an arena; without `tracked`, everything is believed."""

    def __init__(self, arena: "Arena", *, two_faced: bool, tracked: bool) -> None:
        self._arena, self._task, self._xp, self._robots = arena, arena.task, arena.task.xp, arena.robots
        self._tracked = tracked
        task, params = arena.task, arena.task.params
        self._listeners = params.robots if two_faced or (tracked and task.robot.radius_m > 0.0) else 1
        self._tracker = AllyTracker(task.xp, task.robot, params.arena_m, params.dt_s, TrustSettings())
        self._others = task.asarray(1.0 - np.eye(params.robots)) > 0.0

    def begin(self, poses: Array) -> Hearing:
        """Before anything was said, in `poses` (B, N, 3)."""
        own = poses[:, None, self._robots]
        told = self._xp.broadcast_to(own, (len(poses), self._listeners, len(self._robots), 3)) + 0.0
        return Hearing(poses[:, 0, 0] * 0.0, told, self._tracker.nobody(told[..., 0]))

    def hear(self, hearing: Hearing, poses: Array, deed: Deed) -> Hearing:
        """What traitors say in `poses` (B, N, 3) is taken in; a control step has passed when it is called again."""
        said = self._said(hearing, poses, deed)
        beliefs = self._judged(hearing, poses, said, deed.silent) if self._tracked else hearing.beliefs
        return Hearing(hearing.steps + 1.0, said, beliefs)

    def seen(self, hearing: Hearing, poses: Array) -> tuple[Array, Array | None]:
        """The poses (B, N, 3) or (B, N, N, 3) that robots believe in, and whom (B, N, N) they know; None: everybody."""
        if not self._tracked:
            return self._arena.seen(poses, self._by_traitor(hearing.told)), None
        now_s = self._now_s(hearing.steps - 1.0)
        places = self._tracker.poses(hearing.beliefs, now_s)
        present = self._tracker.presence(hearing.beliefs, now_s) != Presence.ABSENT
        if bool(self._xp.all(present)):
            return self._arena.seen(poses, self._by_traitor(places)), None
        xp, robots, (batch, team) = self._xp, self._robots, poses.shape[:2]
        believed = xp.broadcast_to(poses[:, None], (batch, team, team, 3)) + 0.0
        believed[:, :, robots] = places
        known = xp.broadcast_to(self._others, (batch, team, team)) & True
        known[:, :, robots] = present & known[:, :, robots]
        believed[:, :, robots] = with_stand_ins(xp, believed, known, poses)[:, :, robots]
        return believed, known | ~self._others

    def _by_traitor(self, told: Array) -> Array:
        """Reports (B, L, K, 3) as traitors make them: (B, K, 3), or (B, K, N, 3)."""
        return told[:, 0] if told.shape[1] == 1 else self._xp.swapaxes(told, 1, 2)

    def _said(self, hearing: Hearing, poses: Array, deed: Deed) -> Array:
        """Reports (B, L, K, 3): the truth where there are none."""
        xp, shape = self._xp, hearing.told.shape
        reported = poses[:, self._robots] if deed.reported is None else deed.reported
        each = reported[:, None] if reported.ndim == 3 else xp.swapaxes(reported, 1, 2)
        if each.shape[1] > shape[1]:
            raise ValueError("reports differ by listener, but these ears are all the same")
        each = xp.broadcast_to(each, shape)
        if not deed.plausible:
            return each
        moved = within_reach(xp, self._task.robot, self._task.params.dt_s, hearing.told, each)
        begun = (hearing.steps > 0.0)[:, None, None, None]
        return xp.where(begun, moved, hearing.told)

    def _judged(self, hearing: Hearing, poses: Array, said: Array, silent: Array | None) -> Beliefs:
        xp, beliefs = self._xp, hearing.beliefs
        stamp_s = self._now_s(hearing.steps) + 0.0 * said[..., 0]
        heard = stamp_s >= 0.0
        if silent is not None:
            heard = heard & ~silent[:, None]
        passed_s = xp.where(beliefs.known, stamp_s - beliefs.last.stamp_s, stamp_s * 0.0 + self._task.params.dt_s)
        reports = Reports(heard, stamp_s, said, self._twist(beliefs, said, passed_s))
        own = poses[:, : self._listeners]
        return self._tracker.hear(beliefs, reports, stamp_s, own)[0]

    def _twist(self, beliefs: Beliefs, said: Array, passed_s: Array) -> Array:
        """The velocities (..., 2) that the reports themselves show."""
        xp, last = self._xp, beliefs.last.pose
        gap, turn = said - last, said[..., 2] - last[..., 2]
        ahead = gap[..., 0] * xp.cos(last[..., 2]) + gap[..., 1] * xp.sin(last[..., 2])
        shown = xp.stack([ahead, xp.arctan2(xp.sin(turn), xp.cos(turn))], axis=-1)
        passed_s = xp.clip(passed_s, self._task.params.dt_s, None)
        return xp.where(beliefs.known[..., None], shown / passed_s[..., None], 0.0 * shown)

    def _now_s(self, steps: Array) -> Array:
        return (steps * self._task.params.dt_s)[:, None, None]
