"""Policies in conditions, played through the real nodes: which runs these are, and their records as episodes."""

import itertools
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError, nearest
from mir2_core.run import Run
from mir2_core.traitors import MESSAGES, TRAITORS
from mir2_core.traitors.schedule import parse_faults
from mir2_core.traitors.trained import AdversaryBundle
from mir2_core.world import BACKENDS

from mir2_policies.evaluation.episodes import Arena, Episodes
from mir2_policies.evaluation.measure import Scenario, Settings, bundle_task
from mir2_policies.evaluation.ros import RunRecord, play_run
from mir2_policies.evaluation.table import CLEAN

CONDITIONS = (CLEAN, *TRAITORS, *MESSAGES)  # by default
SEEDS = (0, 1, 2, 3, 4)  # by default
RUNS = "runs"  # the folder of the runs inside that of the report
ROBOTS_PER_PROCESS = 5  # in lockstep, where this changes nothing but the speed

Player = Callable[[Run, Path, threading.Event], RunRecord]


class Nodes(NamedTuple):
    """How the runs of an evaluation are played."""

    mode: Literal["lockstep", "realtime"] = "lockstep"
    backend: str = "pybullet"
    jobs: int = 1  # runs at the same time
    disturbance: str = ""
    player: Player = play_run

    @property
    def in_words(self) -> str:
        """For a report."""
        how = "through ROS nodes" if self.player is play_run else "as through ROS nodes, without messages"
        return f"{how}, {self.mode}, {self.backend}"


class Planned(NamedTuple):
    """A run that is to be played into a folder, which is there when the run was whole."""

    run: Run
    folder: Path
    steps: int
    player: Player = play_run

    def record(self) -> RunRecord:
        """What the run left; `UserError` if that is not a whole episode."""
        return _whole(RunRecord.read(self.folder), self.steps)

    @property
    def is_done(self) -> bool:
        """Whether it was played, to its end."""
        try:
            self.record()
        except UserError:
            return False
        return True


def check(settings: Settings, nodes: Nodes) -> None:
    """Refuse backends that there are not, and too few starts."""
    if nodes.backend not in BACKENDS:
        raise UserError(f"--backend: unknown backend '{nodes.backend}'; {nearest(nodes.backend, BACKENDS)}")
    if len(settings.seeds) < 2:
        raise UserError("--seeds: each gives one start of the nodes; give 2 or more")


def check_condition(condition: str) -> None:
    """Refuse what is no fault of a robot that the launch knows."""
    if condition != CLEAN:
        try:
            parse_faults(f"{condition}@{_robot(0)}:0", [_robot(0), _robot(1)])
        except UserError as mistake:
            raise UserError(f"--conditions: {mistake}") from None


def fault_scenarios(settings: Settings) -> Iterator[Scenario]:
    """Every condition with every set of traitors."""
    for condition in settings.conditions:
        if condition == CLEAN:
            yield Scenario(CLEAN)
            continue
        for count in settings.traitors:
            for robots in itertools.combinations(settings.robots, count):
                yield Scenario(condition, robots)


def plan(bundle: PolicyBundle, scenario: Scenario, settings: Settings, nodes: Nodes, directory: Path) -> list[Planned]:
    """One run a seed, all traitors compromised from the beginning to the end."""
    task = bundle_task(bundle)
    digest = bundle.metadata.file_sha256[:8]
    policy = f"{bundle.path.stem}-of-{task.params.robots}-{digest}"
    where = directory / RUNS / f"{nodes.mode}-{nodes.backend}" / policy / _folder_name(scenario)
    common = {
        "robots": task.params.robots,
        "policy": str(bundle.path.resolve()),
        "backend": nodes.backend,
        "mode": nodes.mode,
        "disturbance": nodes.disturbance,
        "duration_s": task.params.horizon * task.params.dt_s,
        "fault": ",".join(f"{_kind(scenario)}@{_robot(index)}:0" for index in scenario.robots),
        "robots_per_process": ROBOTS_PER_PROCESS if nodes.mode == "lockstep" else 1,
        "record": False,
    }
    return [
        Planned(Run.model_validate(common | {"seed": seed}), where / f"seed-{seed}", task.params.horizon, nodes.player)
        for seed in settings.seeds
    ]


def play_all(planned: Sequence[Planned], jobs: int, done: Callable[[], Any] = lambda: None) -> None:
    """Play every run that is not done, `jobs` at a time; `UserError` names those that failed, once all have ended."""
    stop = threading.Event()
    failures: list[str] = []
    with ThreadPoolExecutor(jobs) as pool:
        playing = [pool.submit(_play, each, stop) for each in planned if not each.is_done]
        try:
            for future in as_completed(playing):
                if failure := future.result():
                    failures.append(failure)
                done()
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
    if failures:
        raise UserError(f"{len(failures)} of {len(planned)} runs failed: {'; '.join(failures)}")


def _play(planned: Planned, stop: threading.Event) -> str:
    """Play into a folder beside and move it when the run was whole; what went wrong, or nothing."""
    beside = planned.folder.with_name(f"{planned.folder.name}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        record = planned.player(planned.run, beside, stop)
        if record.status:
            raise UserError(f"{beside}: exit status {record.status}: {record.complaint}")
        _whole(record, planned.steps)
    except UserError as error:
        return str(error)
    shutil.rmtree(planned.folder, ignore_errors=True)
    beside.rename(planned.folder)
    return ""


def episodes(bundle: PolicyBundle, scenario: Scenario, records: Sequence[RunRecord]) -> Episodes:
    """Records as episodes, one world each; what traitors told is not in them, so their true poses stand there."""
    task = bundle_task(bundle)
    arena = Arena(task, scenario.robots)
    poses = np.stack([record.poses for record in records], axis=1)
    twists = np.stack([record.twists for record in records], axis=1)
    actions = task.twist_to_action(twists[..., 0], twists[..., 1])
    outcomes = [task.outcome(*step) for step in zip(poses[1:], actions, strict=True)]
    over = np.logical_or.accumulate([done for _, done in outcomes])
    going = np.concatenate([np.ones_like(over[:1]), ~over[:-1]])
    benign = np.stack([arena.benign_reward(*step) for step in zip(poses[1:], actions, strict=True)])
    return Episodes(
        robots=tuple(scenario.robots),
        poses=poses,
        reported=poses[:-1][:, :, list(scenario.robots)],
        actions=actions,
        going=going,
        team_reward=np.stack([reward for reward, _ in outcomes]) * going,
        benign_reward=benign * going,
        benign_widest_m=np.stack([arena.benign_widest_m(place) for place in poses]),
        together_m=float(records[0].metrics["rendezvous_m"]),
    )


def _whole(record: RunRecord, steps: int) -> RunRecord:
    if len(record.rewards) != steps:
        raise UserError(f"{record.folder}: {len(record.rewards)} steps are recorded, not {steps}")
    return record


def _robot(index: int) -> str:
    """As the default roster names them."""
    return f"robot_{index}"


def _kind(scenario: Scenario) -> str:
    """What the launch calls the condition."""
    adversary = scenario.traitor
    return f"adversary({adversary.path.resolve()})" if isinstance(adversary, AdversaryBundle) else scenario.condition


def _folder_name(scenario: Scenario) -> str:
    digest = [scenario.traitor.metadata.file_sha256[:8]] if isinstance(scenario.traitor, AdversaryBundle) else []
    return re.sub(r"[^\w.-]+", "_", "-".join([scenario.condition, *digest, *map(str, scenario.robots)]))
