"""Every mistake on the launch line: one clear message, last on the screen, and nothing left running."""

import pytest

from tests.ros import DEADLINE_S

TEAM = "".join(f"  - {{name: robot_{k}}}\n" for k in range(10))


def roster(team: str = TEAM, extra: str = "") -> str:
    return f"arena: {{size_m: 2.0}}\npolicy: centroid.onnx\n{extra}robots:\n{team}"


CASES = {
    "one robot": (["robots:=1"], None, ["robots is '1'", "2 to 64"]),
    "no number of robots": (["robots:=ten"], None, ["robots is 'ten'", "whole number"]),
    "negative duration": (["duration:=-3"], None, ["duration is '-3'", "0.1 to 86400"]),
    "endless duration": (["duration:=inf"], None, ["duration is 'inf'"]),
    "negative seed": (["seed:=-1"], None, ["seed is '-1'"]),
    "misspelt argument": (["durration:=5"], None, ["unknown launch argument 'durration'", "did you mean 'duration'"]),
    "unknown argument": (["steps:=5"], None, ["unknown launch argument 'steps'", "valid: backend"]),
    "missing run file": (["run:=nowhere.yaml"], None, ["nowhere.yaml", "No such file"]),
    "lockstep without stamps": (
        ["mode:=lockstep"],
        roster(TEAM.replace("robot_7", "robot_7, stamped_cmd_vel: false")),
        ["'robot_7'", "lockstep needs stamped commands", "mode:=realtime"],
    ),
    "kind without a body": (
        [],
        roster(TEAM.replace("robot_7", "robot_7, kind: epuck2_point")),
        ["'robot_7'", "pybullet"],
    ),
    "unknown backend": (["backend:=gazebo"], None, ["gazebo", "pybullet", "kinematic"]),
    "another team size": (
        ["robots:=5", "policy:=rendezvous-mir2_states-10"],
        None,
        ["task_parameters.robots is 10 in the policy but 5 here"],
    ),
    "unknown fault": (["fault:=explode@robot_0:5"], None, ["explode", "random"]),
    "fault without time": (["fault:=random@robot_0"], None, ["kind@robot:start_s"]),
    "missing policy": (["policy:=nowhere.onnx"], None, ["nowhere.onnx", "mir2 export"]),
    "unknown policy": (["policy:=mir3"], None, ["mir3", "valid:"]),
    "truncated policy": (["policy:=truncated.onnx"], None, ["truncated.onnx", "truncated or of another format"]),
    "missing roster": (["roster:=nowhere.yaml"], None, ["roster 'nowhere.yaml': no such file", "crazyflies.yaml"]),
    "unknown key": ([], roster(extra="colour: red\n"), ["roster.yaml", "unknown key 'colour'", "valid:"]),
    "duplicate robot": ([], roster(TEAM + "  - {name: robot_3}\n"), ["robot 'robot_3' appears 2 times"]),
    "start outside": (
        [],
        roster(TEAM.replace("robot_7", "robot_7, start: {x_m: 2.5, y_m: 1}")),
        ["'robot_7'", "2.5", "0 to 2"],
    ),
    "overlapping starts": (
        [],
        roster(
            TEAM.replace("robot_7", "robot_7, start: {x_m: 1.51, y_m: 1}").replace(
                "robot_2", "robot_2, start: {x_m: 1.5, y_m: 1}"
            )
        ),
        ["robot_7: starts 0.010 m from robot_2", "0.07 m"],
    ),
    "another arena": ([], roster().replace("2.0", "3.0"), ["task_parameters.arena_m is 2.0", "3.0"]),
    "faults not allowed": (["fault:=stop@robot_0:1"], roster(), ["allow_fault_injection"]),
    "output is a file": (["output:=truncated.onnx"], None, ["truncated.onnx", "cannot be made"]),
}


