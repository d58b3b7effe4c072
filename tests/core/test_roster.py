from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from mir2_core.errors import UserError
from mir2_core.roster import Roster

GOOD = {
    "arena": {"size_m": 2.0},
    "policy": "p.onnx",
    "robots": [{"name": "a"}, {"name": "b", "start": {"x_m": 1, "y_m": 2}}],
}


def write(folder: Path, document: object) -> Path:
    path = folder / "roster.yaml"
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    return path


def test_round_trip(tmp_path):
    roster = Roster.load(write(tmp_path, GOOD))
    roster.save(tmp_path / "again.yaml")
    assert Roster.load(tmp_path / "again.yaml") == roster


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"polcy": "x"}, ["unknown key 'polcy'", "did you mean 'policy'"]),
        ({"robots": [{"name": "a"}, {"name": "b", "stat": {}}]}, ["robots.1.stat", "did you mean 'start'"]),
        ({"robots": [{"name": "a"}, {"name": "a"}]}, ["robot 'a' appears 2 times"]),
        ({"robots": [{"name": "a"}, {"name": "b", "start": {"x_m": 2.5, "y_m": 1}}]}, ["'b'", "2.5", "0 to 2"]),
        ({"robots": [{"name": "a"}]}, ["robots", "at least 2"]),
        ({"robots": [{"name": "a"}, {"name": "b-c"}]}, ["robots.1.name", "b-c", "letters"]),
        ({"robots": [{"name": "a"}, {"name": "b", "kind": "epuck3"}]}, ["epuck3", "epuck2"]),
        ({"arena": {"size_m": -1}}, ["arena.size_m", "-1", "greater than 0"]),
        ({"arena": {"size_m": float("nan")}}, ["arena.size_m", "nan"]),
        ({"rate_hz": "fast"}, ["rate_hz", "fast"]),
    ],
)
def test_mistakes_name_file_key_value_and_way_out(tmp_path, change, words):
    path = write(tmp_path, {**GOOD, **change})
    with pytest.raises(UserError) as error:
        Roster.load(path)
    assert all(word in str(error.value) for word in [str(path), *words]), str(error.value)


def test_missing_key_file_and_broken_yaml(tmp_path):
    with pytest.raises(UserError, match="'policy' is missing"):
        Roster.load(write(tmp_path, {k: v for k, v in GOOD.items() if k != "policy"}))
    with pytest.raises(UserError, match=r"nowhere\.yaml.*No such file"):
        Roster.load(tmp_path / "nowhere.yaml")
    with pytest.raises(UserError, match="line 2"):
        Roster.load(write(tmp_path, "a: 1\n  b: : 2"))
    with pytest.raises(UserError, match="'policy' appears twice"):
        Roster.load(write(tmp_path, "policy: a\npolicy: b\n"))
    with pytest.raises(UserError, match="holds no keys"):
        Roster.load(write(tmp_path, "just words"))
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="not a text file"):
        Roster.load(tmp_path / "binary")


@given(text=st.text(max_size=200))
def test_no_text_makes_anything_but_a_roster_or_a_clear_refusal(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("fuzz") / "roster.yaml"
    path.write_text(text, encoding="utf-8", errors="ignore")
    with pytest.raises(UserError, match=r"roster\.yaml"):
        Roster.load(path)
