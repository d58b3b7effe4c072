"""A study can be stopped at any moment and goes on where it was."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError
from mir2_policies.attacks.families.family import Family
from mir2_policies.attacks.theory import is_beyond
from mir2_policies.attacks.threats import THREATS
from mir2_policies.bundles import rules_export
from mir2_policies.cli.main import parser
from mir2_policies.evaluation.table import Measurement, Table, rank, read_table
from mir2_policies.studies.engine import run_study
from mir2_policies.studies.local import Local
from mir2_policies.studies.plan import QUICK, Plan, checked, load_plan, quick
from mir2_policies.studies.schedule import Unit, units
from mir2_policies.studies.units import carry_out
from mir2_policies.studies.worst import Found, grouped, read_worst, write_worst

STUDY = [sys.executable, "-c", "from mir2_policies.cli.main import main; main()", "study", "rendezvous"]
SHIPPED = Path(__file__).parents[2] / "policies/mir2_policies/studies/plans/rendezvous.yaml"


def study(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*STUDY, *map(str, arguments)], capture_output=True, text=True, check=False)


def markers(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("done.json")}


def quick_plan() -> Plan:
    return quick(load_plan(SHIPPED))


@pytest.mark.timeout(1200)
def test_a_killed_study_goes_on_without_doing_anything_twice(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    begin = subprocess.Popen(
        [*STUDY, "--output", str(folder), "--quick", "--quiet", "--jobs", "2"], stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while len(markers(folder)) < 3:
        assert begin.poll() is None, "the study ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    second = parser().parse_args(["study", "rendezvous", "--output", str(folder), "--resume"])
    with pytest.raises(UserError, match="another 'mir2 study' is at work here"):
        second.run(second)
    os.kill(begin.pid, signal.SIGKILL)
    assert begin.wait() == -signal.SIGKILL
    before = markers(folder)
    result = study("--output", folder, "--resume", "--jobs", "2")
    assert result.returncode == 0, result.stderr
    after = markers(folder)
    assert {path: after[path] for path in before} == before
    assert set(after) == {f"{unit.path}/done.json" for unit in units(quick_plan())}
    assert "100%" in result.stderr
    files = json.loads(result.stdout)["quick"]
    page = Path(files["report"]).read_text()
    table = json.loads(Path(files["table"]).read_text())
    assert {row["condition"] for row in table["measurements"]} == {"clean", "flee", "trained liar"}
    assert {(row["policy"], row["seed"]) for row in table["measurements"]} == {
        ("mir2", 0),
        ("mir2", 1),
        ("centroid", 0),
    }
    assert "beats mir2" in page
    assert not list(folder.rglob("*.partial"))


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    plan = quick_plan()
    unit = next(units(plan))
    checkpoint = tmp_path / unit.path / "run" / "checkpoint.pt"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"half a file")
    with pytest.raises(UserError, match=r"checkpoint\.pt: not a checkpoint"):
        carry_out(tmp_path, plan, unit)
    with pytest.raises(UserError, match=rf"unit '{unit.path}' failed: {checkpoint}: not a checkpoint"):
        run_study(tmp_path, plan, Local(tmp_path, plan, jobs=1), quiet=True)


def test_a_plan_is_kept_as_it_was(tmp_path: Path) -> None:
    for plan in (load_plan(SHIPPED), quick_plan()):
        plan.write(tmp_path / "plan.yaml")
        assert load_plan(tmp_path / "plan.yaml") == plan


def test_units_come_after_what_they_need() -> None:
    plan = load_plan(SHIPPED)
    todo = list(units(plan))
    seen: set[str] = set()
    for unit in todo:
        assert set(unit.needs) <= seen
        assert unit.minutes > 0
        seen.add(unit.path)
    policies = len(plan.algorithms) * len(plan.seeds) + 2
    assert [sum(unit.kind == kind for unit in todo) for kind in ("train", "attack", "measure", "report")] == [
        policies,
        policies * 9,
        policies,
        1,
    ]
    assert len(seen) == len(todo)


def changed(**changes: object) -> dict[str, object]:
    return {**yaml.safe_load(SHIPPED.read_text()), **changes}


def any_variant(**settings: object) -> dict[str, object]:
    evaluation = {"conditions": ["clean"], "robots": [0], "traitors": [1], "episodes": 2, "seeds": [0]}
    attack = {"threats": ["liar", "mute"], "robots": [[0]], "families": ["rules"], "minutes": 1e-6}
    variant = {"name": "any", "task_parameters": {"observation": "allies", "robots": 4}, **settings}
    return {"variants": [variant], "evaluation": evaluation, "attack": attack}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"algorithms": ["mir3"]}, "unknown algorithm 'mir3'; valid: .*did you mean 'mir2'"),
        ({"algorithms": []}, "key 'algorithms'"),
        ({"algorithms": ["mir2", {"name": "mir2", "algorithm": "maddpg"}]}, "key 'algorithms' names something twice"),
        ({"algorithms": ["mir2", {"name": "again", "algorithm": "mir2"}]}, "'mir2' and 'again' are the same"),
        (
            {"algorithms": [{"name": "strong", "algorithm": "maddpg", "settings": {"penalty_weight": 0.03}}]},
            "settings of 'strong' in the plan: unknown key 'penalty_weight'",
        ),
        ({"seeds": [1, 1]}, "key 'seeds' names something twice"),
        ({"training": {"settings": {}}}, "give steps, minutes or both"),
        ({"training": {"steps": 5, "settings": {"gama": 0.9}}}, "unknown key 'gama'.*did you mean 'gamma'"),
        ({"attack": {"threats": ["mute"], "robots": [[0]], "steps": 5}}, "silence has no gradient"),
        (
            {"attack": {"threats": ["liar"], "robots": [[0]], "steps": 5, "families": []}},
            "a suite is given its budget in minutes",
        ),
        ({"attack": {"threats": ["spy"], "robots": [[0]], "steps": 5}}, "attack.threats.0' is 'spy'"),
        ({"attack": {"threats": ["liar"], "robots": [[10]], "steps": 5}}, "robot 10 cannot be a traitor"),
        (
            {"variants": [{"name": "far", "task_parameters": {"observation": "agnostic"}}]},
            "give this variant 'references: \\[\\]'",
        ),
        (
            {"variants": [{"name": "ten", "teams": [10, 5]}]},
            "variant 'ten': its policies are for teams of 10 only, not 5",
        ),
        (
            {"variants": [{"name": "ten", "again": [{"teams": [10], "vote": 1}]}]},
            "variant 'ten': vote is 1, but its policies need every ally",
        ),
        (any_variant(teams=[65]), "variant 'any': a team of 65; allowed: 2 to 64"),
        (any_variant(teams=[10, 4], traitors=[[0, 1, 2]]), "3 traitors of 4 robots leave fewer than two"),
        (any_variant(teams=[10], references=["wmsr_6"]), "key 'variants.0.references.0'"),
        (any_variant(teams=[5, 6], references=["wmsr_3"]), "'wmsr_3' needs a team of 7"),
        (
            any_variant(again=[{"teams": [10], "tracker": True}])
            | {"attack": {"threats": ["saboteur"], "robots": [[0]], "steps": 5}},
            "tracker is True, which changes nothing for saboteur",
        ),
    ],
)
def test_mistakes_in_a_plan(changes: dict[str, object], message: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(yaml.safe_dump(changed(**changes)))
    with pytest.raises(UserError, match=message):
        load_plan(path)


def test_variants_have_settings_of_their_own() -> None:
    plan = quick_plan()
    variants = [
        {"name": "two", "task_parameters": {"robots": 4}},
        {"name": "near", "task_parameters": {"radius_m": 0.5, "observation": "agnostic"}, "references": []},
    ]
    plan = checked(
        Plan.model_validate({**plan.model_dump(), "evaluation": plan.evaluation._asdict(), "variants": variants}),
        "test",
    )
    assert plan.training_config(plan.variants[1], plan.algorithms[0], 3).task_parameters.radius_m == 0.5
    assert [u.path for u in units(plan) if u.kind == "report"] == ["two/report/all", "near/report/all"]
    assert Unit("near", "train", "centroid", (), 1.0).path not in {u.path for u in units(plan)}


def test_mistakes_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    (tmp_path / "old").mkdir()
    quick_plan().write(tmp_path / "old" / "plan.yaml")
    for arguments, message in (
        (("rendezvous", "--output", tmp_path / "old"), "already holds a study; give --resume"),
        (("rendezvous", "--output", tmp_path / "old", "--resume", "--quick"), "--quick cannot change a study"),
        (("rendezvous", "--output", tmp_path / "new", "--resume"), "leave --resume out"),
        (("rendezvous", "--output", "/proc/study", "--quick"), "cannot be written"),
        (("rendevous", "--output", tmp_path / "new"), "did you mean 'rendezvous'"),
        (("rendezvous", "--output", tmp_path / "new", "--quick", "--minutes-per-policy", -1), "greater than 0"),
        (
            ("rendezvous", "--output", tmp_path / "new", "--quick", "--address", "here:1"),
            "--address is for --engine ray",
        ),
        (
            ("rendezvous", "--output", tmp_path / "new", "--quick", "--engine", "ray"),
            r"needs the package 'ray'; install",
        ),
    ):
        parsed = parser().parse_args(["study", *map(str, arguments)])
        with pytest.raises(UserError, match=message):
            parsed.run(parsed)


def test_policies_for_any_team_are_trained_once_and_attacked_at_every_size() -> None:
    again = [{"teams": [5], "vote": 1, "tracker": True}, {"teams": [4, 8], "tracker": True, "traitors": [[1, 2]]}]
    variant = any_variant(teams=[3, 4, 8], again=again, references=["wmsr_3"])
    changes = {**variant, "algorithms": ["apg"], "seeds": [0]}
    todo = list(units(Plan.model_validate({**quick_plan().model_dump(), "name": "any", **changes})))
    assert [unit.name for unit in todo if unit.kind == "train"] == ["apg-0", "wmsr_3"]
    assert [unit.name for unit in todo if unit.kind == "measure"] == [
        *("wmsr_3.of-8", "apg-0.of-3", "apg-0", "apg-0.of-8", "apg-0.of-5.vote-1"),
    ]
    assert [unit.name for unit in todo if unit.kind == "attack" and unit.name.startswith("apg-0.of-8")] == [
        *("apg-0.of-8.liar.0", "apg-0.of-8.mute.0", "apg-0.of-8.liar.tracked.1-2", "apg-0.of-8.mute.1-2"),
    ]


def test_a_study_of_policies_for_any_team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Family, "episodes", 4)
    monkeypatch.setattr(Family, "selection_episodes", 2)
    monkeypatch.setattr(rules_export, "EVALUATION_EPISODES", 8)
    few = {"final_evaluation_episodes": 2, "evaluation_episodes": 2, "worlds": 2}
    changes: dict[str, object] = {
        "algorithms": ["apg"],
        "references": ["centroid"],
        "seeds": [0],
        "training": {"steps": 160, "settings": few},
        **any_variant(teams=[3, 4], again=[{"teams": [3], "vote": 1, "tracker": True}]),
        "attack": {"threats": ["liar"], "robots": [[0]], "families": ["rules"], "minutes": 1e-6},
    }
    plan = checked(Plan.model_validate({**quick_plan().model_dump(), **changes}), "test")
    for unit in units(plan):
        carry_out(tmp_path, plan, unit)
    report = tmp_path / "any/report/all"
    rows = {(row.policy, row.team, row.threat, row.tracker): row for row in read_worst(report / "worst.json")}
    assert set(rows) == {
        *((policy, team, "liar", False) for policy in ("centroid", "apg") for team in (3, 4)),
        ("apg, vote 1", 3, "liar", True),
    }
    assert [row.policy for row in rows.values() if row.rule] == ["centroid", "centroid"]
    assert PolicyBundle.load(tmp_path / "any/train/apg-0/vote-1.onnx").metadata.vote == 1
    table = read_table(report / "table.json")
    assert table.conditions == ["clean, 3 robots", "clean, 4 robots"]
    assert "Rendezvous of 3, 4 robots" in (report / "report.html").read_text()


def test_of_several_sizes_those_count_that_all_were_measured_in() -> None:
    def row(policy: str, team: int, benign: float) -> Measurement:
        own: dict[str, Any] = {"policy": policy, "file": policy, "team": team, "seed": 0, "condition": "flee"}
        returns = {name: [benign, benign] for name in ("team_returns", "benign_returns", "loyal_returns")}
        return Measurement(**own, **returns, robots=[0], rendezvous_s=1.0, success_rate=1.0)

    rows = [row("any", 3, -30.0), row("any", 10, -10.0), row("wmsr_3", 10, -12.0)]
    table = Table(task="rendezvous", task_parameters={"robots": 10}, episodes=2, seeds=[0], measurements=rows)
    assert [(each.policy, each.attacked.value) for each in rank(table)] == [("any", -10.0), ("wmsr_3", -12.0)]


def found(**changes: Any) -> Found:
    families = {"scripts": 1.0, "plans": 2.0}
    usual = {
        "policy": "wmsr",
        "seed": 0,
        "team": 3,
        "threat": "liar",
        "tracker": False,
        "robots": [0],
        "worst": "plans",
    }
    usual |= {"loss": 2.0, "standard_error": 0.1, "settled": True, "minutes": 1.5, "families": families}
    return Found.model_validate({**usual, **changes})


def test_the_worst_attack_comes_first_with_every_family_behind_it(tmp_path: Path) -> None:
    runs = [found(policy="maddpg", seed=seed, loss=20.0 + seed, settled=seed > 0) for seed in range(3)]
    write_worst([found(), *runs, found(threat="two_faced", loss=50.0)], tmp_path)
    lines = (tmp_path / "worst.md").read_text().splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("|")]
    assert (
        " | ".join(rows[0])
        == "policy | threat | robots | traitors | runs | worst: lost | to | scripts | plans | minutes"
    )
    assert " | ".join(rows[2]) == "wmsr | two_faced | 3 | 1 † of 4 | 1 | 50.00 ± 0.10 | plans | 1.00 | 2.00 | 1.5"
    assert rows[3][:6] == ["maddpg", "liar", "3", "1", "3", "(21.00 [20.00, 22.00])"]
    assert rows[4][:6] == ["wmsr", "liar", "3", "1", "1", "2.00 ± 0.10"]
    page = (tmp_path / "worst.html").read_text()
    assert "<td>50.00 ± 0.10</td>" in page
    assert 'src="data:image/png;base64,' in page
    assert (tmp_path / "worst.png").read_bytes().startswith(b"\x89PNG")


def test_the_worst_attacks_of_several_studies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_worst([found(), found(seed=1, tracker=True)], tmp_path / "three/three/report/all")
    write_worst([found(loss=3.0), found(team=10, policy="apg"), found(team=5)], tmp_path / "any/any/report/all")
    command = ["worst", str(tmp_path / "three"), str(tmp_path / "any"), "--output", str(tmp_path / "all")]
    arguments = parser().parse_args(command)
    assert arguments.run(arguments) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["attacks"], printed["found_twice"]) == (4, 1)
    together = read_worst(tmp_path / "all" / "worst.json")
    assert [(each.team, each.tracker, each.loss) for group in grouped(together) for each in group] == [
        *((3, False, 3.0), (3, True, 2.0), (5, False, 2.0), (10, False, 2.0))
    ]
    assert Path(printed["page"]).exists()
    (tmp_path / "none").mkdir()
    arguments = parser().parse_args(["worst", str(tmp_path / "none"), "--output", str(tmp_path / "all")])
    with pytest.raises(UserError, match=r"none: holds no worst\.json; finish a study there"):
        arguments.run(arguments)


@pytest.mark.parametrize(
    ("traitors", "same_to_all", "to_each_another"), [(1, 3, 4), (2, 5, 7), (3, 7, 10)], ids=["one", "two", "three"]
)
def test_what_is_beyond_theory(traitors: int, same_to_all: int, to_each_another: int) -> None:
    for team in range(3, 12):
        assert is_beyond(team, traitors, THREATS["liar"]) == (team < same_to_all)
        assert is_beyond(team, traitors, THREATS["two_faced"]) == (team < to_each_another)


def test_a_suite_attacks_where_a_plan_says_so(tmp_path: Path) -> None:
    attack = {"threats": ["liar"], "robots": [[0]], "families": ["rules"], "minutes": 1e-6}
    plan = Plan.model_validate(quick_plan().model_dump() | {"evaluation": QUICK["evaluation"], "attack": attack})
    todo = {unit.path: unit for unit in units(plan)}
    for path in ("quick/train/centroid", "quick/attack/centroid.liar.0"):
        carry_out(tmp_path, plan, todo[path])
    report = json.loads((tmp_path / "quick/attack/centroid.liar.0/run/suite.json").read_text())
    assert (report["worst"], report["threat"], report["settled"]) == ("rules", "liar", False)


def test_the_plan_of_the_worst_attacks_can_be_carried_out() -> None:
    plan = load_plan(SHIPPED.with_name("worst.yaml"))
    attacks = [unit.name for unit in units(plan) if (unit.variant, unit.kind) == ("ten", "attack")]
    assert {"wmsr_3.two_faced.0-1-2", "mir2_first-2.liar.0", "geometric_median.liar.0-1"} <= set(attacks)
