"""Controllers that nobody trained: what a learned policy has to be better than.

Both read where the allies are from a pairwise observation, ahead and to the right of the robot in units of the
radius, and drive to a point: `centroid` to the mean of everybody; `wmsr` to the mean of those left after the F
largest and the F smallest values have been discarded on each axis of the robot's own frame (W-MSR: LeBlanc,
Zhang, Koutsoukos and Sundaram, IEEE JSAC 2013). The points are relative, so the robot's own value is 0, and only
values beyond it are discarded.
"""

from typing import Literal

from mir2_core.config import StrictModel
from mir2_core.errors import UserError
from mir2_core.tasks import Task, columns
from mir2_core.tasks.geometry import Array
from pydantic import Field


class RuleConfig(StrictModel):
    """Which rule, and its gains in action units per radius."""

    algorithm: Literal["centroid", "wmsr"]
    f: int = Field(default=1, ge=1, description="of wmsr: how many liars it is made for")
    drive_gain: float = Field(default=40.0, gt=0.0)
    turn_gain: float = Field(default=60.0, gt=0.0)
    seed: Literal[0] = 0


class Rule:
    """A rule for a task, as an `episodes.Act`."""

    def __init__(self, task: Task, config: RuleConfig) -> None:
        robots = task.params.robots
        if not tells_allies_apart(task):
            raise UserError(
                f"'{config.algorithm}' needs a pairwise observation, which tells allies apart; "
                f"this one's terms are {', '.join(term.name for term in task.observe.terms)}"
            )
        if config.algorithm == "wmsr" and 2 * config.f >= robots:
            raise UserError(f"--f is {config.f}: with {robots} robots give 1 to {(robots - 1) // 2}")
        self.task = task
        self.config = config
        bearings = columns(task.observe.terms, "ally_*_bearing_cos_sin")
        self.distances = columns(task.observe.terms, "ally_*_distance")
        self.cosines, self.sines = bearings[0::2], bearings[1::2]

    def __call__(self, observations: Array) -> Array:
        """Actions (..., A) for observations (..., O)."""
        ahead, right = self._offsets(observations)
        if self.config.algorithm == "wmsr":
            return self._wheels(self._trimmed_mean(ahead), self._trimmed_mean(right))
        return self._wheels(self._mean(ahead), self._mean(right))

    def _offsets(self, observations: Array) -> tuple[Array, Array]:
        """How far ahead and to the right each ally is, (..., N − 1) each."""
        distance = observations[..., self.distances]
        return distance * observations[..., self.cosines], distance * observations[..., self.sines]

    def _mean(self, values: Array) -> Array:
        return self.task.xp.sum(values, axis=-1) / self.task.params.robots

    def _trimmed_mean(self, values: Array) -> Array:
        """The mean of the robot's own 0 and of what is left of its allies' `values`."""
        xp, f = self.task.xp, self.config.f
        kept, count = xp.sum(values, axis=-1), 0.0 * values[..., 0] + self.task.params.robots
        for sign in (1.0, -1.0):
            beyond = xp.sort(xp.clip(sign * values, 0.0, None), axis=-1)[..., -f:]
            kept = kept - sign * xp.sum(beyond, axis=-1)
            count = count - xp.sum(xp.where(beyond > 0.0, 1.0, 0.0), axis=-1)
        return kept / count

    def _wheels(self, ahead: Array, right: Array) -> Array:
        """Wheel speeds, scaled together: forward with the distance ahead, the left wheel faster for what is right."""
        drive, turn = self.config.drive_gain * ahead, self.config.turn_gain * right
        xp = self.task.xp
        wheels = xp.stack([drive + turn, drive - turn], axis=-1)
        return wheels / xp.clip(xp.max(xp.abs(wheels), axis=-1), 1.0, None)[..., None]


def tells_allies_apart(task: Task) -> bool:
    """Whether its observation holds what rules read."""
    return any(term.name == "ally_1_distance" for term in task.observe.terms)
