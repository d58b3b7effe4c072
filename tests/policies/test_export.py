"""Bundles act like the trained actor, one robot at a time, and carry what a deployment checks."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from mir2_core.bundle import PolicyBundle, config_sha256
from mir2_core.errors import UserError
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_policies.bundles.export import export_actor, export_run
from mir2_policies.cli.main import main
from mir2_policies.evaluation.returns import episode_returns
from mir2_policies.learners.maddpg import MaddpgConfig
from mir2_policies.learners.networks import Actor
from mir2_policies.training.run import Budget
from mir2_policies.training.trainer import Trainer
from mir2_sim.batched import torch_task

from tests.policies.tiny_run import tiny_config

ZOO = Path(__file__).parents[2] / "policies" / "zoo"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("run")
    Trainer(tiny_config("mir2"), directory).run(Budget(transitions=1000), quiet=True)
    return directory


@pytest.fixture(scope="module")
def bundle(run: Path) -> PolicyBundle:
    export_run(run, run / "policy.onnx")
    return PolicyBundle.load(run / "policy.onnx")


def test_metadata_say_what_the_policy_was_made_for(bundle: PolicyBundle) -> None:
    metadata, config = bundle.metadata, tiny_config("mir2")
    task = Rendezvous(config.task_parameters)
    assert metadata.task_parameters == config.task_parameters.model_dump()
    assert [term.model_dump() for term in metadata.observation_terms] == [term._asdict() for term in task.observe.terms]
    assert metadata.algorithm == "mir2"
    assert metadata.control_rate_hz == pytest.approx(10.0)
    assert metadata.training_config == config.model_dump(mode="json")
    assert metadata.training_config_sha256 == config_sha256(metadata.training_config)
    assert metadata.evaluation["episodes"] == 64
    assert len(metadata.golden.observations) >= 4


def test_one_robot_at_a_time_acts_like_the_batch(bundle: PolicyBundle) -> None:
    task = Rendezvous(RendezvousParams.model_validate(bundle.metadata.task_parameters))
    observations = task.observe(task.reset(np.random.default_rng(0), 50)).reshape(-1, task.observe.size)
    together = bundle.act(observations)
    for row, action in zip(observations, together, strict=True):
        np.testing.assert_allclose(bundle.act(row[None])[0], action, atol=1e-6)
    assert np.abs(together).max() <= 1.0


def test_the_bundle_earns_the_return_it_carries(bundle: PolicyBundle) -> None:
    task = Rendezvous(RendezvousParams.model_validate(bundle.metadata.task_parameters))

    def act(observations: Any) -> Any:
        return bundle.act(observations.reshape(-1, task.observe.size)).reshape(-1, 3, 2)

    evaluation = bundle.metadata.evaluation
    returns = episode_returns(task, act, evaluation["episodes"], evaluation["seed"])
    assert returns.mean() == pytest.approx(evaluation["return_mean"], abs=2e-3)


def test_the_command_measures_the_return_again(bundle: PolicyBundle, capsys: pytest.CaptureFixture[str]) -> None:
    carried = bundle.metadata.evaluation
    options = ["--episodes", str(carried["episodes"]), "--seed", str(carried["seed"])]
    with pytest.raises(SystemExit, match="0"):
        main(["evaluate", str(bundle.path), *options])
    measured = json.loads(capsys.readouterr().out)
    assert measured["return_mean"] == pytest.approx(carried["return_mean"], abs=2e-3)
    assert measured["return_standard_error"] == pytest.approx(carried["return_standard_error"], abs=2e-3)


@pytest.mark.parametrize("hidden", [(), (8,), (256, 256, 256)])
def test_any_depth_can_be_exported(hidden: tuple[int, ...], tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = MaddpgConfig.model_validate({**tiny_config("maddpg").model_dump(), "hidden": hidden})
    task = torch_task("rendezvous", config.task_parameters)
    actor = Actor(task.observe.size, 2, hidden)
    export_actor(actor, task, config, {}, tmp_path / "policy.onnx")
    observations = np.random.default_rng(0).normal(size=(7, task.observe.size)).astype(np.float32)
    with torch.no_grad():
        expected = actor(torch.from_numpy(observations)).numpy()
    np.testing.assert_allclose(PolicyBundle.load(tmp_path / "policy.onnx").act(observations), expected, atol=1e-6)


def test_a_broken_actor_is_not_written(tmp_path: Path) -> None:
    config = tiny_config("maddpg")
    task = torch_task("rendezvous", config.task_parameters)
    actor = Actor(task.observe.size, 2, config.hidden)
    torch.nn.init.constant_(actor.body[0].weight, torch.nan)
    with pytest.raises(UserError, match="not written: ONNX Runtime differs"):
        export_actor(actor, task, config, {}, tmp_path / "policy.onnx")
    assert not (tmp_path / "policy.onnx").exists()


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"config\.yaml: no such file"):
        export_run(tmp_path, tmp_path / "policy.onnx")


@pytest.mark.parametrize("path", sorted(ZOO.glob("*.onnx")), ids=lambda path: path.stem)
def test_shipped_policies_load_and_are_as_good_as_they_say(path: Path) -> None:
    bundle = PolicyBundle.load(path)
    assert path.stat().st_size < 1_000_000
    params = RendezvousParams.model_validate(bundle.metadata.task_parameters)
    task = Rendezvous(params)

    def act(observations: Any) -> Any:
        return bundle.act(observations.reshape(-1, task.observe.size)).reshape(-1, params.robots, 2)

    returns = episode_returns(task, act, 32, seed=7)
    tolerance = 4.0 * returns.std(ddof=1) / np.sqrt(len(returns))
    assert returns.mean() == pytest.approx(bundle.metadata.evaluation["return_mean"], abs=tolerance)
    assert bundle.metadata.evaluation["return_mean"] > -11.0


def test_exporting_twice_gives_the_same_file(run: Path, bundle: PolicyBundle, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["export", str(run), "--output", str(tmp_path / "again.onnx")])
    first, again = (hashlib.sha256(path.read_bytes()) for path in (run / "policy.onnx", tmp_path / "again.onnx"))
    assert first.hexdigest() == again.hexdigest()
    assert onnx.load(tmp_path / "again.onnx").opset_import[0].version <= 20
