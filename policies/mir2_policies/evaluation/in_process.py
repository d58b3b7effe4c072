"""A run in this process: what the nodes do in lockstep, step by step, and nothing is sent."""

import json
import math
import multiprocessing
import os
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from mir2_core.bundle import PolicyBundle
from mir2_core.deployment import Deployment, resize
from mir2_core.disturbance import parse_disturbance
from mir2_core.disturbed_world import DisturbedWorld
from mir2_core.errors import UserError
from mir2_core.files import write_text, writing
from mir2_core.recorder import Recorder, met_within_m, summary, write_trajectories
from mir2_core.robots import RobotModel
from mir2_core.roster import Roster
from mir2_core.run import DEFAULT_ROSTER, PreparedRun, Run, prepare
from mir2_core.start_poses import start_poses
from mir2_core.tasks import FloorTask
from mir2_core.traitors.schedule import as_stamped
from mir2_core.types import Echo, FloatArray, RobotState
from mir2_core.world import World, backend

from mir2_policies.evaluation.ros import RunRecord
from mir2_policies.evaluation.team import Injector, Team

LOOK_S = 0.2  # how often to look whether a run is to be stopped
SHARE = Path(__file__).parents[3] / "ros2_ws" / "src" / "mir2_swarm"  # rosters and policies, as the launch finds them


def play_in_process(run: Run, folder: Path, stop: threading.Event | None = None) -> RunRecord:
    """Play a run into a new `folder` as the nodes do in lockstep; `stop` ends it early, which is a `UserError`."""
    prepared = prepare(run.model_copy(update={"output": str(folder)}), SHARE)
    deployment = Deployment.check(prepared.roster, PolicyBundle.load(prepared.roster.policy))
    world = _world(prepared, deployment)
    try:
        recorder = _record(prepared, deployment, world, stop or threading.Event())
    finally:
        world.close()
    facts = {
        "policy": deployment.policy.path.stem,
        "robots": len(prepared.roster.robots),
        "backend": run.backend,
        "mode": "in process",
        "seed": run.seed,
        "faults": [spec.text for spec in prepared.plan.faults],
    }
    with writing(folder):
        write_text(folder / "metrics.json", json.dumps(facts | summary(recorder), indent=2) + "\n")
        write_text(folder / "events.jsonl", "")
        write_trajectories(folder / "trajectories.npz", recorder)
    return RunRecord.read(folder)


def play_twin(run: Run, folder: Path, stop: threading.Event) -> RunRecord:
    """The same in a process of its own, so that several runs are played at once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_play_and_tell, args=(theirs, run, folder), daemon=True)
    process.start()
    theirs.close()
    try:
        while not ours.poll(LOOK_S):
            if stop.is_set():
                raise UserError(f"{folder}: the run was stopped")
        mistake = ours.recv()
    except EOFError:
        mistake = f"{folder}: its process was ended from outside, perhaps for want of memory; give fewer --jobs"
    finally:
        process.kill()
        process.join()
    if mistake:
        raise UserError(mistake)
    return RunRecord.read(folder)


def _play_and_tell(pipe: Connection, run: Run, folder: Path) -> None:
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())  # PyBullet prints when it was built
    try:
        play_in_process(run, folder)
        pipe.send("")
    except UserError as mistake:
        pipe.send(str(mistake))


def starts(task: FloorTask, seed: int) -> FloatArray:
    """Where the robots (N, 3) of the default team begin in a run."""
    roster = resize(Roster.load(SHARE / "config" / f"{DEFAULT_ROSTER}.yaml"), task.params.robots)
    return start_poses(roster, task, seed)


def _record(prepared: PreparedRun, deployment: Deployment, world: World, stop: threading.Event) -> Recorder:
    """Everything that happens in a run; `UserError` if it is stopped."""
    run, roster, faults = prepared.run, prepared.roster, prepared.plan.faults
    names, models, period_s = roster.names, [robot.model for robot in roster.robots], 1.0 / roster.rate_hz
    steps = math.ceil(run.duration_s * roster.rate_hz - 1e-6)
    recorder = Recorder(deployment.task, names, 0.0, patient=True, last_step=steps, rendezvous_m=met_within_m(models))
    injector = Injector(deployment, faults, run.seed, SHARE / "policies")
    team = Team(deployment, injector, parse_disturbance(run.disturbance), run.seed)

    def traitors_at(time_s: float) -> set[str]:
        return {spec.robot for spec in faults if spec.makes_traitor and spec.active(time_s)}

    for step in range(steps + 1):
        if stop.is_set():
            raise UserError(f"{prepared.folder}: the run was stopped")
        time_s = as_stamped(round(step * period_s, 9))
        truth = world.truth if isinstance(world, DisturbedWorld) else world
        for name, state in _states(truth, names, time_s).items():
            recorder.odometry(name, state)
        if step < steps:
            echoes = [
                _echoes(model, ranges_m, time_s) for model, ranges_m in zip(models, world.proximity(), strict=True)
            ]
            decisions = team.decide(_states(world, names, time_s), dict(zip(names, echoes, strict=True)))
            for name, (gate, ally_ages_s) in decisions.items():
                recorder.gate(name, time_s, gate.command, gate.reasons, ally_ages_s)
            commands = [gate.command for gate, _ in decisions.values()]
            world.step(np.array([(command.v_mps, command.omega_radps) for command in commands]), period_s)
        recorder.advance(traitors_at)
    return recorder


def _world(prepared: PreparedRun, deployment: Deployment) -> World:
    """As the simulator node makes it."""
    run, roster = prepared.run, prepared.roster
    poses = start_poses(roster, deployment.task, run.seed)
    world = backend(run.backend).make_world(roster, deployment.task, poses, seed=run.seed, gui=False)
    settings, models = parse_disturbance(run.disturbance), [robot.model for robot in roster.robots]
    if settings.off:
        return world
    return DisturbedWorld(world, models, settings, step_s=1.0 / roster.rate_hz, seed=run.seed)


def _states(world: World, names: list[str], time_s: float) -> dict[str, RobotState]:
    """Where robots are, as messages say it."""
    numbers = zip(names, world.poses().tolist(), world.velocities().tolist(), strict=True)
    return {name: RobotState(time_s, *pose, *velocity).as_told for name, pose, velocity in numbers}


def _echoes(model: RobotModel, ranges_m: FloatArray, time_s: float) -> list[Echo]:
    """What sensors say, with the digits that messages have."""
    limits_m = np.array([sensor.range_m for sensor in model.proximity], np.float32)
    carried = np.where(ranges_m >= limits_m, np.inf, ranges_m).astype(np.float32)
    return [Echo(time_s, range_m) for range_m in carried.tolist()]
