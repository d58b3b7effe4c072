"""Turns what robots and gates report into the task's steps: poses, commands, team reward, distances."""

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mir2_core.gate import Reason
from mir2_core.robots import RobotModel
from mir2_core.tasks import FloorTask
from mir2_core.types import Command, FloatArray, RobotState

RENDEZVOUS_M = 0.10  # points have met when every pair is this close
LATE_STEPS = 5  # a robot's report is given up when the others are this many steps ahead


@dataclass(frozen=True)
class StepRecord:
    """One finished control step; `time_s` counts from the run's start, the poses are those after the step."""

    step: int
    time_s: float
    poses: FloatArray
    twists: FloatArray
    reward: float
    cumulative_reward: float
    mean_distance_m: float
    max_distance_m: float
    benign_mean_distance_m: float
    benign_max_distance_m: float
    time_to_rendezvous_s: float
    traitors: tuple[str, ...]


class Recorder:
    """Sorts reports by control step and evaluates each step once everybody has reported for it.

    A step ends with the odometry of its end and counts the commands that answered the odometry of its beginning. With
    `patient` it waits for ever; otherwise a report missing for `LATE_STEPS` is replaced by the robot's last one.
    Nothing is recorded after `last_step`. `places` (N, 3) are where robots begin, for those that say nothing in time;
    NaN where that is not known.
    """

    def __init__(
        self,
        task: FloorTask,
        names: list[str],
        run_start_s: float,
        *,
        patient: bool,
        last_step: int | None = None,
        rendezvous_m: float = RENDEZVOUS_M,
        places: FloatArray | None = None,
    ) -> None:
        self.task, self.names, self.run_start_s = task, names, run_start_s
        self.rendezvous_m = rendezvous_m
        self._patient, self._last_step = patient, last_step
        self._rows = {name: row for row, name in enumerate(names)}
        self._poses: dict[int, dict[int, tuple[float, float, float]]] = {}
        self._twists: dict[int, dict[int, tuple[float, float]]] = {}
        self._last_poses = np.full((len(names), 3), np.nan) if places is None else places.copy()
        self._last_twists = np.zeros((len(names), 2))
        self._next = 0
        self.start_poses: FloatArray | None = None
        self.steps: list[StepRecord] = []
        self.missing_reports = 0
        self.missed_deadlines = 0
        self.reaction_s: list[float] = []
        self.ally_ages_s: list[float] = []
        self._in_time: defaultdict[int, set[str]] = defaultdict(set)
        self._ages_s: defaultdict[int, dict[str, Sequence[float]]] = defaultdict(dict)
        self._intervened: dict[str, defaultdict[str, set[int]]] = {name: defaultdict(set) for name in names}
        self.all_traitors: set[str] = set()

    def odometry(self, robot: str, state: RobotState) -> None:
        """Take in where a robot is; what is no place counts as a missing report."""
        if state.is_finite():
            self._file(self._poses, state.stamp_s, robot, state.pose)

    def gate(
        self,
        robot: str,
        state_stamp_s: float,
        applied: Command,
        reasons: Collection[str],
        ally_ages_s: Sequence[float] = (),
    ) -> None:
        """Take in what a gate let through in answer to the state of `state_stamp_s`, and how old what it knew was."""
        if not applied.is_finite():
            return
        row = (applied.v_mps, applied.omega_radps)
        step = self._file(self._twists, state_stamp_s, robot, row)
        if step is None:
            return
        for reason in reasons:
            self._intervened[robot][reason].add(step)
        self._ages_s[step][robot] = ally_ages_s  # a gate that is asked again says it again
        if Reason.COMMAND_AGE in reasons:
            return
        reaction_s = applied.stamp_s - state_stamp_s
        if reaction_s <= self.task.params.dt_s:
            self._in_time[step].add(robot)
        if not self._patient:
            self.reaction_s.append(reaction_s)

    @property
    def interventions(self) -> dict[str, dict[str, int]]:
        """In how many steps each robot's gate changed a command, by reason."""
        return {name: {reason: len(steps) for reason, steps in own.items()} for name, own in self._intervened.items()}

    def _file(self, reports: dict[int, dict[int, Any]], stamp_s: float, robot: str, row: Any) -> int | None:
        """Keep a report; its step, unless that is over."""
        step = round((stamp_s - self.run_start_s) / self.task.params.dt_s)
        begun = self._next if reports is self._poses else self._next - 1
        if step < max(begun, 0):
            return None
        reports.setdefault(step, {})[self._rows[robot]] = row
        return step

    def advance(self, traitors_at: Callable[[float], Collection[str]]) -> list[StepRecord]:
        """The steps that have become complete; `traitors_at` tells whose fault was active at a time."""
        finished = []
        while not self.over and (self._complete() or self._overdue()):
            if self._next == 0:
                self._take_first()
            self._take(self._poses, self._next, self._last_poses)
            if self._next > 0:
                self._take(self._twists, self._next - 1, self._last_twists)
                self.missed_deadlines += len(self.names) - len(self._in_time.pop(self._next - 1, ()))
                for ages_s in self._ages_s.pop(self._next - 1, {}).values():
                    self.ally_ages_s += ages_s
            if self.start_poses is None:
                self.start_poses = self._last_poses.copy()
            else:
                finished.append(self._finish(traitors_at))
            self._next += 1
        return finished

    @property
    def over(self) -> bool:
        """Whether the last step is recorded."""
        return self._last_step is not None and len(self.steps) >= self._last_step

    def _complete(self) -> bool:
        everybody = len(self.names)
        twists = self._next == 0 or len(self._twists.get(self._next - 1, ())) == everybody
        return twists and len(self._poses.get(self._next, ())) == everybody

    def _overdue(self) -> bool:
        if self._patient or max(self._poses, default=0) < self._next + LATE_STEPS:
            return False
        heard = {row for rows in self._poses.values() for row in rows}
        return self._next > 0 or all(
            row in heard or np.isfinite(self._last_poses[row]).all() for row in self._rows.values()
        )

    def _take_first(self) -> None:
        """Where robots are whose first report was lost: as they report next."""
        for step in sorted(self._poses, reverse=True):
            for row, pose in self._poses[step].items():
                self._last_poses[row] = pose

    def _take(self, reports: dict[int, dict[int, Any]], step: int, last: FloatArray) -> None:
        rows = reports.pop(step, {})
        self.missing_reports += len(self.names) - len(rows)
        for row, values in rows.items():
            last[row] = values

    def _finish(self, traitors_at: Callable[[float], Collection[str]]) -> StepRecord:
        poses, twists = self._last_poses.copy(), self._last_twists.copy()
        actions = self.task.twist_to_action(twists[:, 0], twists[:, 1])
        reward = float(self.task.reward(poses[None], actions[None])[0])
        time_s = self._next * self.task.params.dt_s
        traitors = traitors_at(self.run_start_s + time_s - 0.5 * self.task.params.dt_s)
        total = reward + (self.steps[-1].cumulative_reward if self.steps else 0.0)
        self.all_traitors.update(traitors)
        benign = [row for name, row in self._rows.items() if name not in traitors]
        mean, widest = pair_distances(poses)
        benign_mean, benign_widest = pair_distances(poses[benign])
        met_s = self.steps[-1].time_to_rendezvous_s if self.steps else math.nan
        if math.isnan(met_s) and benign_widest < self.rendezvous_m:
            met_s = time_s
        record = StepRecord(
            self._next, time_s, poses, twists, reward, total, mean, widest, benign_mean, benign_widest, met_s,
            tuple(name for name in self.names if name in traitors),
        )  # fmt: skip
        self.steps.append(record)
        return record


