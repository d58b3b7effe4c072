"""What one node knows of an emergency stop: set by anybody, released by a person only."""

from typing import NamedTuple

MOST_RELEASES = 10_000  # by persons, in the life of a swarm; who tells of more is not believed about the number


class StopReport(NamedTuple):
    """What one latch tells the others: whether it holds, and how many releases it knew of when it was set."""

    held: bool
    releases: int


class StopLatch:
    """Holds a stop until `release`, whatever others report.

    Releases are counted, so that the report of a stop that is over, still on its way, sets nothing anew.
    """

    def __init__(self) -> None:
        self._releases = 0
        self._set_after: int | None = None  # releases known of when the stop that holds was set

    @property
    def held(self) -> bool:
        """Whether robots must stand."""
        return self._set_after is not None

    @property
    def report(self) -> StopReport:
        """What the others should hear."""
        return StopReport(self.held, self._releases if self._set_after is None else self._set_after)

    def set(self) -> None:
        """Hold a stop."""
        self._set_after = self._releases

    def release(self) -> None:
        """Hold no stop; every latch that is released comes to the same count."""
        if self._set_after is not None:
            self._releases = max(self._releases, self._set_after + 1)
            self._set_after = None

    def hear(self, report: StopReport) -> None:
        """Take over a stop that another latch holds, unless it is from before the last release."""
        if report.releases > MOST_RELEASES:
            report = StopReport(report.held, self._releases)
        if report.held and report.releases >= self._releases:
            self._set_after = report.releases
        self._releases = max(self._releases, report.releases)
