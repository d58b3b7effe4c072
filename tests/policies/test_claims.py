"""Claims hold under a short attack with a fresh seed, and one that is too bold is shown up."""

import json
import secrets
from pathlib import Path

import pytest
from mir2_policies.bundles.rules import RuleConfig
from mir2_policies.bundles.rules_export import export_rule
from mir2_policies.cli.main import main
from mir2_policies.studies.claims import check_claims

SHIPPED = Path(__file__).parents[2] / "policies/zoo/claims.yaml"


@pytest.mark.timeout(1200)
def test_what_is_claimed_of_shipped_policies_holds(tmp_path: Path) -> None:
    results = check_claims(SHIPPED, tmp_path, seed=secrets.randbelow(2**31), minutes=1e-6, families=("rules",))
    assert all(result["holds"] for result in results), results


def claims_of_a_weak_team(folder: Path, *rows: str) -> Path:
    export_rule(RuleConfig(algorithm="centroid"), 3, folder / "centroid.onnx", horizon=40)
    (folder / "claims.yaml").write_text("claims:\n" + "".join(f"  - {row}\n" for row in rows))
    return folder / "claims.yaml"


def test_a_broken_claim_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = "{policy: centroid.onnx, threat: liar, traitors: 1, at_most: %s}"
    file = claims_of_a_weak_team(tmp_path, row % 0.01)
    options = ["--families", "rules", "--minutes", "1e-6", "--seed", "7", "--quiet"]
    with pytest.raises(SystemExit, match="1"):
        main(["claims", str(file), *options])
    shown = json.loads(capsys.readouterr().out)
    (claim,) = shown["claims"]
    assert (shown["seed"], claim["policy"], claim["holds"]) == (7, "centroid.onnx", False)
    assert claim["loss_mean"] > 0.01
    file.write_text(file.read_text().replace("0.01", "100"))
    with pytest.raises(SystemExit, match="0"):
        main(["claims", str(file), *options])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{policy: centroid.onnx, threat: lier, traitors: 1, at_most: 1}", "unknown threat 'lier'"),
        ("{policy: centroid.onnx, threat: liar, traitors: 2, at_most: 1}", "2 traitors of 3 leave fewer than two"),
        ("{policy: centroid.onnx, threat: liar, traitors: 1, at_most: 0}", "at_most"),
        ("{policy: centroid.onnx, threat: liar, traitors: 1, team: 5, at_most: 1}", "is 3 in the policy but 5 here"),
        ("{policy: none.onnx, threat: liar, traitors: 1, at_most: 1}", "none.onnx"),
    ],
)
def test_mistakes_are_refused(row: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = claims_of_a_weak_team(tmp_path, row)
    with pytest.raises(SystemExit, match="2"):
        main(["claims", str(file), "--families", "rules", "--minutes", "1e-6"])
    assert message in capsys.readouterr().err
