"""`mir2 evaluate --runtime ros`: policies in conditions, every episode a run of the real nodes."""

import json
import os
from pathlib import Path

import pytest
from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError
from mir2_core.files import locked
from mir2_core.run import Run
from mir2_core.tasks import RendezvousParams
from mir2_core.traitors import TRAITORS
from mir2_policies.cli.main import main
from mir2_policies.evaluation.measure import Scenario, play
from mir2_policies.evaluation.table import read_table
from mir2_policies.evaluation.through_nodes import Planned, play_all


def mir2(*words) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    return end.value.code or 0


@pytest.mark.parametrize(
    ("runtime", "how"),
    [
        ("twin", "as through ROS nodes, without messages"),
        pytest.param("ros", "Played through ROS nodes", marks=pytest.mark.slow),
    ],
)
def test_in_the_kinematic_world_it_gives_the_figures_of_one_process(make_bundle, tmp_path, capsys, runtime, how):
    short = RendezvousParams(robots=3, horizon=15).model_dump()
    bundle, output = make_bundle(robots=3, task_parameters=short), tmp_path / "report"
    command = (
        "evaluate", bundle, "--runtime", runtime, "--backend", "kinematic", "--conditions", "flee", "--seeds", "0,1",
        "--robots", "1", "--jobs", "2", "--output", output, "--quiet",
    )  # fmt: skip
    assert mir2(*command) == 0
    shown = json.loads(capsys.readouterr().out)
    (row,) = read_table(Path(shown["table"])).measurements
    policy = PolicyBundle.load(bundle)
    for index, seed in enumerate((0, 1)):
        attacked = play(policy, Scenario("flee", (1,), TRAITORS["flee"]), 1, seed)
        assert row.benign_returns[index] == pytest.approx(attacked.benign_return[0], abs=1e-4)
        assert row.team_returns[index] == pytest.approx(attacked.team_return[0], abs=1e-4)
    assert row.loyal_returns != row.benign_returns
    assert f"{how}, lockstep, kinematic" in (output / "table.md").read_text()

    assert mir2(*command) == 2
    assert "--resume" in capsys.readouterr().err.splitlines()[-1]
    (gone,) = output.glob("runs/*/*/flee-1/seed-1")
    kept = output.joinpath(gone.with_name("seed-0"), "events.jsonl").stat().st_mtime_ns
    gone.joinpath("trajectories.npz").write_bytes(b"torn")
    assert mir2(*command, "--resume") == 0
    assert read_table(Path(shown["table"])).measurements == [row], "what is played anew is the same"
    assert gone.with_name("seed-0").joinpath("events.jsonl").stat().st_mtime_ns == kept


def test_a_run_that_fails_is_named(tmp_path):
    run = Run(policy="no/such.onnx", backend="kinematic", mode="lockstep", duration_s=1.0)
    with pytest.raises(UserError, match=r"1 of 1 runs failed: .*seed-3\.partial.*no/such\.onnx"):
        play_all([Planned(run, tmp_path / "seed-3", 10)], jobs=1)
    assert not (tmp_path / "seed-3").exists()


def test_two_at_once_on_one_folder_are_refused(make_bundle, tmp_path, capsys):
    output = tmp_path / "out"
    output.mkdir()
    with locked(output / ".lock", wait=False):
        assert mir2("evaluate", make_bundle(), "--runtime", "ros", "--output", output) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert f"{output}: another 'mir2 evaluate' is at work here (process {os.getpid()})" in message
    assert not (output / "runs").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--runtime", "ros"), "--runtime ros needs --output"),
        (("--jobs", "2"), "--jobs is for --runtime ros, twin or realtime"),
        (("--runtime", "ros", "--episodes", "9", "--output", "OUT"), "--episodes is for --runtime process"),
        (("--runtime", "ros", "--seeds", "3", "--output", "OUT"), "--seeds: each gives one start"),
        (("--runtime", "ros", "--backend", "bullet", "--output", "OUT"), "did you mean 'pybullet'"),
        (("--runtime", "ros", "--conditions", "silense", "--output", "OUT"), "did you mean 'silence'"),
        (("--runtime", "ros", "--robots", "10", "--output", "OUT"), "robot 10 cannot be a traitor"),
        (("--runtime", "realtime", "--jobs", "0", "--output", "OUT"), "--jobs is 0"),
        (("--conditions", "silence", "--output", "OUT"), "fault:=silence@robot_0:5"),
    ],
)
def test_mistakes_are_named(make_bundle, tmp_path, capsys, words, message):
    words = [str(tmp_path / "out") if word == "OUT" else word for word in words]
    assert mir2("evaluate", make_bundle(), *words) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "out" / "runs").exists()
