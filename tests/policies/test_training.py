"""Training improves, survives kills, bootstraps through time limits and stops at NaN."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mir2_core.errors import UserError
from mir2_core.files import locked
from mir2_policies.cli.main import main
from mir2_policies.learners.registry import ALGORITHMS
from mir2_policies.learners.replay import Batch, Replay
from mir2_policies.training.checkpoint import load_checkpoint, save_checkpoint
from mir2_policies.training.progress import read_progress
from mir2_policies.training.run import Budget
from mir2_policies.training.trainer import Trainer
from mir2_sim.batched import torch_task

from tests.policies.tiny_run import tiny_config, tiny_file

MIR2 = [sys.executable, "-c", "from mir2_policies.cli.main import main; main()"]


def train(*arguments: object) -> list[str]:
    return [*MIR2, "train", "--quiet", *map(str, arguments)]


@pytest.mark.parametrize(
    "algorithm",
    [
        pytest.param(name, marks=[] if name in ("maddpg", "mir2_allies", "apg") else pytest.mark.slow)
        for name in ALGORITHMS
    ],
)
def test_a_short_run_improves_the_return(algorithm: str, tmp_path: Path) -> None:
    lighter = {"penalty_weight": 0.0003} if algorithm == "mir2" else {}  # the published one favours useless actions
    trainer = Trainer(tiny_config(algorithm, evaluation_interval=4000, **lighter), tmp_path)
    trainer.run(Budget(transitions=12_000), quiet=True)
    rows = read_progress(tmp_path)
    assert trainer.measure()["return_mean"] > -29.0, "standing still gives -33"
    assert [row.transitions for row in rows] == [4000, 8000, 12_000]
    assert rows[-1].minutes > rows[0].minutes > 0
    assert list(tmp_path.glob("events.out.tfevents.*"))


def test_a_killed_run_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    arguments = ("--config", tiny_file(tmp_path), "--steps", 6000, "--seed", 5)
    result = subprocess.run(train("--output", whole, *arguments), check=True, capture_output=True)
    assert json.loads(result.stdout)["transitions"] == 6000
    process = subprocess.Popen(train("--output", killed, *arguments), stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (killed / "progress.csv").exists() or not read_progress(killed):
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert load_checkpoint(killed)["transitions"] < 6000
    subprocess.run(train("--output", killed, "--resume", "--steps", 6000), check=True, capture_output=True)
    expected, found = load_checkpoint(whole), load_checkpoint(killed)
    assert found["transitions"] == expected["transitions"] == 6000
    for part in ("actor", "critic", "club", "target_critic"):
        torch.testing.assert_close(found["learner"][part], expected["learner"][part], rtol=0, atol=0)
    torch.testing.assert_close(found["learner"]["replay"], expected["learner"]["replay"], rtol=0, atol=0)
    assert [row[::2] for row in read_progress(killed)] == [row[::2] for row in read_progress(whole)]


def test_a_finished_run_is_neither_overwritten_nor_changed(tmp_path: Path) -> None:
    run = tmp_path / "run"
    Trainer(tiny_config("mir2"), run).run(Budget(transitions=100), quiet=True)
    for arguments, message in (
        (("--steps", 600), "give --resume"),
        (("--resume", "--seed", 77), "--seed is 77 but this run has 0"),
        (("--resume", "--algorithm", "maddpg"), "--algorithm is 'maddpg' but this run has 'mir2'"),
    ):
        again = subprocess.run(train("--output", run, *arguments), capture_output=True, text=True, check=False)
        assert again.returncode == 2
        assert message in again.stderr.splitlines()[-1]


def test_two_trainings_never_share_a_folder(tmp_path: Path) -> None:
    trainer = Trainer(tiny_config("mir2"), tmp_path)
    with locked(tmp_path / ".lock", wait=False), pytest.raises(UserError, match="another 'mir2 train' is at work here"):
        trainer.run(Budget(transitions=100), quiet=True)


def test_a_folder_that_cannot_be_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["train", "--steps", "100", "--output", "/proc/mine", "--quiet"])
    assert end.value.code == 2
    assert "error: /proc/mine: cannot be written" in capsys.readouterr().err


def test_nan_stops_the_run_and_keeps_the_last_good_checkpoint(tmp_path: Path) -> None:
    config = tiny_config("mir2", critic_learning_rate=1e30, warmup_transitions=1600, checkpoint_interval_s=0.0)
    with pytest.raises(UserError, match=r"stopped at transition \d+: loss/\w+ is (nan|inf)"):
        Trainer(config, tmp_path).run(Budget(transitions=4000), quiet=True)
    state = load_checkpoint(tmp_path)
    assert 1 <= state["transitions"] <= 2000
    assert all(weight.isfinite().all() for weight in state["learner"]["critic"].values())


def test_a_checkpoint_of_another_version_is_refused(tmp_path: Path) -> None:
    Trainer(tiny_config("maddpg"), tmp_path).run(Budget(transitions=16), quiet=True)
    state = load_checkpoint(tmp_path)
    state["worlds"]["3"]["poses"] = state["worlds"]["3"].pop("state")
    save_checkpoint(tmp_path, state)
    with pytest.raises(UserError, match=r"checkpoint\.pt: written by another version, without 'state'"):
        Trainer(tiny_config("maddpg"), tmp_path).resume()


@pytest.mark.parametrize(("published", "alive"), [(False, 1.0), (True, 0.0)])
def test_time_limits_are_bootstrapped_through_unless_told_otherwise(
    published: bool, alive: float, tmp_path: Path
) -> None:
    config = tiny_config(
        "maddpg", time_limit_is_terminal=published, task_parameters={"robots": 3, "horizon": 1}, worlds=50
    )
    Trainer(config, tmp_path).run(Budget(transitions=100), quiet=True)
    rows = load_checkpoint(tmp_path)["learner"]["replay"]["rows"]
    assert (rows["alive"] == alive).all()


def test_relabelling_keeps_transitions_true() -> None:
    config = tiny_config("maddpg")
    task = torch_task("rendezvous", config.task_parameters)
    poses = task.asarray(task.reset(np.random.default_rng(0), 16))
    actions = torch.rand(16, 3, 2) * 2 - 1
    batch = Batch(poses, actions, torch.zeros(16), task.step(poses, actions), torch.ones(16))
    shuffled = batch.relabelled(torch.Generator().manual_seed(1))
    torch.testing.assert_close(task.step(shuffled.state, shuffled.actions), shuffled.next_state)
    torch.testing.assert_close(shuffled.state.sum(dim=1), poses.sum(dim=1))
    assert not torch.equal(shuffled.state, poses)


def test_replay_forgets_the_oldest_and_finds_the_newest() -> None:
    replay = Replay(10, robots=2, state_size=3, action_size=2)
    for start in range(0, 24, 4):
        values = torch.arange(start, start + 4.0)
        replay.add(Batch(torch.zeros(4, 2, 3), torch.zeros(4, 2, 2), values, torch.zeros(4, 2, 3), torch.ones(4)))
    rng = np.random.default_rng(0)
    assert set(replay.sample(rng, 500).reward.tolist()) == set(range(14, 24))
    assert set(replay.sample(rng, 500, newest=3).reward.tolist()) == {21.0, 22.0, 23.0}


@pytest.mark.parametrize(("name", "share"), [("mir2", 1.0), ("mir2_states", 0.5)])
def test_the_penalty_enters_the_critic_target(name: str, share: float) -> None:
    task = torch_task("rendezvous", tiny_config(name).task_parameters)
    learners: dict[float, Any] = {}
    for weight in (0.0, 0.5):
        config = tiny_config(name, penalty_weight=weight)
        learners[weight] = ALGORITHMS[name].learner(config, task, np.random.default_rng(0))
        learners[weight].updates = 500  # of 1000 until a growing weight is whole
    poses = task.asarray(task.reset(np.random.default_rng(1), 32))
    actions = torch.rand(32, 3, 2)
    batch = Batch(poses, actions, torch.zeros(32), poses, torch.ones(32))
    club, state = learners[0.5].club, learners[0.5].inputs.features(poses)
    bound = (club.bound if name == "mir2" else club.bound_by_action)(state, actions.flatten(1))
    difference = learners[0.0].critic_target(batch) - learners[0.5].critic_target(batch)
    torch.testing.assert_close(difference, share * 0.5 * bound)
