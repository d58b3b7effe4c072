"""Scenarios: what goes wrong when in a run, as one typed file of faults and of processes that die or pause."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, field_validator

from mir2_core.config import StrictModel, load_yaml
from mir2_core.errors import UserError, nearest
from mir2_core.traitors.parameters import split_parameters
from mir2_core.traitors.schedule import LONGEST_S, FaultSchedule, FaultSpec, make_fault

PROCESSES = ("policy", "gate", "fault_injector", "emergency_stop", "monitor", "simulator")
DEEDS = ("kill", "pause", "continue")
LOCKSTEP_WAITS_FOR = ("policy", "gate", "simulator", "monitor")


def _one_of(value: str, valid: Iterable[str]) -> str:
    if value not in valid:
        raise ValueError(nearest(value, valid))
    return value


class FaultEvent(StrictModel):
    """A fault, in the words of the launch argument `fault`."""

    at_s: float = Field(ge=0.0, le=LONGEST_S)
    for_s: float = Field(default=0.0, ge=0.0, le=LONGEST_S, description="0: until the end")
    fault: str
    robot: str

    def spec(self, robots: Sequence[str], folder: Path) -> FaultSpec:
        """The fault; an adversary's path is relative to `folder`."""
        kind, parameters = split_parameters(self.fault)
        spec = make_fault(kind, self.robot, self.at_s, self.for_s, robots=robots, parameters=parameters)
        return spec.located(folder)


class ProcessEvent(StrictModel):
    """Something that the launch does to one of its processes; `robot` says whose policy."""

    at_s: float = Field(ge=0.0, le=LONGEST_S)
    do: str
    process: str
    robot: str = ""

    @field_validator("do")
    @classmethod
    def _known_deed(cls, do: str) -> str:
        return _one_of(do, DEEDS)

    @field_validator("process")
    @classmethod
    def _known_process(cls, process: str) -> str:
        return _one_of(process, PROCESSES)

    @property
    def target(self) -> tuple[str, str]:
        """The process and its robot."""
        return self.process, self.robot

    def check(self, robots: Sequence[str], mode: str) -> None:
        """Refuse what this run has no process for, and a wait that would never end."""
        if self.process != "policy" and self.robot:
            raise UserError(f"robot is '{self.robot}', but all robots share the process '{self.process}'; leave it out")
        if self.process == "policy" and self.robot not in robots:
            raise UserError(f"robot is '{self.robot}'; {nearest(self.robot, robots)}")
        if self.do == "pause" and mode == "lockstep" and self.process in LOCKSTEP_WAITS_FOR:
            raise UserError(
                f"in lockstep time stands still while '{self.process}' is paused, so that it never goes on; "
                "kill it, or use mode:=realtime"
            )


class Scenario(StrictModel):
    """What goes wrong when; times are seconds from the run's start."""

    description: str = ""
    faults: tuple[FaultEvent, ...] = ()
    processes: tuple[ProcessEvent, ...] = ()

    def save(self, path: Path, faults: Sequence[FaultSpec]) -> None:
        """Write the scenario with its faults as they were read, so that it can lie in another folder."""
        events = [
            event.model_copy(update={"fault": spec.name}) for event, spec in zip(self.faults, faults, strict=True)
        ]
        written = self.model_copy(update={"faults": tuple(events)}).model_dump(mode="json", exclude_defaults=True)
        path.write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")


def load_scenario(
    path: Path, *, robots: Sequence[str], duration_s: float, mode: str
) -> tuple[Scenario, list[FaultSpec]]:
    """A scenario and its faults; `UserError` with file and key for what does not fit the run."""
    scenario = load_yaml(path, Scenario, "a scenario (YAML)")
    schedule = FaultSchedule()
    paused: set[tuple[str, str]] = set()

    def check(key: str, event: Any) -> None:
        if event.at_s >= duration_s:
            raise UserError(
                f"{path}: key '{key}.at_s' is {event.at_s:g}, but the run ends after {duration_s:g} s; allowed: "
                f"from 0 to less than {duration_s:g} s, or a longer duration"
            )
        try:
            if isinstance(event, FaultEvent):
                schedule.inject(event.spec(robots, path.parent))
            else:
                event.check(robots, mode)
        except UserError as mistake:
            raise UserError(f"{path}: {key}: {mistake}") from None

    for index, fault in enumerate(scenario.faults):
        check(f"faults.{index}", fault)
    for index, event in sorted(enumerate(scenario.processes), key=lambda item: item[1].at_s):
        check(f"processes.{index}", event)
        if (event.do == "continue") != (event.target in paused) and event.do != "kill":
            state = "is not paused then" if event.do == "continue" else "is paused already"
            raise UserError(f"{path}: processes.{index}: '{event.process}' {state}; see the events before")
        paused = paused | {event.target} if event.do == "pause" else paused - {event.target}
    return scenario, list(schedule)
