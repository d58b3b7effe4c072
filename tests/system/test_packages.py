"""Our ROS packages are found without being built."""

from pathlib import Path

import pytest
from ament_index_python.packages import get_package_share_directory
from mir2_interfaces.msg import Fault, FaultArray, GateStatus, SwarmMetrics
from mir2_interfaces.srv import ClearFault, InjectFault
from rclpy.serialization import deserialize_message, serialize_message

from tests.ros import Swarm

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
