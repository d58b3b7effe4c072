"""Topics both ways with an independent implementation of ROS 2's wire protocol."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from embedded_ros.definitions import interface_folders
from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry
from rclpy.node import Node
from ros_world import World
from rover_msgs.msg import Alarm, AlarmArray
from std_msgs.msg import Bool, String

PACKAGES = ["builtin_interfaces", "geometry_msgs", "nav_msgs", "rover_msgs", "std_msgs"]


def messages() -> list[Any]:
    """One message of each type with something in every kind of field."""
    odometry = Odometry(child_frame_id="robot_0/base_link")
    odometry.header.stamp.sec, odometry.header.stamp.nanosec = 12, 345
    odometry.header.frame_id = "map"
    odometry.pose.pose.position.x = 1.25
    odometry.pose.covariance = [float(n) for n in range(36)]
    odometry.twist.twist.angular.z = -0.5
    twist = TwistStamped()
    twist.header.frame_id = "odd length"
    twist.twist.linear.x = 0.1
    alarms = AlarmArray(alarms=[Alarm(), Alarm()])
    return [odometry, twist, String(data="Grüße"), Bool(data=True), alarms]


@pytest.fixture
def definitions(tmp_path: Path) -> Path:
    """The message definitions laid out as an installation has them, which is where the peer looks."""
    for package in PACKAGES:
        share = tmp_path / "share" / package
        for folder in interface_folders(package, "msg"):
            shutil.copytree(folder, share / "msg", dirs_exist_ok=True)
        (share / "package.xml").write_text(f"<package format='3'><name>{package}</name></package>")
    return tmp_path


@pytest.fixture
def peer(ros_domain: int, definitions: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # The peer knows only one way to find others, the one of a whole network.
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    types = [message.TYPE_NAME.replace("/msg/", "/") for message in messages()]
    command = [sys.executable, str(Path(__file__).with_name("dora_echo.py")), str(definitions), *types]
    with subprocess.Popen(command) as process:
        yield
        process.kill()


def echoes(world: World, node: Node, message: Any) -> list[Any]:
    """What comes back from the peer; the message is sent until something does."""
    name, back = type(message).__name__, list[Any]()
    node.create_subscription(type(message), f"/from_peer/{name}", back.append, 10)
    publisher = node.create_publisher(type(message), f"/to_peer/{name}", 10)
    world.spin_until(lambda: publisher.get_subscription_count() == 1)
    timer = node.create_timer(0.2, lambda: publisher.publish(message))
    world.spin_until(lambda: bool(back))
    node.destroy_timer(timer)
    return back


def test_messages_survive_the_way_there_and_back(peer: None, world: World) -> None:
    node = world.node()
    for message in messages():
        assert all(echo == message for echo in echoes(world, node, message))
