"""Attacks hurt more than chance does, survive kills, and their adversaries fit one victim only."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from mir2_core.adversary import AdversaryBundle, adversary_observations, adversary_terms, reported_poses
from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_policies.adversary_export import export_adversary
from mir2_policies.attack import Attacker, deed
from mir2_policies.attack_config import AttackConfig
from mir2_policies.attack_trainer import AttackTrainer
from mir2_policies.checkpoint import load_checkpoint
from mir2_policies.cli import main
from mir2_policies.episodes import Arena, bundle_act, run_episodes
from mir2_policies.progress import read_progress
from mir2_policies.references import ReferenceConfig
from mir2_policies.references_export import export_reference
from mir2_policies.threats import SCRIPTS, THREATS
from mir2_policies.trainer import FINAL_SEED, Budget
from mir2_sim.batched import torch_task

PARAMS = RendezvousParams(robots=4, horizon=60)
TASK = Rendezvous(PARAMS)
TINY: dict[str, Any] = {
    "worlds": 16,
    "warmup_transitions": 800,
    "hidden": (64, 64),
    "critic_hidden": (64, 64),
    "batch": 128,
    "gamma": 0.95,
    "multi_step": 1,
    "tau": 0.05,
    "learning_rate": 2e-3,
    "imitation_updates": 0,
    "critic_warmup_updates": 50,
    "final_learning_rate": 1.0,
    "evaluation_interval": 4000,
    "evaluation_episodes": 16,
    "final_evaluation_episodes": 64,
}


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> PolicyBundle:
    path = tmp_path_factory.mktemp("victim") / "centroid.onnx"
    export_reference(ReferenceConfig(algorithm="centroid"), 4, path, horizon=60)
    return PolicyBundle.load(path)


def tiny(victim: PolicyBundle, **changes: Any) -> AttackConfig:
    digest = victim.metadata.file_sha256
    settings = {"policy": str(victim.path), "victim_sha256": digest, "robots": (1,), **TINY, **changes}
    return AttackConfig.model_validate(settings)


@pytest.fixture(scope="module")
def attack(victim: PolicyBundle, tmp_path_factory: pytest.TempPathFactory) -> AttackTrainer:
    trainer = AttackTrainer(tiny(victim), victim, tmp_path_factory.mktemp("attack"))
    trainer.run(Budget(transitions=12_000), quiet=True)
    return trainer


@pytest.fixture(scope="module")
def adversary(attack: AttackTrainer, tmp_path_factory: pytest.TempPathFactory) -> AdversaryBundle:
    path = tmp_path_factory.mktemp("adversary") / "adversary.onnx"
    export_adversary(attack, path)
    return AdversaryBundle.load(path)


def test_a_tiny_attack_hurts_more_than_chance(attack: AttackTrainer, victim: PolicyBundle) -> None:
    chance = run_episodes(TASK, bundle_act(victim), 64, FINAL_SEED, robots=(1,), adversary=SCRIPTS["random"])
    gain = chance.team_return - attack.play(64, FINAL_SEED).team_return  # episode by episode: the same starts
    assert gain.mean() > 4.0 * gain.std() / 8.0
    result = attack.measure()
    assert result["team_loss_mean"] > 4.0 * result["team_loss_standard_error"] > 0.0


def test_the_adversary_bundle_does_what_the_attacker_did(adversary: AdversaryBundle, victim: PolicyBundle) -> None:
    act = bundle_act(adversary)

    def traitor(situation: Any) -> Any:
        return deed(TASK, situation.poses[:, [1]], act(situation.observations))

    carried = adversary.metadata.evaluation
    played = run_episodes(TASK, bundle_act(victim), 64, FINAL_SEED, robots=(1,), adversary=traitor)
    assert played.team_return.mean() == pytest.approx(carried["team_return_mean"], abs=0.02)
    assert played.benign_return.mean() == pytest.approx(carried["benign_return_mean"], abs=0.02)
    assert adversary.info.victim_sha256 == victim.metadata.file_sha256
    assert (adversary.info.threat, adversary.info.robots, adversary.info.lies) == ("published", [1], False)


@pytest.mark.parametrize("threat", THREATS)
@pytest.mark.parametrize("observation", ["pairwise", "agnostic"])
def test_several_traitors_share_a_network_that_knows_who_is_who(threat: Any, observation: Any) -> None:
    task = torch_task("rendezvous", RendezvousParams(robots=5, observation=observation))
    config = AttackConfig(policy="", victim_sha256="", threat=threat, robots=(4, 0))
    attacker = Attacker(config, Arena(task, (4, 0)), np.random.default_rng(0))
    poses = task.asarray(task.reset(np.random.default_rng(1), 3))
    observed = attacker.observe(poses)
    assert observed.shape == (3, 2, sum(term.size for term in adversary_terms(task)))
    assert observed[..., -5:].argmax(dim=-1).tolist() == [[4, 0]] * 3
    outputs = attacker.actor(observed)
    assert outputs.shape == (3, 2, 5 if THREATS[threat].lies else 2)
    truth = adversary_observations(task, task.observe(poses)[:, [4, 0]], [4, 0])
    torch.testing.assert_close(observed, truth)


def test_reports_stay_in_the_arena_and_zero_is_the_truth() -> None:
    rng = np.random.default_rng(0)
    truth = TASK.reset(rng, 100)[:, :2]
    told = reported_poses(TASK, truth, rng.uniform(-1.0, 1.0, truth.shape))
    assert told[..., :2].min() == 0.0
    assert told[..., :2].max() == TASK.params.arena_m
    assert (told[..., 2] >= 0.0).all()
    assert (told[..., 2] < 2.0 * np.pi).all()
    np.testing.assert_allclose(reported_poses(TASK, truth, 0.0 * truth), truth)
    ahead = reported_poses(TASK, np.array([[[1.0, 1.0, np.pi / 2]]]), np.array([[[0.25, 0.0, 0.5]]]))
    np.testing.assert_allclose(ahead, [[[1.0, 1.5, np.pi]]])


def command(victim: PolicyBundle, output: Path, *options: object) -> list[str]:
    return ["attack", "--quiet", "--policy", str(victim.path), "--output", str(output), *map(str, options)]


def test_a_killed_attack_goes_on_as_if_nothing_had_happened(victim: PolicyBundle, tmp_path: Path) -> None:
    whole = AttackTrainer(tiny(victim, threat="liar"), victim, tmp_path / "whole")
    whole.run(Budget(transitions=4000), quiet=True)
    AttackTrainer(tiny(victim, threat="liar"), victim, tmp_path / "killed").run(Budget(transitions=2400), quiet=True)
    again = AttackTrainer(tiny(victim, threat="liar"), victim, tmp_path / "killed")
    again.resume()
    assert again.transitions == 2400
    again.run(Budget(transitions=4000), quiet=True)
    expected, found = load_checkpoint(tmp_path / "whole"), load_checkpoint(tmp_path / "killed")
    assert found["transitions"] == expected["transitions"] == 4000
    torch.testing.assert_close(found["replay"], expected["replay"])


def test_the_command_resumes_after_a_kill(victim: PolicyBundle, tmp_path: Path) -> None:
    arguments = command(victim, tmp_path, "--threat", "liar", "--robots", "0,3", "--steps", 4000)
    mir2 = [sys.executable, "-c", "from mir2_policies.cli import main; main()"]
    process = subprocess.Popen([*mir2, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (tmp_path / "checkpoint.pt").exists():
        assert process.poll() is None, "the attack ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    result = subprocess.run([*mir2, *arguments, "--resume"], check=True, capture_output=True)
    figures = json.loads(result.stdout)
    assert figures["transitions"] == 4000
    assert AdversaryBundle.load(figures["file"]).info.robots == [0, 3]
    assert read_progress(tmp_path)[-1].transitions == 4000


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--robots", "4"], "robot 4 cannot be a traitor: the team has robots 0 to 3"),
        (["--robots", "0,1,2"], "fewer than two benign"),
        (["--robots", "first"], "--robots is 'first'"),
        ([], "give either --robots"),
        (["--robots", "0", "--all"], "give either --robots"),
        (["--robots", "0", "--threat", "lair"], "did you mean 'liar'?"),
        (["--robots", "0", "--steps", "0"], "--steps is 0"),
        (["--robots", "0", "--seed", "-1"], "key 'seed' is -1"),
    ],
)
def test_mistakes_are_refused(
    options: list[str], message: str, victim: PolicyBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in refused(command(victim, tmp_path / "run", *options), capsys)
    assert not (tmp_path / "run").exists()


def test_a_folder_with_another_attack_is_refused(
    attack: AttackTrainer, victim: PolicyBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(attack._directory, tmp_path / "copy")
    assert "give --resume" in refused(command(victim, folder, "--robots", 1), capsys)
    assert "robots is (2,) but this attack has (1,)" in refused(
        command(victim, folder, "--robots", 2, "--resume"), capsys
    )


def test_an_adversary_fits_its_own_victim_and_robots_only(adversary: AdversaryBundle, tmp_path: Path) -> None:
    for config, robots in ((ReferenceConfig(algorithm="wmsr"), 4), (ReferenceConfig(algorithm="centroid"), 5)):
        export_reference(config, robots, tmp_path / f"{robots}.onnx", horizon=60)
    with pytest.raises(UserError, match=r"trained against 'centroid\.onnx'.*says nothing about another victim"):
        adversary.require_victim(PolicyBundle.load(tmp_path / "4.onnx"))
    with pytest.raises(UserError, match="task_parameters"):
        adversary.require_victim(PolicyBundle.load(tmp_path / "5.onnx"))
    with pytest.raises(UserError, match=r"trained as robots \[1\], not \[2\]"):
        adversary.require_robots([2])
    adversary.require_robots([1])


def test_adversaries_and_policies_are_not_mistaken_for_each_other(
    adversary: AdversaryBundle, victim: PolicyBundle, tmp_path: Path
) -> None:
    adversary.require_victim(victim)
    with pytest.raises(UserError, match=r"an adversary against 'centroid\.onnx', not a policy"):
        PolicyBundle.load(adversary.path)
    with pytest.raises(UserError, match="a policy, not an adversary"):
        AdversaryBundle.load(victim.path)
    model = onnx.load(adversary.path)
    model.graph.initializer[0].raw_data = bytes(len(model.graph.initializer[0].raw_data))
    onnx.save(model, tmp_path / "altered.onnx")
    with pytest.raises(UserError, match="the file was altered"):
        AdversaryBundle.load(tmp_path / "altered.onnx")
