"""Who was a traitor when."""

from collections.abc import Sequence
from dataclasses import replace

from mir2_core.traitors.schedule import FaultSpec


class FaultHistory:
    """The faults of a run, rebuilt from announcements of those that are active or planned."""

    def __init__(self) -> None:
        self._current: list[FaultSpec] = []
        self._past: list[FaultSpec] = []

    def update(self, now_s: float, faults: Sequence[FaultSpec]) -> None:
        """Take in an announcement made at `now_s` of every fault."""
        gone = [spec for spec in self._current if spec not in faults]
        self._past += [replace(spec, end_s=min(spec.end_s, now_s)) for spec in gone]
        self._current = list(faults)

    def active_at(self, time_s: float) -> set[tuple[str, str]]:
        """The robots whose faults were active at a time, each with the fault's name."""
        return {(spec.robot, spec.name) for spec in self._active(time_s)}

    def traitors_at(self, time_s: float) -> set[str]:
        """The robots that were traitors at a time."""
        return {spec.robot for spec in self._active(time_s) if spec.makes_traitor}

    def _active(self, time_s: float) -> list[FaultSpec]:
        return [spec for spec in (*self._past, *self._current) if spec.active(time_s)]
