from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from mir2_core.deployment import resize
from mir2_core.errors import UserError
from mir2_core.roster import Roster, Timeouts

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
        ({"timeouts": {"command_s": 0}}, ["timeouts.command_s", "0", "greater than 0"]),
        ({"timeouts": {"comand_s": 1}}, ["timeouts.comand_s", "did you mean 'command_s'"]),
        ({"defaults": {"epuck3": {}}}, ["unknown robot kind 'epuck3'", "did you mean 'epuck2'"]),
        ({"defaults": {"epuck2": {"drivr": {}}}}, ["defaults.epuck2.drivr", "did you mean 'driver'"]),
        ({"defaults": {"all": {"driver": 3}}}, ["defaults.all.driver", "3", "valid dictionary"]),
        ({"defaults": [1]}, ["key 'defaults'", "valid dictionary"]),
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


def test_no_message_is_longer_than_a_person_reads(tmp_path):
    for change, words in [
        ({"robots": [{"name": f"robot_{k}"} for k in range(65)]}, "at most 64"),
        ({"robots": [{"name": "a"}] * 40}, "robot 'a' appears 40 times"),
        ({"robots": [{"name": "r" * 240}, {"name": "b"}]}, "rrr…: a robot's name .* at most 64"),
    ]:
        with pytest.raises(UserError, match=words) as error:
            Roster.load(write(tmp_path, {**GOOD, **change}))
        assert len(str(error.value)) < 300 + len(str(tmp_path))
    with pytest.raises(UserError, match=r"roster\.yaml, line 1: a key must be a plain word"):
        Roster.load(write(tmp_path, "? [1, 2]\n: x\n"))


def test_settings_cascade_from_all_to_the_kind_to_the_robot(tmp_path):
    document = {
        **GOOD,
        "defaults": {
            "all": {"stamped_cmd_vel": False, "driver": {"port": 1, "speed": 2}},
            "epuck2": {"driver": {"port": 3}},
        },
        "robots": [
            {"name": "a"},
            {"name": "b", "stamped_cmd_vel": True, "driver": {"speed": 4}},
            {"name": "c", "kind": "epuck2_point"},
        ],
    }
    roster = Roster.load(write(tmp_path, document))
    assert [robot.stamped_cmd_vel for robot in roster.robots] == [False, True, False]
    assert [robot.driver for robot in roster.robots] == [
        {"port": 3, "speed": 2},
        {"port": 3, "speed": 4},
        {"port": 1, "speed": 2},
    ]
    extra = resize(roster, 4).robots[3]
    assert (extra.stamped_cmd_vel, extra.driver) == (False, {"port": 3, "speed": 2})
    roster.save(tmp_path / "again.yaml")
    assert "defaults" not in (tmp_path / "again.yaml").read_text()
    assert Roster.load(tmp_path / "again.yaml").robots == roster.robots


def test_silence_of_commands_counts_after_three_tenths_of_a_second_unless_told(tmp_path):
    assert Roster.load(write(tmp_path, GOOD)).timeouts == Timeouts(command_s=0.3, state_s=0.5, driver_s=0.3)
    told = Roster.load(write(tmp_path, {**GOOD, "timeouts": {"state_s": 2}})).timeouts
    assert (told.command_s, told.state_s) == (0.3, 2.0)


@given(text=st.text(max_size=200))
def test_no_text_makes_anything_but_a_roster_or_a_clear_refusal(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("fuzz") / "roster.yaml"
    path.write_text(text, encoding="utf-8", errors="ignore")
    with pytest.raises(UserError, match=r"roster\.yaml"):
        Roster.load(path)
