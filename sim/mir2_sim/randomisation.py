"""What a training varies from episode to episode, so that a policy has met it before; all off by default."""

from mir2_core.config import StrictModel
from pydantic import Field, field_validator


class Randomisation(StrictModel):
    """Team sizes, and how allies are missing or late.

    In each disturbed episode, each of the following is so with a probability of one half: some allies are silent from
    the start; allies fall silent and come back; only those in a range are heard; reports are late.
    """

    robots: tuple[int, int] | None = Field(default=None, description="fewest and most of a team; none: always the same")
    evaluated_robots: tuple[int, ...] = Field(default=(), description="sizes that count beside the task's")
    disturbed: float = Field(default=0.0, ge=0.0, le=1.0, description="share of the episodes")
    silent: float = Field(default=0.5, ge=0.0, le=1.0, description="largest share of a team that never says a thing")
    falls_silent_hz: float = Field(default=0.05, ge=0.0, description="rate of each robot")
    comes_back_hz: float = Field(default=0.1, ge=0.0, description="rate of each silent robot")
    shortest_range_m: float = Field(default=0.5, gt=0.0, description="ranges lie between this and the whole arena")
    bodies: float = Field(default=0.0, ge=0.0, le=1.0, description="share of the episodes in which robots have bodies")
    latest_periods: int = Field(default=2, ge=0, le=10, description="by which a report is late at most")

    @field_validator("robots")
    @classmethod
    def _in_order(cls, robots: tuple[int, int] | None) -> tuple[int, int] | None:
        if robots is not None and not 2 <= robots[0] <= robots[1] <= 64:
            raise ValueError("give the fewest and the most robots of a team, such as [2, 20], from 2 to 64")
        return robots

    @field_validator("evaluated_robots")
    @classmethod
    def _teams(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        if not all(2 <= size <= 64 for size in sizes):
            raise ValueError("give team sizes from 2 to 64")
        return sizes

    def teams(self, robots: int) -> tuple[int, ...]:
        """All team sizes that are drawn, `robots` being the task's own."""
        return (robots,) if self.robots is None else tuple(range(self.robots[0], self.robots[1] + 1))

    def evaluated(self, robots: int) -> tuple[int, ...]:
        """The team sizes by whose clean returns the best policy is kept, first `robots`, the task's own."""
        return (robots, *(size for size in self.evaluated_robots if size != robots))

    @property
    def off(self) -> bool:
        """Whether nothing varies."""
        return self.robots is None and not self.evaluated_robots and self.disturbed == 0.0 and self.bodies == 0.0
