"""Scenarios as a user launches them: what they say happens, is written down, and can be repeated."""

import json

import yaml

LAUNCH = ("launch", "mir2_swarm", "rendezvous.launch.py", "backend:=kinematic", "robots:=3", "record:=false")


def launched(swarm, make_bundle, scenario, *arguments):
    (swarm.folder / "scenario.yaml").write_text(yaml.safe_dump(scenario))
    common = (f"policy:={make_bundle(robots=3)}", "scenario:=scenario.yaml", f"output:={swarm.folder}/run")
    return swarm.ros2(*LAUNCH, *common, *arguments, deadline_s=240.0)


def events(swarm):
    lines = (swarm.folder / "run" / "events.jsonl").read_text().splitlines()
    return [
        (event["event"], event.get("robot") or event.get("node"), event["time_s"]) for event in map(json.loads, lines)
    ]


def times(swarm, event, whose):
    return [time_s for name, of, time_s in events(swarm) if (name, of) == (event, whose)]


def test_in_real_time_a_scenario_happens_is_in_the_record_and_lies_in_the_run_folder(swarm, make_bundle):
    scenario = {
        "faults": [
            {"at_s": 1, "for_s": 2, "fault": "flee", "robot": "robot_0"},
            {"at_s": 2, "for_s": 2, "fault": "loss:{share: 1, way: in}", "robot": "robot_2"},
        ],
        "processes": [
            {"at_s": 2, "do": "kill", "process": "policy", "robot": "robot_1"},
            {"at_s": 3, "do": "pause", "process": "gate"},
            {"at_s": 4, "do": "continue", "process": "gate"},
            {"at_s": 5, "do": "pause", "process": "emergency_stop"},
        ],
    }
    status, output = launched(swarm, make_bundle, scenario, "duration:=8")
    assert status == 0, output
    for robot, at_s in (("robot_0", 1.0), ("robot_2", 2.0)):  # on a busy machine its lease may run out meanwhile
        assert at_s - 0.2 <= min(times(swarm, "fault_started", robot)) < at_s + 2.0
    assert min(times(swarm, "node_killed", "the policy of robot_1")) >= 2.0
    assert min(times(swarm, "node_paused", "the gates' process")) >= 3.0
    assert min(times(swarm, "node_continued", "the gates' process")) >= 4.0
    assert times(swarm, "node_restarted", "the policy of robot_1")
    assert "the emergency-stop node is paused, as the scenario says" in output
    assert "escalating" not in output, "what was paused ends when it is told to"
    run = yaml.safe_load((swarm.folder / "run" / "run.yaml").read_text())
    assert (run["scenario"], run["fault"]) == ("scenario.yaml", "")
    assert yaml.safe_load((swarm.folder / "run" / "scenario.yaml").read_text())["processes"][0]["robot"] == "robot_1"


def test_in_lockstep_nobody_waits_for_an_injector_that_died_and_its_faults_are_over(swarm, make_bundle):
    scenario = {
        "faults": [
            {"at_s": 0, "fault": "offset:{x_m: 0.1}", "robot": "robot_0"},
            {"at_s": 0, "fault": "latency", "robot": "robot_2"},
            {"at_s": 28, "fault": "stop", "robot": "robot_2"},
        ],
        "processes": [
            {"at_s": 1, "do": "kill", "process": "fault_injector"},
            {"at_s": 1, "do": "kill", "process": "policy", "robot": "robot_1"},
            {"at_s": 1, "do": "kill", "process": "gate"},
        ],
    }
    status, output = launched(swarm, make_bundle, scenario, "duration:=30", "mode:=lockstep")
    assert status == 0, output
    assert json.loads((swarm.folder / "run" / "metrics.json").read_text())["steps"] == 300
    (killed_s,) = times(swarm, "node_killed", "the fault injector")
    for robot in ("robot_0", "robot_2"):
        (ended_s,) = times(swarm, "fault_ended", robot)
        assert killed_s - 1.0 <= ended_s < 27.0
    assert times(swarm, "fault_started", "robot_2") == [0.0], "what was planned is over as well"


def test_a_scenario_that_does_not_fit_is_refused_before_anything_starts(swarm, make_bundle):
    scenario = {"faults": [{"at_s": 40, "fault": "flee", "robot": "robot_0"}]}
    status, output = launched(swarm, make_bundle, scenario)
    assert status == 1
    assert "scenario.yaml: key 'faults.0.at_s' is 40, but the run ends after 30 s" in output.splitlines()[-1]
    assert "process started" not in output
