"""What a team says of its members: who is absent, whose reports are refused or contradicted, what senses are lost."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mir2_core.allies import Presence

CONVINCING = 10  # contradictions: a robot that moves is seen now and then before it has said so


class Opinion(NamedTuple):
    """What one robot believes of another."""

    presence: Presence
    refused: Mapping[str, int]  # reports by reason


class Event(NamedTuple):
    """Something to write down about a robot."""

    name: str
    robot: str
    detail: str = ""


class Tally:
    """Adds up counters that somebody else keeps, and that may begin anew."""

    def __init__(self) -> None:
        self.total: Counter[str] = Counter()
        self._last: dict[str, int] = {}

    def update(self, counts: Mapping[str, int]) -> None:
        """Take in what the counters say now."""
        for name, count in counts.items():
            last = self._last.get(name, 0)
            self.total[name] += count - last if count >= last else count
        self._last = dict(counts)


@dataclass
class Case:
    """What is known of one robot: `absent_for` are the others that believe it to be absent."""

    absent_for: set[str] = field(default_factory=set)
    refused: dict[str, Tally] = field(default_factory=dict)  # by listener
    was_present: bool = False
    lost: bool = False

    @property
    def refusals(self) -> Counter[str]:
        """Reports that were refused, by reason, over all listeners."""
        total: Counter[str] = Counter()
        for tally in self.refused.values():
            total.update(tally.total)
        return total


class Suspicion:
    """Collects opinions; a robot counts as absent if more than half of the others say so: no liar decides alone."""

    def __init__(self, names: Sequence[str]) -> None:
        self._settled = False
        self.cases = {name: Case() for name in names}
        self._listeners: set[str] = set()
        self._contradicted = {name: Tally() for name in names}  # by the robot that sees otherwise
        self._silent: dict[str, set[str]] = {name: set() for name in names}
        self._silences: dict[str, Counter[str]] = {name: Counter() for name in names}

    def hear(self, listener: str, opinions: Iterable[tuple[str, Opinion]]) -> list[Event]:
        """Take in what one robot believes; what is new in it."""
        events = []
        self._listeners.add(listener)
        for robot, opinion in opinions:
            case = self.cases[robot]
            known = set(case.refusals)
            case.refused.setdefault(listener, Tally()).update(opinion.refused)
            events += [Event("reports_refused", robot, reason) for reason in sorted(set(opinion.refused) - known)]
            if opinion.presence == Presence.ABSENT:
                case.absent_for.add(listener)
            else:
                case.absent_for.discard(listener)
            events += self._judge(robot, case)
        return events

    def settle(self) -> list[Event]:
        """From now on also a robot that was never there counts as absent; until then it may still be starting."""
        self._settled = True
        return [event for robot, case in self.cases.items() for event in self._judge(robot, case)]

    def senses(self, robot: str, contradicted: Mapping[str, int], silent: Iterable[str]) -> list[Event]:
        """Take in how often a robot has seen that an ally is not where it says, and which of its sensors are silent."""
        known = self._contradictions()
        self._contradicted[robot].update({ally: count for ally, count in contradicted.items() if ally in self.cases})
        new = [ally for ally, count in self._contradictions().items() if count >= CONVINCING > known[ally]]
        events = [Event("robot_contradicted", ally, f"by the sensors of {robot}") for ally in new]
        before, now = self._silent[robot], set(silent)
        self._silent[robot] = now
        self._silences[robot].update(sorted(now))
        if now - before:
            events.append(Event("sensors_silent", robot, ", ".join(sorted(now - before))))
        if before - now:
            events.append(Event("sensors_back", robot, ", ".join(sorted(before - now))))
        return events

    def _contradictions(self) -> Counter[str]:
        """How often each robot was contradicted, over all that saw it."""
        total: Counter[str] = Counter()
        for tally in self._contradicted.values():
            total.update(tally.total)
        return total

    def summary(self) -> dict[str, Any]:
        """For the record of a run: who is absent now, and whose reports were refused how often and why."""
        return {
            "absent": sorted(robot for robot, case in self.cases.items() if case.lost),
            "refused_reports": {robot: dict(case.refusals) for robot, case in self.cases.items() if case.refusals},
            "contradicted": dict(self._contradictions()),
            "silent_sensors": {robot: dict(counts) for robot, counts in self._silences.items() if counts},
        }

    def in_words(self) -> list[str]:
        """The summary as lines that a person can read."""
        found = self.summary()
        return [
            *(f"{robot} was absent at the end" for robot in found["absent"]),
            *(
                f"reports of {name} were refused: {_counts(counts)}"
                for name, counts in found["refused_reports"].items()
            ),
            *(
                f"{robot} was {count} times not where it said, as others' sensors saw"
                for robot, count in found["contradicted"].items()
                if count >= CONVINCING
            ),
            *(
                f"{len(counts)} sensors of {robot} were silent, in up to {max(counts.values())} decisions"
                for robot, counts in found["silent_sensors"].items()
            ),
        ]

    def _judge(self, robot: str, case: Case) -> list[Event]:
        others = len(self._listeners - {robot})
        lost = 2 * len(case.absent_for) > others
        case.was_present |= not lost
        if lost == case.lost or not (case.was_present or self._settled):
            return []
        case.lost = lost
        detail = f"for {len(case.absent_for)} of {others} robots"
        return [Event("robot_absent" if lost else "robot_back", robot, detail)]


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
