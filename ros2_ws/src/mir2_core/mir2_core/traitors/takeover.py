"""One robot of a running team taken over by a traitor."""

import math
from collections.abc import Sequence

import numpy as np

from mir2_core.robots import RobotModel
from mir2_core.tasks import FloorTask
from mir2_core.traitors import ACTS
from mir2_core.traitors.traitor import Memory, Moment, Situation
from mir2_core.types import Command, RobotState

UNKNOWN_POSE = (math.nan, math.nan, math.nan)


class Takeover:
    """What the fault `kind` makes of robot number `index`, whose body is `body`: a batch of one world."""

    def __init__(self, kind: str, task: FloorTask, body: RobotModel, index: int, seed: int) -> None:
        self._act = ACTS[kind]
        self._task, self._body, self._index, self._seed = task, body, index, seed
        self._memory = Memory()

    def command(self, now_s: float, step: int, policy: Command | None, states: Sequence[RobotState | None]) -> Command:
        """What the robot does now, `step` control periods after it turned; it stands where it lacks what it needs.

        `policy` is what it should do, `states` where every robot of the team is, each as far as known.
        """
        wanted = (policy.v_mps, policy.omega_radps) if policy else (math.nan, math.nan)
        actions = self._body.twist_to_action(*np.array(wanted))[None, None]
        poses = np.array([[state.pose if state else UNKNOWN_POSE for state in states]])
        self._memory.note(step, Moment(poses, lambda: actions))
        deed = self._act(Situation(self._task, self._body, [self._index], self._seed, step, self._memory))
        assert deed.actions is not None
        command = Command(now_s, *self._body.action_to_twist(deed.actions[0, 0]))
        return command if command.is_finite() else command.stopped()
