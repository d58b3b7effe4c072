"""One robot of a running team taken over by a traitor."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mir2_core.robots import RobotModel
from mir2_core.tasks import FloorTask
from mir2_core.tasks.geometry import Array
from mir2_core.traitors.reach import within_reach
from mir2_core.traitors.traitor import Deed, Memory, Moment, Situation, Traitor
from mir2_core.types import Command, RobotState

UNKNOWN_POSE = (math.nan, math.nan, math.nan)


class Told(NamedTuple):
    """A report, and the index of the only robot that it is meant for; None where it is meant for everybody."""

    state: RobotState
    listener: int | None = None


class Takeover:
    """What a traitor makes of robot number `index`, whose body is `body`: a batch of one world.

    A traitor that was trained as several `robots` plays the part of this one.
    """

    def __init__(
        self,
        traitor: Traitor,
        task: FloorTask,
        body: RobotModel,
        index: int,
        seed: int,
        *,
        robots: Sequence[int] | None = None,
    ) -> None:
        self._traitor = traitor
        self._task, self._body, self._index, self._seed = task, body, index, seed
        self._robots = [index] if robots is None else list(robots)
        self._part = self._robots.index(index)
        self._memory = Memory()
        self._told: tuple[int, Array] | None = None  # when, and which pose

    def command(self, now_s: float, step: int, policy: Command | None, states: Sequence[RobotState | None]) -> Command:
        """What the robot does now, `step` control periods after it turned; it stands where it lacks what it needs.

        `policy` is what it should do, `states` where every robot of the team is, each as far as known.
        """
        deed = self._deed(step, policy, states)
        assert deed.actions is not None
        command = Command(now_s, *self._body.action_to_twist(deed.actions[0, self._part]))
        return command if command.is_finite() else command.stopped()

    def reports(self, step: int, states: Sequence[RobotState | None]) -> list[Told]:
        """What the robot tells its allies now, in this order; nothing where it is not known where it is."""
        truth = states[self._index]
        if truth is None:
            return []
        deed = self._deed(step, None, states)
        if deed.silent is not None and bool(deed.silent[0, self._part]):
            return []
        stamp_s = truth.stamp_s + deed.stamp_offset_s
        told = [
            Told(RobotState(stamp_s, *pose, truth.v_mps, truth.omega_radps), listener)
            for listener, pose in self._poses(step, deed, truth)
        ]
        return told * deed.copies

    def _poses(self, step: int, deed: Deed, truth: RobotState) -> list[tuple[int | None, tuple[float, float, float]]]:
        """To whom which pose is reported."""
        if deed.reported is None:
            return [(None, truth.pose)]
        reported = np.asarray(deed.reported[0, self._part], np.float64)
        if deed.plausible:
            reported = self._within_reach(step, np.array(truth.pose), reported)
        if deed.reported.ndim == 3:
            return [(None, tuple(reported.tolist()))]
        return [(listener, tuple(pose)) for listener, pose in enumerate(reported.tolist()) if listener != self._index]

    def _within_reach(self, step: int, truth: Array, wanted: Array) -> Array:
        """What robots that judge reports can believe of `wanted`: the truth at first, then what the body could do."""
        before, told = self._told or (step, truth)
        period_s = self._task.params.dt_s
        pose = truth if self._told is None else within_reach(np, self._body, period_s * (step - before), told, wanted)
        self._told = step, pose
        return pose

    def _deed(self, step: int, policy: Command | None, states: Sequence[RobotState | None]) -> Deed:
        wanted = (policy.v_mps, policy.omega_radps) if policy else (math.nan, math.nan)
        actions = self._body.twist_to_action(*np.array(wanted))[None, None]
        poses = np.array([[state.pose if state else UNKNOWN_POSE for state in states]])
        self._memory.note(step, Moment(poses, lambda: actions))
        return self._traitor(Situation(self._task, self._body, self._robots, self._seed, step, self._memory))
