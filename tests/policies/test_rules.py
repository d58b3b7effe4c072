"""References: what they discard, how well they do, and that their bundles act like them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_core.traitors import TRAITORS
from mir2_policies.bundles.rules import Rule, RuleConfig
from mir2_policies.bundles.rules_export import export_rule
from mir2_policies.cli.main import main
from mir2_policies.evaluation.episodes import bundle_act, run_episodes
from mir2_sim.batched import torch_task
from scipy.optimize import minimize

CENTROID = RuleConfig(algorithm="centroid")
MEDIAN = RuleConfig(algorithm="geometric_median")


def wmsr(f: int) -> RuleConfig:
    return RuleConfig(algorithm="wmsr", f=f)


def test_the_centroid_rule_drives_to_the_centroid() -> None:
    task = Rendezvous(RendezvousParams(robots=3))
    poses = np.array([[[1.0, 1.0, 0.0], [1.5, 1.0, 0.0], [1.5, 1.0, 0.0]]])
    ahead, left = Rule(task, CENTROID)(task.observe(poses))[0, :2]
    np.testing.assert_allclose(ahead, [1.0, 1.0])
    np.testing.assert_allclose(left, [-1.0, -1.0])
    poses[..., 2] = np.pi / 2  # the others are to the right
    np.testing.assert_allclose(Rule(task, CENTROID)(task.observe(poses))[0, 0], [1.0, -1.0])


@pytest.mark.parametrize("f", [1, 2])
def test_wmsr_is_the_rule_of_the_paper(f: int) -> None:
    task = Rendezvous(RendezvousParams(robots=7))
    reference = Rule(task, wmsr(f))
    for values in np.random.default_rng(0).normal(size=(50, 6)):
        above, below = sorted(v for v in values if v > 0), sorted(v for v in values if v < 0)
        kept = [0.0, *above[: max(0, len(above) - f)], *below[f:]]
        assert reference._trimmed_mean(values) == pytest.approx(np.mean(kept))


def test_the_geometric_median_is_the_place_with_the_least_sum_of_distances() -> None:
    rule = Rule(Rendezvous(RendezvousParams(robots=7)), MEDIAN)
    for places in np.random.default_rng(0).normal(size=(20, 6, 2)):
        everybody = np.concatenate([places, [[0.0, 0.0]]])

        def far(point: Any, everybody: Any = everybody) -> float:
            return float(np.linalg.norm(everybody - point, axis=1).sum())

        best = far(minimize(far, everybody.mean(axis=0), method="Nelder-Mead").x)
        assert far(np.array(rule._geometric_median(*places.T))) == pytest.approx(best, rel=2e-3)


@pytest.mark.parametrize("config", [CENTROID, MEDIAN, wmsr(1), wmsr(3)], ids=str)
def test_bundles_act_like_the_rule(config: RuleConfig, tmp_path: Path) -> None:
    export_rule(config, 7, tmp_path / "rule.onnx", horizon=50)
    bundle = PolicyBundle.load(tmp_path / "rule.onnx")
    params = RendezvousParams(robots=7)
    observations = Rendezvous(params).observe(Rendezvous(params).reset(np.random.default_rng(5), 40))
    expected = Rule(Rendezvous(params), config)(observations)
    tensors = torch_task("rendezvous", params)
    np.testing.assert_allclose(bundle_act(bundle)(observations), expected, atol=1e-5)
    np.testing.assert_allclose(Rule(tensors, config)(tensors.asarray(observations)), expected, atol=1e-5)
    assert np.abs(expected).max() <= 1.0


def test_nobody_lying_the_team_meets_and_all_but_the_centroid_withstand_a_liar() -> None:
    task = Rendezvous(RendezvousParams())
    for config, clean, lied in ((CENTROID, -10.2, -11.2), (wmsr(1), -10.3, -10.5), (MEDIAN, -10.3, -10.7)):
        rule = Rule(task, config)
        returns = run_episodes(task, rule, 64, 7).team_return
        assert returns.mean() > clean
        attacked = run_episodes(task, rule, 64, 7, robots=(0,), traitor=TRAITORS["lie-far-corner"]).benign_return
        assert (attacked.mean() > lied) == (config != CENTROID)


def test_the_command_writes_a_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["reference", "wmsr", "--f", "2", "--robots", "6", "--output", str(tmp_path / "rule.onnx")])
    metadata = PolicyBundle.load(tmp_path / "rule.onnx").metadata
    assert json.loads(capsys.readouterr().out) == metadata.evaluation
    assert metadata.algorithm == "wmsr"
    assert metadata.training_config["f"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["wmrs"], "unknown rule 'wmrs'; valid: centroid, geometric_median, wmsr; did you mean 'wmsr'?"),
        (["centroid", "--f", "1"], "--f belongs to wmsr"),
        (["wmsr", "--f", "5"], "--f is 5: with 10 robots give 1 to 4"),
        (["wmsr", "--f", "0"], "key 'f' is 0"),
        (["centroid", "--robots", "1"], "key 'robots' is 1"),
    ],
)
def test_mistakes_are_refused(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["reference", *arguments, "--output", str(tmp_path / "rule.onnx")])
    assert message in capsys.readouterr().err
    assert not (tmp_path / "rule.onnx").exists()


def test_a_team_that_does_not_tell_allies_apart_is_refused() -> None:
    with pytest.raises(UserError, match="needs a pairwise observation"):
        Rule(Rendezvous(RendezvousParams(observation="agnostic")), CENTROID)
