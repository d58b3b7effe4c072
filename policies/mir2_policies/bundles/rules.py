"""Controllers that nobody trained: what a learned policy has to be better than.

All read where the allies are from a pairwise observation, ahead and to the right of the robot in units of the
radius, and drive to a point: `centroid` to the mean of everybody; `geometric_median` to the point from which the
distances to everybody add up to least; `wmsr` to the mean of those left after the F largest and the F smallest values
have been discarded on each axis of the robot's own frame (W-MSR: LeBlanc, Zhang, Koutsoukos and Sundaram, IEEE JSAC
2013). The points are relative, so the robot's own value is 0, and only values beyond it are discarded.
"""

from typing import Literal

from mir2_core.config import StrictModel
from mir2_core.errors import UserError
from mir2_core.tasks import Task, columns
from mir2_core.tasks.geometry import Array
from pydantic import Field

RuleName = Literal["centroid", "geometric_median", "wmsr"]
WEISZFELD_STEPS = 16
SMALLEST = 1e-3  # in radii: nearer places do not count for more (about 3 mm)


class RuleConfig(StrictModel):
    """Which rule, and its gains in action units per radius."""

    algorithm: RuleName
    f: int = Field(default=1, ge=1, description="of wmsr: how many liars it is made for")
    drive_gain: float = Field(default=40.0, gt=0.0)
    turn_gain: float = Field(default=60.0, gt=0.0)
    seed: Literal[0] = 0

    @property
    def fewest_robots(self) -> int:
        """In a team that the rule can serve."""
        return 2 * self.f + 1 if self.algorithm == "wmsr" else 2


class Rule:
    """A rule for a task, as an `episodes.Act`."""

    def __init__(self, task: Task, config: RuleConfig) -> None:
        robots = task.params.robots
        if not tells_allies_apart(task):
            raise UserError(
                f"'{config.algorithm}' needs a pairwise observation, which tells allies apart; "
                f"this one's terms are {', '.join(term.name for term in task.observe.terms)}"
            )
        if robots < config.fewest_robots:
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
        if self.config.algorithm == "geometric_median":
            return self._wheels(*self._geometric_median(ahead, right))
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

    def _geometric_median(self, ahead: Array, right: Array) -> tuple[Array, Array]:
        """Weiszfeld's steps from the mean of the robot's own 0 and its allies: means weighted by 1 / distance."""
        xp = self.task.xp
        places = xp.stack([ahead, right], axis=-2)
        places = xp.concatenate([places, 0.0 * places[..., :1]], axis=-1)
        middle = xp.sum(places, axis=-1)[..., None] / self.task.params.robots
        for _ in range(WEISZFELD_STEPS):
            gap = places - middle
            weights = 1.0 / xp.sqrt(xp.sum(gap * gap, axis=-2)[..., None, :] + SMALLEST**2)
            middle = xp.sum(places * weights, axis=-1)[..., None] / xp.sum(weights, axis=-1)[..., None]
        return middle[..., 0, 0], middle[..., 1, 0]

    def _wheels(self, ahead: Array, right: Array) -> Array:
        """Wheel speeds, scaled together: forward with the distance ahead, the left wheel faster for what is right."""
        drive, turn = self.config.drive_gain * ahead, self.config.turn_gain * right
        xp = self.task.xp
        wheels = xp.stack([drive + turn, drive - turn], axis=-1)
        return wheels / xp.clip(xp.max(xp.abs(wheels), axis=-1), 1.0, None)[..., None]


def tells_allies_apart(task: Task) -> bool:
    """Whether its observation holds what rules read."""
    return any(term.name == "ally_1_distance" for term in task.observe.terms)
