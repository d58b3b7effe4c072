"""The picture of a training run and the numbers beside it."""

import json
from pathlib import Path

import pytest
from mir2_core.errors import UserError
from mir2_policies.studies.curve import draw_curve
from mir2_policies.training.run import Budget
from mir2_policies.training.trainer import Trainer

from tests.policies.tiny_run import tiny_config


def test_numbers_are_those_of_the_runs(tmp_path: Path) -> None:
    runs = [tmp_path / "a", tmp_path / "b"]
    trainers = [Trainer(tiny_config("maddpg", seed=seed), run) for seed, run in enumerate(runs)]
    for trainer in trainers:
        trainer.run(Budget(transitions=320), quiet=True)
    results = [trainer.measure() for trainer in trainers]
    summary = draw_curve(runs, tmp_path / "curve.png")
    document = json.loads((tmp_path / "curve.json").read_text())
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert summary["returns"] == [result["return_mean"] for result in results]
    assert [run["final"] for run in document["runs"]] == results
    assert document["runs"][1]["evaluations"][-1]["transitions"] == 320
    assert "--seed 1 --steps 320" in document["runs"][1]["command"]
    assert document["references"]["standing still"] == pytest.approx(-33.0, abs=1.0), "100 steps, three robots"


def test_runs_of_different_tasks_are_refused(tmp_path: Path) -> None:
    runs = [tmp_path / "three", tmp_path / "four"]
    for robots, run in zip((3, 4), runs, strict=True):
        config = tiny_config("maddpg", task_parameters={"robots": robots, "horizon": 20})
        Trainer(config, run).run(Budget(transitions=16), quiet=True)
    with pytest.raises(UserError, match="another task than that of"):
        draw_curve(runs, tmp_path / "curve.png")


def test_a_run_without_evaluations_is_refused(tmp_path: Path) -> None:
    Trainer(tiny_config("maddpg"), tmp_path).run(Budget(transitions=16), quiet=True)
    (tmp_path / "progress.csv").unlink()
    with pytest.raises(UserError, match="holds no evaluations yet"):
        draw_curve([tmp_path], tmp_path / "curve.png")
