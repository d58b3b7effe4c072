"""What a team says of its members: who is absent for most of the others, and whose reports are refused."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mir2_core.allies import Presence


class Opinion(NamedTuple):
    """What one robot believes of another."""

    presence: Presence
    refused: Mapping[str, int]  # reports by reason


class Event(NamedTuple):
    """Something to write down about a robot."""

    name: str
    robot: str
    detail: str = ""


@dataclass
class Case:
    """What is known of one robot: `absent_for` are the others that believe it to be absent."""

    absent_for: set[str] = field(default_factory=set)
    refused: dict[str, Mapping[str, int]] = field(default_factory=dict)  # by listener
    was_present: bool = False
    lost: bool = False

    @property
    def refusals(self) -> Counter[str]:
        """Reports that were refused, by reason, over all listeners."""
        total: Counter[str] = Counter()
        for counts in self.refused.values():
            total.update(counts)
        return total


class Suspicion:
    """Collects opinions; a robot counts as absent if more than half of the others say so: no liar decides alone."""

    def __init__(self, names: Sequence[str]) -> None:
        self.cases = {name: Case() for name in names}
        self._listeners: set[str] = set()

    def hear(self, listener: str, opinions: Iterable[tuple[str, Opinion]]) -> list[Event]:
        """Take in what one robot believes; what is new in it."""
        events = []
        self._listeners.add(listener)
        for robot, opinion in opinions:
            case = self.cases[robot]
            known = set(case.refusals)
            case.refused[listener] = opinion.refused
            events += [Event("reports_refused", robot, reason) for reason in sorted(set(opinion.refused) - known)]
            if opinion.presence == Presence.ABSENT:
                case.absent_for.add(listener)
            else:
                case.absent_for.discard(listener)
            events += self._judge(robot, case)
        return events

    def summary(self) -> dict[str, Any]:
        """For the record of a run: who is absent now, and whose reports were refused how often and why."""
        return {
            "absent": sorted(robot for robot, case in self.cases.items() if case.lost),
            "refused_reports": {robot: dict(case.refusals) for robot, case in self.cases.items() if case.refusals},
        }

    def _judge(self, robot: str, case: Case) -> list[Event]:
        others = len(self._listeners - {robot})
        lost = 2 * len(case.absent_for) > others
        case.was_present |= not lost
        if lost == case.lost or not case.was_present:
            return []
        case.lost = lost
        detail = f"for {len(case.absent_for)} of {others} robots"
        return [Event("robot_absent" if lost else "robot_back", robot, detail)]
