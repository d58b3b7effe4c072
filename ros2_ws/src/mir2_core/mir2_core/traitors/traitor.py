"""What a traitor may look at, and what it does: the one interface of the fault injector, evaluation and attacks.

Dimensions: B worlds, N robots, K traitors, A action: left and right wheel speed in units of the body's fastest. The
injector is a batch of one world with one traitor, and NaN is what it has not been told.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from mir2_core.robots import RobotModel
from mir2_core.tasks import FloorTask
from mir2_core.tasks.geometry import Array

RECALL_STEPS = 100  # at least so many of the newest moments are kept
RECALL_S = 5.0  # the same at 20 Hz: nothing may ask for more


class Moment:
    """One control step: where everybody is, `poses` (B, N, 3), and what the traitors' own policy wants."""

    def __init__(self, poses: Array, policy: Callable[[], Array]) -> None:
        self.poses = poses
        self._policy = policy

    @cached_property
    def wanted(self) -> Array:
        """The actions (B, K, A) of the traitors if they were loyal."""
        return self._policy()


class Memory:
    """The moments since robots turned traitors: the first, and the newest."""

    def __init__(self) -> None:
        self._moments: list[Moment] = []
        self._step: int | None = None

    def note(self, step: int, moment: Moment) -> None:
        """Take in a moment; a second one of the same step replaces the first."""
        if step == self._step:
            self._moments.pop()
        elif len(self._moments) > RECALL_STEPS:
            del self._moments[1]
        self._moments.append(moment)
        self._step = step

    def ago(self, steps: int) -> Moment:
        """The moment so many steps before the newest, up to `RECALL_STEPS`; the first where that is later."""
        return self._moments[max(-1 - steps, -len(self._moments))]

    @property
    def first(self) -> Moment:
        """When they turned."""
        return self._moments[0]


@dataclass(frozen=True)
class Situation:
    """What a traitor may look at."""

    task: FloorTask
    body: RobotModel
    robots: Sequence[int]  # the traitors' indices
    seed: int
    step: int  # since they turned
    memory: Memory

    @property
    def poses(self) -> Array:
        """Where everybody is (B, N, 3)."""
        return self.memory.ago(0).poses

    @property
    def own_poses(self) -> Array:
        """Where the traitors are (B, K, 3)."""
        return self.poses[:, list(self.robots)]

    @property
    def wanted(self) -> Array:
        """The actions (B, K, A) of the traitors if they were loyal."""
        return self.memory.ago(0).wanted

    @property
    def xp(self) -> Any:
        """The array namespace."""
        return self.task.xp

    def steps(self, seconds: float) -> int:
        """The control periods that come nearest to a time."""
        return round(seconds / self.task.params.dt_s)

    def draw(self, stream: int, size: int, ago: int = 0) -> Array:
        """Numbers (B, K, size) uniform in [0, 1), drawn from stream, seed, robot and the step so many steps `ago`.

        Those of the first world are what the robot draws on the graph, and do not depend on how many worlds there are.
        """
        shape = (len(self.poses), size)
        rows = [
            np.random.default_rng([stream, self.seed, robot, self.step - ago]).random(shape) for robot in self.robots
        ]
        return self.task.asarray(np.stack(rows, axis=1))

    def constant(self, values: Any) -> Array:
        """The same numbers (size,) for every traitor in every world: (B, K, size)."""
        shape = (len(self.poses), len(self.robots), len(values))
        return self.task.asarray(np.broadcast_to(np.asarray(values, np.float64), shape).copy())


class Deed(NamedTuple):
    """What traitors do and say; None where they go on like loyal robots.

    Stamps and copies are for the ROS graph alone: evaluation has no messages that could be late. Silence and what is
    plausible mean something where reports are judged, by the robots' own `AllyTracker` or by that of an evaluation.
    """

    actions: Array | None = None  # (B, K, A)
    # (B, K, 3) poses within the arena; (B, K, N, 3) where a traitor tells each of the N robots another one
    reported: Array | None = None
    stamp_offset_s: float = 0.0  # what the reports' stamps are ahead of the truth's
    copies: int = 1  # of each report; none is silence
    silent: Array | None = None  # (B, K) who says nothing
    plausible: bool = False  # whether reports begin at the truth and then keep within reach of the one before


Traitor = Callable[[Situation], Deed]


def benign_robots(team: int, robots: Sequence[int]) -> list[int]:
    """The indices of all robots of a team but the traitors."""
    return [robot for robot in range(team) if robot not in robots]
