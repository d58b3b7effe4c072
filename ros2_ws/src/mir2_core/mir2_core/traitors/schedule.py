"""Faults: which robot turns traitor, how, and from when until when."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mir2_core.errors import UserError, nearest
from mir2_core.traitors import ACTS, FAULTS, LINKS, ON_ROBOTS, TRAINED
from mir2_core.traitors.links import LinkFault
from mir2_core.traitors.parameters import expand, find_fault, split_list
from mir2_core.traitors.traitor import Traitor

FOREVER = math.inf
LONGEST_S = 86400.0  # a day; longer is until cleared
FORM = "kind@robot:start_s[:duration_s], such as random@robot_0:5 or offset:{x_m: 0.5}@robot_0:5"


@dataclass(frozen=True)
class FaultSpec:
    """A robot's fault: the traitor `kind` that it turns into, or what is wrong with its links, in [start_s, end_s)."""

    kind: str
    robot: str
    start_s: float
    end_s: float = FOREVER
    parameters: str = ""  # such as {x_m: 0.5}; empty for the defaults
    on_commands: bool = True
    on_reports: bool = False
    on_links: bool = False
    two_faced: bool = False  # what it reports differs from listener to listener

    def active(self, now_s: float) -> bool:
        """Whether the fault holds at a time."""
        return self.start_s <= now_s < self.end_s

    @property
    def name(self) -> str:
        """The kind with its parameters."""
        return f"{self.kind}:{self.parameters}" if self.parameters else self.kind

    @property
    def makes_traitor(self) -> bool:
        """Whether the robot does not do, or does not say, what it should; one with bad links does."""
        return self.on_commands or self.on_reports

    @property
    def channel(self) -> str:
        """What it changes."""
        channels = {"commands": self.on_commands, "reports": self.on_reports, "links": self.on_links}
        return " and ".join(name for name, changed in channels.items() if changed)

    def later(self, by_s: float) -> "FaultSpec":
        """The same fault by a clock that shows so much more."""
        return replace(self, start_s=as_stamped(self.start_s + by_s), end_s=as_stamped(self.end_s + by_s))

    def contradicts(self, other: "FaultSpec") -> bool:
        """Whether both would decide the same of one robot at one time; links may have one fault of each kind."""
        same = (self.on_commands and other.on_commands) or (self.on_reports and other.on_reports)
        same = same or (self.on_links and other.on_links and self.kind == other.kind)
        return self.robot == other.robot and same and self.start_s < other.end_s and other.start_s < self.end_s

    @property
    def text(self) -> str:
        """The fault as it is written on the launch line."""
        end = "" if self.end_s == FOREVER else f":{self.end_s - self.start_s:.12g}"
        return f"{self.name}@{self.robot}:{self.start_s:.12g}{end}"

    @property
    def bundle(self) -> str:
        """The trained adversary's bundle, by name or path; empty for other kinds."""
        return find_fault(self.kind, self.parameters, TRAINED).bundle if self.kind in TRAINED else ""

    def located(self, folder: Path) -> "FaultSpec":
        """The same fault; an adversary that is named by a path relative to a folder gets its full path."""
        if not self.bundle.endswith(".onnx"):
            return self
        path = (folder / Path(self.bundle).expanduser()).resolve()
        return replace(self, parameters=f'{{bundle: "{path}"}}')

    def traitor(self) -> Traitor:
        """The script that the robot follows."""
        return find_fault(self.kind, self.parameters, ON_ROBOTS)

    def link(self) -> LinkFault:
        """What is wrong with links."""
        return find_fault(self.kind, self.parameters, LINKS)


