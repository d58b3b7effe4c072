"""The demo as a user runs it: PyBullet in real time, and a robot that turns while it runs."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from tests.ros import DEADLINE_S, process_of, wait_until

INJECT = ("service", "call", "/fault_injector/inject", "mir2_interfaces/srv/InjectFault")
CLEAR = ("service", "call", "/fault_injector/clear", "mir2_interfaces/srv/ClearFault")


def launch(swarm, bundle, *arguments):
    return swarm.running(
        "launch", "mir2_swarm", "rendezvous.launch.py", f"policy:={bundle}", f"output:={swarm.folder}/run",
        "robots_per_process:=5", *arguments,
    )  # fmt: skip


def events(swarm) -> list[dict]:
    path = swarm.folder / "run" / "events.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def has_event(swarm, event, robot):
    return lambda: any((e["event"], e.get("robot")) == (event, robot) for e in events(swarm))


def test_the_demo_ends_by_itself_and_leaves_a_complete_run_folder(swarm, make_bundle):
    with launch(swarm, make_bundle(), "duration:=6", "fault:=flee@robot_4:2:2") as demo:
        demo.wait_for("return", DEADLINE_S)
        assert demo.end(DEADLINE_S) == 0
    folder = swarm.folder / "run"
    assert {path.name for path in folder.iterdir()} == {
        "roster.yaml", "run.yaml", "metrics.json", "trajectories.npz", "events.jsonl", "run.png", "run.mcap",
        "digests.json",
    }  # fmt: skip
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["steps"] == 60
    assert metrics["backend"] == "pybullet"
    assert metrics["compromised"] == ["robot_4"]
    assert metrics["reaction_ms_p50"] > 0
    poses = np.load(folder / "trajectories.npz")["poses"]
    moved = np.hypot(*(poses[-1] - poses[0])[:, :2].T)
    assert moved.max() > 0.02
    assert (folder / "run.png").read_bytes().startswith(b"\x89PNG")
    assert sum("mean pair distance" in line for line in demo.lines) == 6


def test_a_robot_turns_at_run_time_and_returns(swarm, make_bundle):
    with launch(swarm, make_bundle(), "duration:=600", "backend:=kinematic") as demo:
        demo.wait_for("return", DEADLINE_S)
        status, answer = swarm.ros2(*INJECT, "{robot: robot_3, fault: random, duration_s: 2.0}")
        assert status == 0
        assert "success=True" in answer
        wait_until(has_event(swarm, "fault_started", "robot_3"), DEADLINE_S, "the fault begins")
        wait_until(has_event(swarm, "fault_ended", "robot_3"), DEADLINE_S, "the fault ends when its time is up")

        swarm.ros2(*INJECT, "{robot: robot_5, fault: stop}")
        _, faults = swarm.ros2("topic", "echo", "--once", "/faults")
        assert "robot: robot_5" in faults
        wait_until(has_event(swarm, "fault_started", "robot_5"), DEADLINE_S, "the fault begins")
        assert "success=True" in swarm.ros2(*CLEAR, "{robot: robot_5}")[1]
        wait_until(has_event(swarm, "fault_ended", "robot_5"), DEADLINE_S, "the fault ends when cleared")


def test_a_robot_turns_at_run_time_in_lockstep(swarm, make_bundle):
    with launch(swarm, make_bundle(), "duration:=3600", "backend:=kinematic", "mode:=lockstep") as demo:
        demo.wait_for("return", DEADLINE_S)
        assert "success=True" in swarm.ros2(*INJECT, "{robot: robot_3, fault: flee, duration_s: 2.0}")[1]
        wait_until(has_event(swarm, "fault_ended", "robot_3"), DEADLINE_S, "the fault begins and ends")
        lines = len(demo.lines)
        wait_until(lambda: len(demo.lines) > lines + 2, DEADLINE_S, "the run goes on")
    began, ended = (e["time_s"] for e in events(swarm) if e.get("robot") == "robot_3")
    assert ended - began == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ("{robot: robot_33, fault: random}", ["unknown robot 'robot_33'", "robot_3"]),
        ("{robot: robot_3, fault: rndom}", ["unknown fault 'rndom'", "random"]),
        ("{robot: robot_3, fault: stop, duration_s: -1.0}", ["duration_s is -1", "allowed"]),
        ("{robot: robot_3, fault: stop, duration_s: .nan}", ["duration_s is nan"]),
        ("{robot: robot_3, fault: stop, duration_s: 1.0e+300}", ["duration_s is 1e+300", "86400"]),
    ],
)
def test_impossible_faults_are_refused(injector, request_, words):
    status, answer = injector.ros2(*INJECT, request_)
    assert status == 0
    assert "success=False" in answer
    assert all(word in answer for word in words), answer


@pytest.fixture
def injector(swarm, make_bundle):
    """Only the fault injector, for questions that need no robots."""
    roster = swarm.folder / "roster.yaml"
    team = "".join(f"  - name: robot_{k}\n" for k in range(10))
    roster.write_text(f"arena: {{size_m: 2.0}}\npolicy: {make_bundle()}\nallow_fault_injection: true\nrobots:\n{team}")
    with swarm.running("run", "mir2_swarm", "fault_injector", "--ros-args", "-p", f"roster:={roster}"):
        yield swarm


def test_when_the_injector_dies_the_robot_goes_back_to_its_policy(swarm, make_bundle):
    with launch(swarm, make_bundle(), "duration:=600", "backend:=kinematic", "fault:=stop@robot_1:0") as demo:
        demo.wait_for("traitors: robot_1", DEADLINE_S)
        assert "source: fault" in swarm.ros2("topic", "echo", "--once", "/robot_1/gate")[1]
        os.kill(process_of(swarm, "fault_injector"), signal.SIGKILL)

        def obeys_its_policy() -> bool:
            return "source: policy" in swarm.ros2("topic", "echo", "--once", "/robot_1/gate")[1]

        wait_until(obeys_its_policy, DEADLINE_S, "robot_1 obeys its policy")


def test_emergency_stop_stands_every_robot_until_released(swarm, make_bundle):
    with launch(swarm, make_bundle(), "duration:=600", "backend:=kinematic") as demo:
        demo.wait_for("return", DEADLINE_S)
        swarm.ros2("service", "call", "/emergency_stop/set", "std_srvs/srv/SetBool", "{data: true}")

        def stands() -> bool:
            return "emergency_stop" in swarm.ros2("topic", "echo", "--once", "--field", "reasons", "/robot_6/gate")[1]

        wait_until(stands, DEADLINE_S, "robot_6 stands")
        assert "x: 0.0" in swarm.ros2("topic", "echo", "--once", "--field", "twist.linear", "/robot_6/cmd_vel")[1]
        swarm.ros2("service", "call", "/emergency_stop/set", "std_srvs/srv/SetBool", "{data: false}")
        wait_until(lambda: not stands(), DEADLINE_S, "robot_6 moves again")
        team = [f"robot_{k}" for k in range(10)]
        for event in ("emergency_stop_set", "emergency_stop_released"):
            wait_until(
                lambda event=event: sorted(e["robot"] for e in events(swarm) if e["event"] == event) == team,
                DEADLINE_S,
                f"{event} of every robot is written down",
            )


def test_interrupting_the_launch_keeps_the_record(swarm, make_bundle):
    with launch(swarm, make_bundle(), "duration:=600", "backend:=kinematic") as demo:
        demo.wait_for("return", DEADLINE_S)
        demo.process.send_signal(signal.SIGINT)
        demo.end(DEADLINE_S)
    assert json.loads((swarm.folder / "run" / "metrics.json").read_text())["steps"] >= 10


def test_a_policy_that_dies_stops_nobody_is_started_again_and_the_run_says_so(swarm, make_bundle):
    arguments = ("duration:=30", "backend:=kinematic", "robots_per_process:=1")
    with launch(swarm, make_bundle(), *arguments) as demo:
        demo.wait_for("return", DEADLINE_S)
        killed = process_of(swarm, "policy")
        os.kill(killed, signal.SIGKILL)
        demo.wait_for("was killed by signal 9; it is started again, and until then the others go on", DEADLINE_S)
        demo.wait_for("absent for", DEADLINE_S)
        demo.wait_for("back, absent only", DEADLINE_S)
        assert demo.end(DEADLINE_S) != 0
        assert "the run was not whole: the policy of robot_" in demo.output
    metrics = json.loads((swarm.folder / "run" / "metrics.json").read_text())
    assert metrics["steps"] == 300
    assert metrics["time_to_rendezvous_s"] is not None, "all have met, the one that came back included"
    names = [event["event"] for event in events(swarm)]
    names = names[names.index("node_died") :]
    assert names.index("robot_absent") < names.index("robot_back") < names.index("run_ended")
    assert names.index("node_restarted") < names.index("robot_back")
    assert next(e["detail"] for e in events(swarm) if e["event"] == "node_died").startswith("was killed by signal 9")


def test_a_node_that_ends_the_run_with_an_error_fails_the_launch(swarm, make_bundle):
    with launch(swarm, make_bundle(), "duration:=60", "backend:=kinematic") as demo:
        demo.wait_for("return", DEADLINE_S)
        os.kill(process_of(swarm, "simulator"), signal.SIGKILL)
        assert demo.end(DEADLINE_S) != 0
    assert "the run ended early: the simulator was killed by signal 9" in demo.output
    assert [(e["node"], e["detail"]) for e in events(swarm) if e["event"] == "node_died"] == [
        ("the simulator", "was killed by signal 9")
    ]
    assert json.loads((swarm.folder / "run" / "metrics.json").read_text())["steps"] >= 10


def test_a_monitor_that_is_told_to_end_too_early_fails_the_launch_and_keeps_the_record(swarm, make_bundle):
    with launch(swarm, make_bundle(), "duration:=60", "backend:=kinematic") as demo:
        demo.wait_for("return", DEADLINE_S)
        os.kill(process_of(swarm, "monitor"), signal.SIGTERM)
        assert demo.end(DEADLINE_S) != 0
    assert "the run ended early: the monitor was told to end" in demo.output
    assert [e["event"] for e in events(swarm)][-3:] == ["run_cut_short", "run_ended", "node_died"]
    assert json.loads((swarm.folder / "run" / "metrics.json").read_text())["steps"] >= 10


def test_a_relative_output_folder_is_below_the_working_directory(swarm, make_bundle):
    status, output = swarm.ros2(
        "launch", "mir2_swarm", "rendezvous.launch.py", f"policy:={make_bundle()}", "backend:=kinematic",
        "mode:=lockstep", "duration:=0.5", "output:=here/it/is", "robots_per_process:=10",
    )  # fmt: skip
    assert status == 0, output
    assert Path(swarm.folder, "here", "it", "is", "metrics.json").exists()


@pytest.mark.parametrize(("kind", "named"), [("silence", "robot_absent"), ("nan", "reports_refused")])
def test_what_one_of_three_reports_keeps_the_others_from_nothing(swarm, make_bundle, kind, named):
    bundle, fault = make_bundle(robots=3), f"fault:={kind}@robot_2:1"
    with launch(swarm, bundle, "robots:=3", "seed:=1", "duration:=16", "backend:=kinematic", fault) as demo:
        assert demo.end(DEADLINE_S) == 0
    metrics = json.loads((swarm.folder / "run" / "metrics.json").read_text())
    assert metrics["compromised"] == ["robot_2"]
    assert metrics["final_benign_max_distance_m"] < metrics["rendezvous_m"]
    assert {event["robot"] for event in events(swarm) if event["event"] == named} == {"robot_2"}
    started = {(event["robot"], event["fault"]) for event in events(swarm) if event["event"] == "fault_started"}
    assert started == {("robot_2", kind)}, "more than once where the machine is too busy for the injector's lease"
