"""The suite reports the worst of all families, keeps what it has, and says when it had too little time."""

import json
from pathlib import Path
from typing import Any

import pytest
from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError
from mir2_core.traitors.trained import AdversaryBundle
from mir2_policies.attacks.families import FAMILIES
from mir2_policies.attacks.suite import (
    PICTURE_FILE,
    SUITE_FILE,
    Suite,
    SuiteConfig,
    check_families,
    open_suite,
    settled,
)
from mir2_policies.cli.main import main

from tests.bundles import write_centroid_bundle
from tests.policies.attacks.victims import config


def suite_config(victim: PolicyBundle, **changes: Any) -> SuiteConfig:
    return SuiteConfig(attack=config(victim, **changes), minutes=0.02)


def command(policy: Path, output: Path, *options: str) -> list[str]:
    return ["attack", "--suite", "--quiet", "--policy", str(policy), "--output", str(output), *options]


def run(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(arguments)


@pytest.mark.timeout(1200)
def test_the_command_reports_the_worst_of_all_families(
    victim: PolicyBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--threat", "two_faced", "--robots", "1", "--minutes", "0.03"]
    run(command(victim.path, tmp_path, *options))
    shown = json.loads(capsys.readouterr().out)
    report = json.loads((tmp_path / SUITE_FILE).read_text())
    families = {row["family"]: row for row in report["families"]}
    assert list(families) == list(FAMILIES)
    worst = max(families.values(), key=lambda row: row["loss_mean"])
    assert (shown["worst"], shown["loss_mean"]) == (worst["family"], worst["loss_mean"])
    assert shown["loss_mean"] > 4.0 * shown["loss_standard_error"] > 0.0
    near = [row for row in families.values() if row["loss_mean"] >= 0.9 * worst["loss_mean"]]
    assert shown["settled"] == all(row["settled"] for row in near)
    assert (shown["threat"], shown["robots"], shown["aim"]) == ("two_faced", [1], "benign return")
    assert all(row["curve"] and row["episodes"] >= 64 and row["seconds"] > 0.0 for row in families.values())
    assert (tmp_path / PICTURE_FILE).stat().st_size > 10_000
    adversary = AdversaryBundle.load(tmp_path / "adversary.onnx")
    assert (adversary.info.threat, adversary.info.robots) == ("two_faced", [1])


def test_a_suite_goes_on_with_the_next_family(victim: PolicyBundle, tmp_path: Path) -> None:
    only = SuiteConfig(attack=config(victim), families=("scripts",), minutes=0.02)
    first = Suite(only, victim, tmp_path).run()
    kept = (tmp_path / "scripts.json").read_bytes()
    both = Suite(only.model_copy(update={"families": ("scripts", "rules")}), victim, tmp_path)
    second = both.run()
    assert (tmp_path / "scripts.json").read_bytes() == kept
    assert second["loss_mean"] >= first["loss_mean"]
    rules = json.loads((tmp_path / "rules.json").read_text())
    scripts = json.loads(kept)
    assert rules["curve"][0][1] >= scripts["curve"][-1][1] - 1e-3, "it began with what scripts had found"


@pytest.mark.timeout(1200)
def test_a_resumed_suite_forgets_nothing(
    victim: PolicyBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Plans, the network and its bundle are there again, and more time goes to what had too little."""
    options = ["--threat", "liar", "--robots", "0", "--families", "rules,plans,network", "--minutes", "1e-5"]
    run(command(victim.path, tmp_path, *options))
    first = json.loads((tmp_path / SUITE_FILE).read_text())
    assert not first["settled"]
    (tmp_path / "adversary.onnx").unlink()
    run(command(victim.path, tmp_path, *options[:4], "--resume"))
    assert json.loads((tmp_path / SUITE_FILE).read_text()) == first
    bundle = AdversaryBundle.load(tmp_path / "adversary.onnx")
    assert bundle.metadata.evaluation["benign_loss_mean"] == pytest.approx(first["adversary"]["loss_mean"], abs=1e-3)
    run(command(victim.path, tmp_path, *options[:4], "--families", "rules,sequences", "--minutes", "0.02", "--resume"))
    capsys.readouterr()
    second = json.loads((tmp_path / SUITE_FILE).read_text())
    rules, sequences = second["families"]
    assert (rules["found"]["generations"], rules["budget_minutes"]) > (1, 0.01)
    planned = next(row["loss_mean"] for row in first["families"] if row["family"] == "plans")
    assert sequences["loss_mean"] >= planned - 1e-3, "it began with what was planned before"


def test_a_weak_adversary_is_shown_up(victim: PolicyBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    attack = ["attack", "--quiet", "--policy", str(victim.path), "--threat", "liar", "--robots", "0"]
    run([*attack, "--steps", "32", "--output", str(tmp_path / "weak")])
    weak = json.loads(capsys.readouterr().out)
    options = ["--suite", "--families", "rules,plans", "--minutes", "0.01", "--check", weak["file"]]
    run([*attack, *options, "--output", str(tmp_path / "suite")])
    report = json.loads(capsys.readouterr().out)
    checked = report["checked"]
    assert checked["loss_mean"] == pytest.approx(weak["benign_loss_mean"], abs=0.05)
    assert checked["suite_finds_more"] == pytest.approx(report["loss_mean"] - checked["loss_mean"], abs=1e-3)
    with pytest.raises(SystemExit, match="2"):
        main([*attack[:-3], "two_faced", "--robots", "0", *options, "--output", str(tmp_path / "other")])
    assert "trained for the threat 'liar', not for 'two_faced'; give --threat liar" in capsys.readouterr().err


def test_too_little_time_is_said() -> None:
    assert settled([(1.0, 5.0), (2.0, 9.5), (4.0, 10.0)])
    assert not settled([(1.0, 5.0), (2.0, 8.5), (4.0, 10.0)])
    assert not settled([(4.0, 10.0)]), "one round says nothing"


def test_when_all_scripts_were_tried_more_time_finds_nothing(victim: PolicyBundle, tmp_path: Path) -> None:
    for minutes, done in ((10.0, True), (1e-6, False)):
        folder = tmp_path / str(done)
        only = SuiteConfig(attack=config(victim), families=("scripts",), minutes=minutes)
        assert Suite(only, victim, folder).run()["settled"] is done


def test_a_short_suite_does_not_look_final(victim: PolicyBundle, tmp_path: Path) -> None:
    settings = SuiteConfig(attack=config(victim), families=("rules",), minutes=1e-6)
    report = Suite(settings, victim, tmp_path).run()
    assert not report["settled"]
    assert "not final; attack again with more --minutes" in report["note"]


def test_a_black_box_is_attacked_without_gradients(tmp_path: Path) -> None:
    odd = PolicyBundle.load(write_centroid_bundle(tmp_path / "odd.onnx", robots=3))
    settings = SuiteConfig(attack=config(odd), families=("sequences", "rules"), minutes=1e-6)
    report = Suite(settings, odd, tmp_path / "run").run()
    assert "gradients through its operators" in report["skipped"]["sequences"]
    assert report["worst"] == "rules"
    with pytest.raises(UserError, match=r"cannot be attacked.*name more in --families"):
        Suite(settings.model_copy(update={"families": ("sequences",)}), odd, tmp_path / "none").run()


def test_another_attack_is_not_gone_on_with(victim: PolicyBundle, tmp_path: Path) -> None:
    Suite(SuiteConfig(attack=config(victim), families=("rules",), minutes=1e-6), victim, tmp_path).run()
    with pytest.raises(UserError, match="give --resume"):
        open_suite(suite_config(victim), victim, tmp_path, resume=False)
    with pytest.raises(UserError, match="threat is 'two_faced' but this attack has 'liar'"):
        open_suite(suite_config(victim, threat="two_faced"), victim, tmp_path, resume=True)
    kept = open_suite(suite_config(victim), victim, tmp_path, resume=True, keep=("families",)).config
    assert (kept.families, kept.minutes) == (("rules",), 0.02)
    (tmp_path / "rules.json").write_text("{")
    with pytest.raises(UserError, match=r"rules\.json: not what a family of attacks found"):
        open_suite(kept, victim, tmp_path, resume=True).run()


def test_families_run_in_their_own_order() -> None:
    assert check_families(["network", "scripts"]) == ("scripts", "network")
    assert check_families([]) == tuple(FAMILIES)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--minutes", "0"], "key 'minutes' is 0.0"),
        (["--minutes", "nan"], "minutes"),
        (["--steps", "100"], "a suite is given its budget in --minutes"),
        (
            ["--families", "script"],
            "unknown family 'script'; valid: network, plans, rules, scripts, sequences; did you mean",
        ),
        (["--threat", "lair"], "did you mean 'liar'?"),
    ],
)
def test_mistakes_are_refused(
    options: list[str], message: str, victim: PolicyBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(command(victim.path, tmp_path / "run", "--robots", "0", *options))
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "run").exists()