def make_fault(
    kind: str, robot: str, start_s: float, duration_s: float, *, robots: Sequence[str], parameters: str = ""
) -> FaultSpec:
    """A fault of one of `robots`, until cleared if the duration is 0; `UserError` for what there is not."""
    if robot not in robots:
        raise UserError(f"unknown robot '{robot}'; {nearest(robot, robots)}")
    if not 0 <= duration_s <= LONGEST_S:
        raise UserError(f"duration_s is {duration_s:g}; allowed: 0 (until cleared) to {LONGEST_S:g} seconds")
    kind, parameters = expand(kind, parameters)
    fault = find_fault(kind, parameters, FAULTS)
    if kind in TRAINED and not fault.bundle:
        raise UserError(f"'{kind}' needs a bundle; give {kind}(zoo:NAME) or {kind}(PATH.onnx)")
    if isinstance(fault, LinkFault):
        fault.require_robots(robots)
    links = kind in LINKS
    return FaultSpec(
        kind,
        robot,
        start_s,
        start_s + duration_s if duration_s else FOREVER,
        parameters,
        on_commands=kind in ACTS or kind in TRAINED,
        on_reports=kind not in ACTS and not links,
        on_links=links,
    )


def parse_faults(text: str, robots: Sequence[str], folder: Path | None = None) -> list[FaultSpec]:
    """Read `kind@robot:start_s[:duration_s]`, several separated by commas, as given on the launch line.

    With a folder, adversaries that are named by a path relative to it get their full path.
    """
    schedule = FaultSchedule()
    for item in split_list(text):
        try:
            spec = _parse_fault(item, robots)
            schedule.inject(spec.located(folder) if folder else spec)
        except UserError as mistake:
            raise UserError(f"fault '{item}': {mistake}") from None
    return list(schedule)


def _parse_fault(item: str, robots: Sequence[str]) -> FaultSpec:
    match = re.fullmatch(r"([^@:{}()]+(?:\([^@{}()]*\))?):?(\{[^{}]*\})?@([^@:]+):([^:]+)(?::([^:]+))?", item)
    if not match:
        raise UserError(f"not of the form {FORM}")
    kind, parameters, robot, start, duration = match.groups()
    start_s = _seconds("start_s", start)
    duration_s = 0.0 if duration is None else _seconds("duration_s", duration)
    return make_fault(kind, robot, start_s, duration_s, robots=robots, parameters=parameters or "")


def _seconds(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= LONGEST_S:
        raise UserError(f"{name} is '{text}'; allowed: 0 to {LONGEST_S:g} seconds")
    return value


def as_stamped(time_s: float) -> float:
    """The time that a stamp of it says: who plans a fault and who is told of it compare the same number."""
    if math.isinf(time_s):
        return time_s
    whole = math.floor(time_s)
    return whole + round((time_s - whole) * 1e9) * 1e-9


class FaultSchedule:
    """The faults of a team, none of which contradicts another."""

    def __init__(self) -> None:
        self._specs: list[FaultSpec] = []

    def __iter__(self) -> Iterator[FaultSpec]:
        return iter(self._specs)

    def inject(self, spec: FaultSpec) -> FaultSpec:
        """Take in a fault, with times as messages carry them; `UserError` if it contradicts one that is there."""
        spec = spec.later(0.0)
        for other in self._specs:
            if spec.contradicts(other):
                raise UserError(
                    f"'{spec.robot}' already has a fault on its {other.channel} at that time: {other.name}; "
                    "clear that one first, or give each its own time"
                )
        self._specs.append(spec)
        return spec

    def clear(self, robot: str = "", kind: str = "") -> list[FaultSpec]:
        """Forget the faults of one robot, or of all, of one kind, or of all; returns what was forgotten."""
        return self._forget(spec for spec in self._specs if robot in ("", spec.robot) and kind in ("", spec.kind))

    def clock_set(self, by_s: float) -> dict[FaultSpec, FaultSpec]:
        """Keep every fault's time by a clock that was set; what each has become."""
        moved = {spec: spec.later(by_s) for spec in self._specs}
        self._specs = list(moved.values())
        return moved

    def expire(self, now_s: float) -> list[FaultSpec]:
        """Forget and return the faults whose time is up."""
        return self._forget(spec for spec in self._specs if now_s >= spec.end_s)

    def _forget(self, specs: Iterable[FaultSpec]) -> list[FaultSpec]:
        gone = list(specs)
        self._specs = [spec for spec in self._specs if spec not in gone]
        return gone
