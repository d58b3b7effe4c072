"""Our ROS packages are found without being built, and a ROS 2 that does not know them says what to do."""

import os
import subprocess
from pathlib import Path

import pytest
from ament_index_python.packages import get_package_share_directory
from mir2_interfaces.msg import Fault, FaultArray, GateStatus, SwarmMetrics
from mir2_interfaces.srv import ClearFault, InjectFault
from rclpy.serialization import deserialize_message, serialize_message

from tests.ros import Swarm

ROOT = Path(__file__).parents[2]
MESSAGES = [
    FaultArray(faults=[Fault(robot="robot_0", fault="flee", active=True), Fault()]),
    GateStatus(source="policy", reasons=["fence"], intervention_reasons=["fence"], intervention_counts=[2]),
    SwarmMetrics(step=3, reward=-1.5, compromised=["robot_0"]),
    InjectFault.Request(robot="robot_0", fault="stop", duration_s=1.0),
    ClearFault.Response(success=True, message="cleared"),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_our_messages_survive_the_wire(message):
    assert deserialize_message(serialize_message(message), type(message)) == message


def test_our_packages_are_found_with_what_they_bring(swarm: Swarm):
    share = Path(get_package_share_directory("mir2_swarm"))
    assert (share / "launch" / "rendezvous.launch.py").is_file()
    assert list((share / "policies").glob("*.onnx"))
    status, output = swarm.ros2("pkg", "executables", "mir2_swarm")
    assert (status, "mir2_swarm gate" in output.splitlines()) == (0, True)
    status, output = swarm.ros2("interface", "package", "mir2_interfaces")
    assert (status, "mir2_interfaces/msg/GateStatus" in output.splitlines()) == (0, True)


@pytest.fixture
def sourced(tmp_path: Path) -> dict[str, str]:
    """Environment of a stand-in for a ROS 2 that knows the packages whose names are in a file `known`."""
    command = tmp_path / "bin" / "ros2"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\ngrep -qx "$3" {tmp_path}/known || {{ echo Package not found; exit 1; }}\n')
    command.chmod(0o755)
    (tmp_path / "known").write_text("rclpy\n")
    return {**os.environ, "ROS_DISTRO": "jazzy", "PATH": f"{command.parent}:{os.environ['PATH']}"}


def make(target: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", "-C", str(ROOT), target]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_demo_on_a_ros_2_that_does_not_know_our_packages_says_what_to_do(sourced):
    run = make("demo", sourced)
    assert run.returncode == 2
    assert run.stdout == ""
    said = run.stderr.splitlines()[0]
    assert said.startswith("error: ROS 2 jazzy is sourced, but the workspace is not built: ")
    assert said.endswith("cd ros2_ws && colcon build && source install/setup.bash")


@pytest.mark.parametrize("case", ["built", "not sourced", "sourced without a command"])
def test_otherwise_the_demo_goes_on(sourced, tmp_path, case):
    if case == "built":
        (tmp_path / "known").write_text("mir2_swarm\n")
    elif case == "not sourced":
        sourced["ROS_DISTRO"] = ""
    else:
        sourced["PATH"] = os.environ["PATH"]
        (tmp_path / "bin" / "ros2").unlink()
    assert make("built", sourced).returncode == 0
