"""Mistakes in configurations and command lines are named with their way out."""

from pathlib import Path

import pytest
from mir2_core.errors import UserError
from mir2_policies.cli.main import main
from mir2_policies.learners.registry import ALGORITHMS, load_config


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_file_that_only_names_the_algorithm_holds_its_defaults(name: str, tmp_path: Path) -> None:
    path = tmp_path / "train.yaml"
    path.write_text(f"algorithm: {name}\n")
    assert load_config(path) == ALGORITHMS[name].config()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("algorithm: mir2\npenalty_wieght: 0.1\n", "did you mean 'penalty_weight'"),
        ("algorithm: maddpg\npenalty_weight: 0.1\n", "unknown key 'penalty_weight'"),
        ("algorithm: mir\n", "did you mean 'mir2'"),
        ("algorithm: mir2\ngamma: 1.5\n", "key 'gamma' is 1.5"),
        ("algorithm: mir2\ntask: rendevous\n", "did you mean 'rendezvous'"),
        ("algorithm: mir2\ntask_parameters: {robots: 1}\n", "key 'task_parameters.robots' is 1"),
        ("algorithm: mir2\ntask_parameters: {robot: 3}\n", "did you mean 'robots'"),
        ("gamma: 0.9\n", "key 'algorithm' is missing"),
        ("", "a training configuration was expected"),
        ("gamma: [", "line"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "train.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=r"train\.yaml") as error:
        load_config(path)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--algorithm", "mirr2"], "unknown algorithm 'mirr2'"),
        (["--task", "rendezvos"], "did you mean 'rendezvous'"),
        (["--steps", "0"], "--steps is 0"),
        (["--minutes", "nan"], "--minutes is nan"),
        (["--device", "abacus"], "--device 'abacus' cannot be used"),
        (["--config", "nowhere.yaml"], "nowhere.yaml: cannot be read"),
        (["--resume"], "config.yaml: no such file"),
        (["--seed", "-1"], "key 'seed' is -1"),
        (["--set", "gama=0.9"], "--set gama=0.9: unknown key 'gama'"),
        (["--set", "gama=0.9"], "did you mean 'gamma'"),
        (["--set", "task_parameters.robot=3"], "did you mean 'robots'"),
        (["--set", "task_parameters.robots=1"], "key 'task_parameters.robots' is 1"),
        (["--set", "task_parameters.dt_s=.inf"], "key 'task_parameters.dt_s' is inf"),
        (["--set", "hidden=[-3]"], "key 'hidden.0' is -3"),
        (["--set", "hidden.0=3"], "key 'hidden' is (256, 256) and holds no keys"),
        (["--set", "threads=100000"], "key 'threads' is 100000"),
        (["--set", "replay_transitions=100000000000"], "key 'replay_transitions' is 100000000000"),
        (["--set", "evaluation_episodes=1"], "key 'evaluation_episodes' is 1"),
        (["--set", "seed"], "give KEY=VALUE"),
        (["--set", "gamma=["], "the value is not YAML"),
        (["--set", "algorithm=mir2"], "give --algorithm mir2"),
        (["--set", "task=rendezvous"], "give --task rendezvous"),
    ],
)
def test_command_lines_end_with_the_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["train", "--output", str(tmp_path / "run"), *arguments])
    assert ended.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: ")
    assert message in last
    assert not (tmp_path / "run").exists()