def rendezvous_distance_m(robots: int, spacing_m: float) -> float:
    """The widest pair distance that counts as met: that of points, plus the extent of a packed team of bodies.

    Discs `spacing_m` apart in k hexagonal rings around one are N = 1 + 3k(k + 1), and 2k spacings wide.
    """
    rings = (math.sqrt(12.0 * robots - 3.0) - 3.0) / 6.0
    return RENDEZVOUS_M + 2.0 * rings * spacing_m


def met_within_m(team: Sequence[RobotModel]) -> float:
    """The widest pair distance that counts as met for robots of these kinds; each layer of them packs by itself."""
    layers = [[other for other in team if one.meets(other)] for one in team]
    packed = [
        (len(layer), max(one.spacing_to_m(other) for other in layer))
        for one, layer in zip(team, layers, strict=True)
        if layer
    ]
    return max((rendezvous_distance_m(*each) for each in packed), default=RENDEZVOUS_M)


def pair_distances(poses: FloatArray) -> tuple[float, float]:
    """Mean and largest distance over the pairs of `poses` (N, 3); NaN for fewer than two robots."""
    if len(poses) < 2:
        return math.nan, math.nan
    rows, columns = np.triu_indices(len(poses), k=1)
    distances = np.hypot(*(poses[rows, :2] - poses[columns, :2]).T)
    return float(distances.mean()), float(distances.max())


def summary(recorder: Recorder) -> dict[str, Any]:
    """The figures of a run, ready for JSON (None where there is nothing to say)."""
    steps, horizon = recorder.steps, recorder.task.params.horizon
    if not steps:
        return {"steps": 0}
    benign = [row for row, name in enumerate(recorder.names) if name not in recorder.all_traitors]
    benign_mean, benign_max = pair_distances(steps[-1].poses[benign])
    episode = steps[horizon - 1].cumulative_reward if len(steps) >= horizon else None
    reaction_ms = 1e3 * np.asarray(recorder.reaction_s or [math.nan])
    ally_age_ms = 1e3 * np.asarray(recorder.ally_ages_s or [math.nan])
    figures: dict[str, Any] = {
        "steps": len(steps),
        "time_s": steps[-1].time_s,
        "team_return": steps[-1].cumulative_reward,
        "episode_return": episode,
        "final_mean_distance_m": steps[-1].mean_distance_m,
        "final_max_distance_m": steps[-1].max_distance_m,
        "final_benign_mean_distance_m": benign_mean,
        "final_benign_max_distance_m": benign_max,
        "rendezvous_m": recorder.rendezvous_m,
        "time_to_rendezvous_s": steps[-1].time_to_rendezvous_s,
        "compromised": sorted(recorder.all_traitors),
        "missing_reports": recorder.missing_reports,
        "missed_deadlines": recorder.missed_deadlines,
        "reaction_ms_p50": float(np.percentile(reaction_ms, 50)),
        "reaction_ms_p99": float(np.percentile(reaction_ms, 99)),
        "ally_age_ms_p50": float(np.percentile(ally_age_ms, 50)),
        "ally_age_ms_p99": float(np.percentile(ally_age_ms, 99)),
        "gate_interventions": recorder.interventions,
    }
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in figures.items()}


def write_trajectories(path: Path, recorder: Recorder) -> None:
    """Write every step of a run that has any."""
    steps = recorder.steps
    if recorder.start_poses is None or not steps:
        return
    np.savez_compressed(
        path,
        names=np.array(recorder.names),
        time_s=np.array([0.0, *(step.time_s for step in steps)]),
        poses=np.stack([recorder.start_poses, *(step.poses for step in steps)]),
        twists=np.stack([step.twists for step in steps]),
        reward=np.array([step.reward for step in steps]),
        compromised=np.array([[name in step.traitors for name in recorder.names] for step in steps]),
    )
