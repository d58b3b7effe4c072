"""Scenarios are read strictly, and every mistake is named with file and key."""

from pathlib import Path

import pytest
import yaml
from mir2_core.errors import UserError
from mir2_core.files import find_shipped
from mir2_core.scenario import load_scenario

ROBOTS = [f"robot_{k}" for k in range(10)]
SHIPPED = Path(__file__).parents[2] / "ros2_ws" / "src" / "mir2_swarm" / "scenarios"


def load(path, mode="realtime", duration_s=30.0):
    return load_scenario(path, robots=ROBOTS, duration_s=duration_s, mode=mode)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
@pytest.mark.parametrize("mode", ["realtime", "lockstep"])
def test_every_shipped_scenario_fits_the_default_run_and_is_read_again_as_it_is_written(tmp_path, path, mode):
    scenario, faults = load(path, mode)
    assert scenario.description
    scenario.save(tmp_path / "again.yaml", faults)
    assert load(tmp_path / "again.yaml", mode) == (scenario, faults)
    assert find_shipped("scenario", path.stem, SHIPPED) == find_shipped("scenario", path.name, SHIPPED) == path


def test_faults_are_those_of_the_launch_line_and_adversaries_lie_beside_the_file(tmp_path):
    events = [
        {"at_s": 3, "fault": "offset:{x_m: 0.5}", "robot": "robot_1"},
        {"at_s": 4, "for_s": 2, "fault": "adversary(liar.onnx)", "robot": "robot_0"},
    ]
    (tmp_path / "it.yaml").write_text(yaml.safe_dump({"faults": events}))
    scenario, faults = load(tmp_path / "it.yaml")
    assert [fault.text for fault in faults] == [
        "offset:{x_m: 0.5}@robot_1:3",
        f'adversary:{{bundle: "{tmp_path}/liar.onnx"}}@robot_0:4:2',
    ]
    (tmp_path / "run").mkdir()
    scenario.save(tmp_path / "run" / "scenario.yaml", faults)
    assert load(tmp_path / "run" / "scenario.yaml")[1] == faults


KILL = {"at_s": 1, "do": "kill", "process": "policy", "robot": "robot_2"}
FLEE = {"at_s": 1, "fault": "flee", "robot": "robot_3"}


def changed(event, **changes):
    return {key: value for key, value in (event | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("faults", "processes", "words"),
    [
        ([changed(FLEE, robt="robot_3", robot=None)], [], ["unknown key 'faults.0.robt'", "did you mean 'robot'"]),
        ([FLEE, changed(FLEE, robot="robot_33")], [], ["faults.1: unknown robot 'robot_33'", "robot_3"]),
        ([changed(FLEE, fault="fle")], [], ["faults.0: unknown fault 'fle'", "did you mean 'flee'"]),
        ([changed(FLEE, fault="offset:{x_m: 99}")], [], ["faults.0: ", "x_m is 99", "-10 to 10"]),
        ([changed(FLEE, at_s=30)], [], ["'faults.0.at_s' is 30", "the run ends after 30 s"]),
        ([changed(FLEE, at_s=-1)], [], ["faults.0.at_s", "-1"]),
        ([changed(FLEE, at_s="soon")], [], ["faults.0.at_s", "soon"]),
        ([FLEE, changed(FLEE, at_s=5)], [], ["faults.1: 'robot_3' already has a fault on its commands"]),
        ([], [changed(KILL, do="kil")], ["processes.0.do", "did you mean 'kill'"]),
        ([], [changed(KILL, process="injector")], ["processes.0.process", "fault_injector"]),
        ([], [changed(KILL, robot="robot_22")], ["processes.0: robot is 'robot_22'", "robot_2"]),
        ([], [changed(KILL, robot=None)], ["processes.0: robot is ''", "robot_0"]),
        ([], [changed(KILL, process="gate")], ["processes.0: robot is 'robot_2'", "leave it out"]),
        ([], [changed(KILL, at_s=31)], ["'processes.0.at_s' is 31"]),
        ([], [changed(KILL, do="continue")], ["processes.0: 'policy' is not paused then"]),
        ([], [changed(KILL, do="pause", at_s=t) for t in (1, 2)], ["processes.1: 'policy' is paused already"]),
        ([], [changed(KILL, do="pause"), KILL, changed(KILL, do="continue", at_s=2)], ["processes.2", "not paused"]),
    ],
)
def test_mistakes_are_named(tmp_path, faults, processes, words):
    path = tmp_path / "it.yaml"
    path.write_text(yaml.safe_dump({"faults": faults, "processes": processes}))
    with pytest.raises(UserError) as error:
        load(path)
    assert str(error.value).startswith(str(path))
    assert all(word in str(error.value) for word in words), str(error.value)


def test_what_would_never_go_on_in_lockstep_is_refused(tmp_path):
    path = tmp_path / "it.yaml"
    path.write_text(yaml.safe_dump({"processes": [changed(KILL, do="pause")]}))
    load(path)
    with pytest.raises(UserError, match=r"processes\.0: in lockstep time stands still while 'policy' is paused"):
        load(path, mode="lockstep")


def test_an_unknown_scenario_is_refused_with_the_nearest():
    with pytest.raises(UserError, match=r"scenario 'traitor_at_1s'.*did you mean 'traitor_at_10s.yaml'"):
        find_shipped("scenario", "traitor_at_1s", SHIPPED)
