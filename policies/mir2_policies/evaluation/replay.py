"""Plays a recorded run once more, in lockstep, and compares the two step by step."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mir2_core.digests import require_unaltered
from mir2_core.errors import UserError
from mir2_core.roster import Roster
from mir2_core.run import ROSTER_FILE, RUN_FILE, Run
from mir2_core.types import FloatArray

from mir2_policies.evaluation.ros import RunRecord, play_run

NEEDED = (ROSTER_FILE, RUN_FILE, "metrics.json", "trajectories.npz")
NOT_REPEATED = {  # events
    "emergency_stop_set": "robots were stopped",
    "node_died": "a node died",
    "node_killed": "a node was killed",
    "node_paused": "a node was paused",
}


@dataclass(frozen=True)
class Difference:
    """Where two runs part first; `largest_m` and `largest_rad` are over all robots and steps."""

    step: int
    time_s: float
    robot: str
    largest_m: float
    largest_rad: float


@dataclass(frozen=True)
class Replay:
    """A recorded run beside its replay; `steps` were compared, and `notes` say what a replay cannot promise."""

    record: RunRecord
    again: RunRecord
    steps: int
    promised: bool  # whether the two must be equal
    difference: Difference | None
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """What is to be told of it."""
        return {
            "equal": self.difference is None,
            "steps": self.steps,
            "first_difference": asdict(self.difference) if self.difference else None,
            "recorded_return": self.record.metrics["team_return"],
            "replayed_return": self.again.metrics["team_return"],
            "notes": list(self.notes),
            "folder": str(self.again.folder),
        }


def replay(folder: Path, output: Path) -> Replay:
    """Play the run of `folder` again into the new folder `output`, with its faults as they really were.

    Raises `UserError` if a file that it needs is missing or altered, or if the replay is not whole.
    """
    require_unaltered(folder, NEEDED)
    record = RunRecord.read(folder)
    recorded, roster = Run.load(folder / RUN_FILE), Roster.load(folder / ROSTER_FILE)
    run = recorded.model_copy(
        update={
            "mode": "lockstep",
            "duration_s": len(record.rewards) / roster.rate_hz,
            "fault": ",".join(record.metrics["faults"]),
            "scenario": "",  # its faults are among those recorded; what happened to processes is not repeated
            "gui": False,
        }
    )
    again = play_run(run, output)
    if again.status:
        raise UserError(f"{output}: the replay was not whole: {again.complaint}")
    notes = []
    if recorded.mode != "lockstep":
        notes.append(
            "recorded in real time, where messages come when they come; the replay is the same run in lockstep"
        )
    steps = len(record.rewards)
    for event in record.events:
        if event["event"] in NOT_REPEATED and event["time_s"] * roster.rate_hz < steps:
            steps = math.floor(event["time_s"] * roster.rate_hz)
            notes.append(f"compared until {event['time_s']:g} s, when {NOT_REPEATED[event['event']]}")
    return Replay(record, again, steps, recorded.mode == "lockstep", compare(record, again, steps), tuple(notes))


def compare(record: RunRecord, again: RunRecord, steps: int) -> Difference | None:
    """Where two records of the same team part within so many steps, in poses or in commands."""
    apart = np.zeros((steps + 1, len(record.names)), dtype=bool)
    for name, first in (("poses", 0), ("twists", 1)):
        one, other = (getattr(run, name)[: steps + 1 - first] for run in (record, again))
        apart[first:] |= ((one != other) & ~(np.isnan(one) & np.isnan(other))).any(axis=2)
    if not apart.any():
        return None
    step, robot = (int(index[0]) for index in np.nonzero(apart))
    gaps = again.poses[: steps + 1] - record.poses[: steps + 1]
    turns = (gaps[..., 2] + math.pi) % math.tau - math.pi
    return Difference(
        step=step,
        time_s=float(record.time_s[step]),
        robot=record.names[robot],
        largest_m=_largest(np.hypot(gaps[..., 0], gaps[..., 1])),
        largest_rad=_largest(np.abs(turns)),
    )


def _largest(values: FloatArray) -> float:
    return float(np.nanmax(values, initial=0.0))
