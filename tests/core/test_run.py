from pathlib import Path

import pytest
import yaml
from mir2_core.errors import UserError
from mir2_core.roster import Roster
from mir2_core.run import ARGUMENTS, Run, prepare


def test_arguments_and_a_file_build_the_same_run(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("duration_s: 5\nseed: 3\ngui: false\nmode: lockstep\n")
    typed = Run.from_arguments({"duration": "5", "seed": "3", "gui": "false", "mode": "lockstep", "fault": ""})
    assert typed == Run.load(file) == Run(duration_s=5.0, seed=3, mode="lockstep")
    assert Run.from_arguments({"run": str(file), "seed": "4", "duration": ""}) == typed.model_copy(update={"seed": 4})


def test_paths_in_a_file_are_beside_it(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("roster: team.yaml\npolicy: best.onnx\n")
    run = Run.load(file)
    assert (run.roster, run.policy) == (str(tmp_path / "team.yaml"), str(tmp_path / "best.onnx"))
    file.write_text("policy: shipped\n")
    assert Run.load(file).policy == "shipped"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"durration": "5"}, r"unknown launch argument 'durration'; valid: .*run.*; did you mean 'duration'\?"),
        ({"duration": "-3"}, "launch argument duration is '-3'; allowed: a number from 0.1 to 86400"),
        ({"duration": "nan"}, "launch argument duration is 'nan'; allowed: a number from 0.1 to 86400"),
        ({"duration": "soon"}, "launch argument duration is 'soon'; allowed: a number"),
        ({"robots": "1"}, "launch argument robots is '1'; allowed: a whole number from 2 to 64"),
        ({"robots": "2.5"}, "launch argument robots is '2.5'; allowed: a whole number"),
        ({"seed": "-1"}, "launch argument seed is '-1'; allowed: a whole number from 0 to 2147483647"),
        ({"mode": "lokstep"}, "launch argument mode is 'lokstep'; valid: lockstep, realtime; did you mean 'lockstep'"),
        ({"gui": "maybe"}, "launch argument gui is 'maybe'; allowed: true or false"),
        ({"robots_per_process": "0"}, "launch argument robots_per_process is '0'; allowed: a whole number from 1 to"),
        ({"run": "nowhere.yaml"}, r"nowhere\.yaml: cannot be read"),
    ],
)
def test_a_mistaken_argument_is_refused_in_one_line(arguments, message):
    with pytest.raises(UserError, match=message) as error:
        Run.from_arguments(arguments)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("durration_s: 5\n", "run.yaml: unknown key 'durration_s'; valid: .*did you mean 'duration_s'"),
        ("duration_s: -1\n", "run.yaml: key 'duration_s' is -1"),
        ("mode: fast\n", "run.yaml: key 'mode' is 'fast'.*realtime.*lockstep"),
    ],
)
def test_a_mistake_in_a_file_names_file_and_key(tmp_path, text, message):
    (tmp_path / "run.yaml").write_text(text)
    with pytest.raises(UserError, match=message):
        Run.load(tmp_path / "run.yaml")


def test_every_argument_says_what_it_is():
    assert set(ARGUMENTS) == {"run", "duration", *Run.model_fields} - {"duration_s"}
    assert all(ARGUMENTS.values())
    assert "30.0" in ARGUMENTS["duration"]


def test_arguments_give_the_run_again():
    run = Run(robots=3, seed=4, duration_s=2.5, gui=True, fault="offset:{x_m: 0.5}@robot_0:1,stop@robot_1:2")
    assert run.to_arguments()["gui"] == "true"
    assert Run.from_arguments(run.to_arguments()) == run
    assert Run().to_arguments() == {}


@pytest.fixture
def share(tmp_path, make_bundle) -> Path:
    """A package's shared folder with a roster of three robots and a policy for them."""
    (tmp_path / "share" / "config").mkdir(parents=True)
    (tmp_path / "share" / "policies").mkdir()
    make_bundle(robots=3).rename(tmp_path / "share" / "policies" / "centroid.onnx")
    document = {
        "arena": {"size_m": 2.0},
        "policy": "centroid",
        "allow_fault_injection": True,
        "robots": [{"name": name} for name in "abc"],
    }
    (tmp_path / "share" / "config" / "rendezvous.yaml").write_text(yaml.safe_dump(document))
    return tmp_path / "share"


def test_a_prepared_run_can_be_repeated_from_its_folder(share, tmp_path):
    run = Run(seed=3, backend="kinematic", mode="lockstep", duration_s=2.0, fault="stop@b:1", output=f"{tmp_path}/one")
    first = prepare(run, share)
    assert {path.name for path in first.folder.iterdir()} == {"roster.yaml", "run.yaml", "digests.json"}
    assert Roster.load(first.roster_file) == first.roster
    assert all(robot.start for robot in first.roster.robots)
    again = prepare(Run.from_arguments({"run": str(first.folder / "run.yaml"), "output": str(tmp_path / "two")}), share)
    assert again.roster == first.roster
    assert again.run.model_dump(exclude={"roster", "output"}) == run.model_dump(exclude={"roster", "output"})
    with pytest.raises(UserError, match="already holds a run"):
        prepare(run, share)


@pytest.mark.parametrize(
    ("change", "roster", "message"),
    [
        ({"mode": "lockstep"}, {"stamped_cmd_vel": False}, "robot 'a' has 'stamped_cmd_vel: false'.*mode:=realtime"),
        ({}, {"kind": "epuck2_point"}, "robot 'a': backend 'pybullet' cannot build the kind 'epuck2_point'"),
        ({"fault": "stop@d:1"}, {}, "unknown robot 'd'"),
        ({"fault": "stop@a:1,stop@b:30"}, {}, "fault: 'stop@b:30' starts after 30 s.*from 0 to less than 30 s"),
        ({"fault": "nan@c:1e4:1"}, {}, "fault: 'nan@c:10000:1' starts after 10000 s.*or a longer duration"),
        ({"robots": 5}, {}, "task_parameters.robots is 3 in the policy but 5 here"),
        (
            {"backend": "gazebo"},
            {},
            "unknown backend 'gazebo'; valid: gym_pybullet_drones, hardware, kinematic, pybullet",
        ),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing_behind(share, tmp_path, change, roster, message):
    file = tmp_path / "team.yaml"
    document = yaml.safe_load((share / "config" / "rendezvous.yaml").read_text())
    document["robots"][0] |= roster
    file.write_text(yaml.safe_dump(document))
    with pytest.raises(UserError, match=message):
        prepare(Run(roster=str(file), output=str(tmp_path / "out"), **change), share)
    assert not (tmp_path / "out").exists()