@pytest.mark.parametrize("case", CASES)
def test_one_clear_message_and_nothing_runs(swarm, make_bundle, case):
    arguments, roster_text, words = CASES[case]
    bundle = make_bundle()
    (swarm.folder / "truncated.onnx").write_bytes(bundle.read_bytes()[:500])
    if roster_text is not None:
        (swarm.folder / "roster.yaml").write_text(roster_text)
        arguments = [*arguments, "roster:=roster.yaml"]
    if not any(argument.startswith("policy:=") for argument in arguments):
        arguments = [*arguments, f"policy:={bundle}"]
    status, output = swarm.ros2("launch", "mir2_swarm", "rendezvous.launch.py", *arguments)
    assert status == 1
    assert "Traceback" not in output
    assert "process started" not in output
    last = output.splitlines()[-1]
    assert all(word in last for word in words), last
    assert not (swarm.folder / "runs").exists()


def test_a_node_without_its_roster_says_so(swarm):
    status, output = swarm.ros2("run", "mir2_swarm", "policy", "robot_0")
    assert status == 2
    assert (
        output.splitlines()[-2]
        == "error: /robot_0/policy: parameter 'roster' is not set; give the path of a roster file"
    )


INCLUDED_BELOW = """
from launch import LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription
from launch.substitutions import PathJoinSubstitution
from launch_ros.actions import PushRosNamespace
from launch_ros.substitutions import FindPackageShare

def generate_launch_description():
    ours = PathJoinSubstitution([FindPackageShare("mir2_swarm"), "launch", "rendezvous.launch.py"])
    return LaunchDescription([GroupAction([PushRosNamespace("fleet"), IncludeLaunchDescription(ours)])])
"""


def test_a_launch_below_a_namespace_is_refused_before_anything_starts(swarm):
    (swarm.folder / "fleet.launch.py").write_text(INCLUDED_BELOW)
    status, output = swarm.ros2("launch", "fleet.launch.py")
    assert status == 1
    assert "process started" not in output
    assert "included below the namespace 'fleet'" in output.splitlines()[-1]


@pytest.mark.parametrize("rename", ["__ns:=/fleet", "__node:=one_name_for_all"])
def test_robots_that_would_be_merged_into_one_are_refused(swarm, make_bundle, rename):
    (swarm.folder / "roster.yaml").write_text(roster().replace("centroid.onnx", str(make_bundle())))
    status, output = swarm.ros2(
        "run", "mir2_swarm", "gate", "robot_0", "robot_1", "--ros-args", "-p", f"roster:={swarm.folder}/roster.yaml",
        "-r", rename,
    )  # fmt: skip
    assert status == 2
    assert "Traceback" not in output
    assert "error: /robot_0/gate was renamed to" in output


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("ROS_DOMAIN_ID", "55000", "0 to 232"),
        ("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOTS", "did you mean 'LOCALHOST'"),
    ],
)
def test_an_impossible_environment_is_one_message(swarm, name, value, word):
    swarm.environment[name] = value
    for command in (("launch", "mir2_swarm", "rendezvous.launch.py"), ("run", "mir2_swarm", "monitor")):
        status, output = swarm.ros2(*command)
        assert status != 0
        assert "Traceback" not in output
        assert f"{name} is '{value}'" in output
        assert word in output
    assert not (swarm.folder / "runs").exists()


def test_a_run_is_never_overwritten(swarm, make_bundle):
    (swarm.folder / "run").mkdir()
    (swarm.folder / "run" / "roster.yaml").touch()
    status, output = swarm.ros2(
        "launch", "mir2_swarm", "rendezvous.launch.py", f"policy:={make_bundle()}", "output:=run"
    )
    assert status == 1
    assert "already holds a run" in output.splitlines()[-1]


def test_a_second_run_in_one_domain_is_refused_and_the_first_goes_on(swarm, make_bundle):
    launch = (
        "launch", "mir2_swarm", "rendezvous.launch.py", f"policy:={make_bundle()}", "backend:=kinematic",
        "robots_per_process:=10",
    )  # fmt: skip
    with swarm.running(*launch, f"output:={swarm.folder}/first", "duration:=600") as first:
        first.wait_for("return", DEADLINE_S)
        status, output = swarm.ros2(*launch, f"output:={swarm.folder}/second", "duration:=2")
        assert status != 0
        assert f"another run is going on in ROS_DOMAIN_ID {swarm.environment['ROS_DOMAIN_ID']}: /monitor" in output
        assert "share_domain:=true" in output
        assert not (swarm.folder / "second").exists()
        assert first.process.poll() is None
