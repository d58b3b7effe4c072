"""Faults: which robot turns traitor, how, and from when until when."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mir2_core.errors import UserError, nearest
from mir2_core.traitors import ACTS, REPORTS

FOREVER = math.inf
LONGEST_S = 86400.0  # a day; longer is until cleared


@dataclass(frozen=True)
class FaultSpec:
    """A robot's fault: the traitor `kind` that it turns into, and when it is one: [start_s, end_s)."""

    kind: str
    robot: str
    start_s: float
    end_s: float = FOREVER

    def active(self, now_s: float) -> bool:
        """Whether the fault holds at a time."""
        return self.start_s <= now_s < self.end_s


def check_fault(kind: str, robot: str, duration_s: float, robots: Sequence[str]) -> None:
    """Refuse what is not a fault of the injector, an unknown robot or an impossible duration."""
    if kind in REPORTS:
        raise UserError(f"'{kind}' falsifies reports and the injector changes commands only; {nearest(kind, ACTS)}")
    if kind not in ACTS:
        raise UserError(f"unknown fault '{kind}'; {nearest(kind, ACTS)}")
    if robot not in robots:
        raise UserError(f"unknown robot '{robot}'; {nearest(robot, robots)}")
    if not 0 <= duration_s <= LONGEST_S:
        raise UserError(f"duration_s is {duration_s:g}; allowed: 0 (until cleared) to {LONGEST_S:g} seconds")


def parse_faults(text: str, robots: Sequence[str]) -> list[FaultSpec]:
    """Read `kind@robot:start_s[:duration_s]`, several separated by commas, as given on the launch line."""
    specs: list[FaultSpec] = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        try:
            spec = _parse_fault(item, robots)
        except UserError as mistake:
            raise UserError(f"fault '{item}': {mistake}") from None
        if any(other.robot == spec.robot for other in specs):
            raise UserError(f"fault '{item}': '{spec.robot}' already has a fault on this line; give each robot one")
        specs.append(spec)
    return specs


def _parse_fault(item: str, robots: Sequence[str]) -> FaultSpec:
    match = re.fullmatch(r"([^@:]+)@([^@:]+):([^:]+)(?::([^:]+))?", item)
    if not match:
        raise UserError("not of the form kind@robot:start_s[:duration_s], such as random@robot_0:5")
    kind, robot, start, duration = match.groups()
    start_s = _seconds("start_s", start)
    duration_s = 0.0 if duration is None else _seconds("duration_s", duration)
    check_fault(kind, robot, duration_s, robots)
    return FaultSpec(kind, robot, start_s, start_s + duration_s if duration_s else FOREVER)


def _seconds(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= LONGEST_S:
        raise UserError(f"{name} is '{text}'; allowed: 0 to {LONGEST_S:g} seconds")
    return value


class FaultSchedule:
    """The faults of a team, at most one a robot."""

    def __init__(self, specs: Sequence[FaultSpec] = ()) -> None:
        self._specs = {spec.robot: spec for spec in specs}

    def __iter__(self) -> Iterator[FaultSpec]:
        return iter(self._specs.values())

    def inject(self, spec: FaultSpec) -> None:
        """Begin or replace a robot's fault."""
        self._specs[spec.robot] = spec

    def clear(self, robot: str = "") -> list[FaultSpec]:
        """Forget one robot's fault, or all of them; returns what was forgotten."""
        cleared = [spec for spec in self._specs.values() if robot in ("", spec.robot)]
        for spec in cleared:
            del self._specs[spec.robot]
        return cleared

    def expire(self, now_s: float) -> list[FaultSpec]:
        """Forget and return the faults whose time is up."""
        over = [spec for spec in self._specs.values() if now_s >= spec.end_s]
        for spec in over:
            del self._specs[spec.robot]
        return over
