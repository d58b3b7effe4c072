"""Who was a traitor when."""

import math
from collections.abc import Sequence
from dataclasses import replace

from mir2_core.traitors.schedule import FaultSpec

SAME_S = 0.05  # by how much two processes may differ on how far the clock was set


class FaultHistory:
    """The faults of a run, rebuilt from announcements of those that are active or planned.

    An announcement counts for `lease_s`: when the injector has died, robots go back to their policies.
    """

    def __init__(self, lease_s: float = math.inf) -> None:
        self._lease_s, self._leased_until_s = lease_s, math.inf
        self._current: list[FaultSpec] = []
        self._past: list[FaultSpec] = []

    def update(self, now_s: float, faults: Sequence[FaultSpec]) -> None:
        """Take in an announcement made at `now_s` of every fault."""
        gone = [spec for spec in self._held(now_s) if not any(_same(spec, each) for each in faults)]
        self._past += [replace(spec, end_s=min(spec.end_s, now_s)) for spec in gone]
        self._current = list(faults)
        self._leased_until_s = now_s + self._lease_s

    def clock_set(self, by_s: float) -> None:
        """Keep all times by a clock that was set."""
        self._leased_until_s += by_s
        self._current = [spec.later(by_s) for spec in self._current]
        self._past = [spec.later(by_s) for spec in self._past]

    def active_at(self, time_s: float) -> set[tuple[str, str]]:
        """The robots whose faults were active at a time, each with the fault's name."""
        return {(spec.robot, spec.name) for spec in self._active(time_s)}

    def traitors_at(self, time_s: float) -> set[str]:
        """The robots that were traitors at a time."""
        return {spec.robot for spec in self._active(time_s) if spec.makes_traitor}

    def as_planned(self, run_start_s: float, time_s: float) -> list[FaultSpec]:
        """Every fault that was active in a run of `time_s`, with times from its start, in order of their beginnings."""
        found = []
        specs = (*self._past, *self._held(run_start_s + time_s))
        for spec in sorted(specs, key=lambda spec: spec.start_s):
            start_s, end_s = max(0.0, spec.start_s - run_start_s), spec.end_s - run_start_s
            if start_s < min(end_s, time_s):
                found.append(replace(spec, start_s=start_s, end_s=end_s))
        return found

    def _held(self, time_s: float) -> list[FaultSpec]:
        """What was announced last, until the lease has run out."""
        if time_s < self._leased_until_s:
            return self._current
        return [replace(spec, end_s=min(spec.end_s, self._leased_until_s)) for spec in self._current]

    def _active(self, time_s: float) -> list[FaultSpec]:
        return [spec for spec in (*self._past, *self._held(time_s)) if spec.active(time_s)]


def _same(one: FaultSpec, other: FaultSpec) -> bool:
    """Whether it is one fault, perhaps with another end."""
    return (one.robot, one.name) == (other.robot, other.name) and abs(one.start_s - other.start_s) < SAME_S
