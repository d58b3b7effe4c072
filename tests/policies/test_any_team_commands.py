"""The commands take a policy for any team at the size that `--team` says."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError
from mir2_core.traitors.trained import AdversaryBundle
from mir2_policies.bundles.export import export_actor
from mir2_policies.cli.main import main

from tests.policies.test_set_actor import TASK, an_actor
from tests.policies.tiny_run import tiny_config


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("any") / "any.onnx"
    export_actor(an_actor(), TASK, tiny_config("maddpg", final_evaluation_episodes=2), {}, path)
    return path


def mir2(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    with pytest.raises(SystemExit, match="0"):
        main([*map(str, words), "--quiet"] if words[0] != "rollout" else [*map(str, words)])
    result: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return result


def test_evaluate_and_rollout(policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    returns = [
        mir2(capsys, "evaluate", policy, "--episodes", 4, *option)["return_mean"]
        for option in ([], ["--team", TASK.params.robots], ["--team", 3])
    ]
    assert returns[0] == returns[1] != returns[2]
    mir2(capsys, "rollout", policy, "--team", 4, "--output", tmp_path / "episode.npz")
    assert np.load(tmp_path / "episode.npz")["poses"].shape == (11, 4, 3)


def test_attack(policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    victim = ("--policy", policy, "--team", 3, "--threat", "liar", "--robots", 1)
    mir2(capsys, "attack", *victim, "--steps", 1, "--output", tmp_path / "liar")
    adversary = AdversaryBundle.load(tmp_path / "liar" / "adversary.onnx")
    adversary.require_victim(PolicyBundle.load(policy).of_size(3))
    with pytest.raises(UserError, match=r"task_parameters is .*'robots': 3"):
        adversary.require_victim(PolicyBundle.load(policy))
    found = mir2(
        capsys, "attack", *victim, "--suite", "--families", "plans", "--minutes", 0.001, "--output", tmp_path / "suite"
    )
    assert found["worst"] == "plans"
    assert not found["skipped"]


@pytest.mark.parametrize(("team", "words"), [(1, "allowed: 2 to 64"), (65, "allowed: 2 to 64")])
def test_no_such_team(policy: Path, team: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["evaluate", str(policy), "--team", str(team)])
    assert words in capsys.readouterr().err
