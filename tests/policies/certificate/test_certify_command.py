"""`mir2 certify` writes what it has proved, into a folder and into a copy of the policy, and refuses what it cannot."""

import json
from pathlib import Path
from typing import Any

import pytest
from mir2_core.bundle import PolicyBundle
from mir2_policies.bundles.certificate.certificate import Certificate
from mir2_policies.bundles.certificate.report import table
from mir2_policies.cli.main import main

from tests.policies.certificate.cases import ZOO, write_random


@pytest.fixture(scope="module")
def random(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random(tmp_path_factory.mktemp("certify") / "random.onnx")


def certify(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    with pytest.raises(SystemExit, match="0"):
        main(["certify", *map(str, words), "--states", "2", "--boxes", "300", "--quiet"])
    result: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return result


def test_it_writes_a_report_and_into_a_copy(random: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy, folder = tmp_path / "copy.onnx", tmp_path / "three"
    conditions = ("--conditions", "clean,flee", "--robots", "1")
    result = certify(capsys, random, "--team", 3, *conditions, "--output", folder, "--write", copy)
    certificate = Certificate.model_validate_json((folder / "certificate.json").read_text())
    assert result == certificate.summary().model_dump() | {"report": str(folder / "certificate.html")}
    assert [entry.robot for entry in certificate.entries] == [0, 1, 2, 0, 1, 2, 0, 2, 0, 2], "of benign robots"
    assert all(entry.attack < entry.bound for entry in certificate.entries)
    assert all(entry.liar != entry.robot for entry in certificate.entries)
    assert [row[:2] for row in table(certificate)] == [["clean", "6"], ["flee", "4"], ["all", "10"]]
    for name in ("certificate.md", "certificate.html"):
        assert "It says nothing of what many lies in a row do" in (folder / name).read_text()

    bundle = PolicyBundle.load(copy)
    assert bundle.metadata.certificates == [certificate.summary()]
    original = PolicyBundle.load(random).metadata
    assert bundle.metadata == original.model_copy(
        update={"certificates": bundle.metadata.certificates, "file_sha256": bundle.metadata.file_sha256}
    )

    more, clean = tmp_path / "more.onnx", ("--conditions", "clean")
    certify(capsys, copy, "--team", 3, *clean, "--vote", 1, "--output", tmp_path / "vote", "--write", more)
    known = PolicyBundle.load(more).metadata
    assert [(each.robots, each.vote, each.conditions) for each in known.certificates] == [
        (3, 0, ["clean", "flee"]),
        (3, 1, ["clean"]),
    ]
    assert known.vote == 0, "the policy itself stays as it is"
    certify(capsys, more, "--team", 3, *clean, "--output", tmp_path / "again", "--write", copy)
    replaced = PolicyBundle.load(copy).metadata.certificates
    assert [(each.vote, each.conditions) for each in replaced] == [(1, ["clean"]), (0, ["clean"])]


def test_the_same_seed_proves_the_same(random: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = [
        certify(capsys, random, "--conditions", "clean", "--seed", seed, "--output", tmp_path / name)
        for name, seed in (("one", 3), ("two", 3), ("three", 4))
    ]
    one, two, three = ({key: each[key] for key in ("bound_mean", "attack_mean")} for each in results)
    assert one == two != three


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--traitors", "2"], "--traitors is 2: bounds are known for 1"),
        (["--states", "1"], "--states is 1: give 2 or more"),
        (["--gap", "0"], "--gap is 0: give a number above 0 and up to 2"),
        (["--gap", "nan"], "--gap is nan: give a number above 0 and up to 2"),
        (["--boxes", "0"], "--boxes is 0: give 1 or more"),
        (["--vote", "9"], "--vote is 9; allowed: 0 to 8"),
        (["--vote", "1"], "it cannot vote: it has inputs for one team size"),
        (["--team", "4"], "task_parameters.robots is 3 in the policy but 4 here"),
        (["--conditions", "fle"], "unknown condition 'fle'"),
        (["--robots", "7"], "robot 7 cannot be a traitor"),
        (["--write", "here.txt"], "--write is 'here.txt': give a file name that ends in .onnx"),
        (["--write", str(ZOO / "rendezvous-mir2_allies-3.onnx")], "the policy itself: adversaries"),
    ],
)
def test_mistakes_are_named(words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy, folder = ZOO / "rendezvous-mir2_allies-3.onnx", tmp_path / "report"
    with pytest.raises(SystemExit, match="2"):
        main(["certify", str(policy), "--output", str(folder), *words])
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert said in error
    assert not folder.exists()
