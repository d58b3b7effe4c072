"""Who was a traitor when."""

from collections.abc import Sequence
from dataclasses import replace

from mir2_core.traitors.schedule import FaultSpec


class FaultHistory:
    """The faults of a run, rebuilt from announcements of those that are active or planned."""

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}
        self._current: dict[str, FaultSpec] = {}
        self._past: list[FaultSpec] = []

    def update(self, now_s: float, faults: Sequence[FaultSpec]) -> None:
        """Take in an announcement made at `now_s` of every fault."""
        announced = {spec.robot: spec for spec in faults}
        for robot, spec in self._current.items():
            if announced.get(robot) != spec:
                self._past.append(replace(spec, end_s=min(spec.end_s, now_s)))
        self._current = announced
        self.kinds.update({robot: spec.kind for robot, spec in announced.items()})

    def traitors_at(self, time_s: float) -> set[str]:
        """The robots whose fault was active at a time."""
        return {spec.robot for spec in (*self._past, *self._current.values()) if spec.active(time_s)}
