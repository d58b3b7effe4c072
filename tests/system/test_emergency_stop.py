"""The emergency stop as a user meets it: real processes that are killed, started again and started twice."""

import os
import signal
from pathlib import Path

import pytest
import rclpy
import yaml
from mir2_interfaces.msg import GateStatus
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from tests.ros import DEADLINE_S, wait_until

SERVICE = ("service", "call", "/emergency_stop/set", "std_srvs/srv/SetBool")
ROBOTS = ("robot_0", "robot_1", "robot_2")


class Team:
    """Gates in processes of their own, and what each said last."""

    def __init__(self, swarm, roster: Path) -> None:
        self.swarm, self.roster = swarm, roster
        self.last: dict[str, list[str]] = {}
        rclpy.init(domain_id=int(swarm.environment["ROS_DOMAIN_ID"]))
        self.probe = Node("probe")
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.probe)
        for robot in ROBOTS:
            self.probe.create_subscription(GateStatus, f"/{robot}/gate", self._listener(robot), 10)

    def _listener(self, robot):
        def listen(message):
            self.last[robot] = list(message.reasons)

        return listen

    def start(self, *command):
        return self.swarm.running("run", "mir2_swarm", *command, "--ros-args", "-p", f"roster:={self.roster}")

    def wait(self, stand: bool) -> None:
        """Every gate says anew that the stop holds, or that only a command is missing."""
        reason = "emergency_stop" if stand else "command_age"
        self.last.clear()

        def said() -> bool:
            self.executor.spin_once(timeout_sec=0.05)
            return all(self.last.get(robot) == [reason] for robot in ROBOTS)

        wait_until(said, DEADLINE_S, f"the gates say {reason}, not {self.last}")

    def press(self, data: bool) -> str:
        return self.swarm.ros2(*SERVICE, f"{{data: {str(data).lower()}}}")[1]

    def call_until(self, data: bool, words: str) -> None:
        """Call the service until its answer holds `words`: a node that has just started has to find the gates first."""
        wait_until(lambda: words in self.press(data), DEADLINE_S, words)

    def publish(self, data: bool) -> None:
        status, output = self.swarm.ros2(
            "topic", "pub", "--once", "/emergency_stop", "std_msgs/msg/Bool", f"{{data: {str(data).lower()}}}",
        )  # fmt: skip
        assert status == 0, output


@pytest.fixture
def team(swarm, make_bundle, monkeypatch):
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    roster = swarm.folder / "roster.yaml"
    robots = [{"name": name} for name in ROBOTS]
    document = {"arena": {"size_m": 2.0}, "policy": str(make_bundle(robots=3)), "robots": robots}
    roster.write_text(yaml.safe_dump(document))
    team = Team(swarm, roster)
    yield team
    team.probe.destroy_node()
    rclpy.try_shutdown()


def kill(process) -> None:
    os.kill(process.process.pid, signal.SIGKILL)
    process.end(DEADLINE_S)


def test_a_stop_outlives_its_node_and_is_released_by_the_service_only(team):
    with team.start("gate", "robot_0", "robot_1"), team.start("gate", "robot_2") as gate:
        with team.start("emergency_stop") as button:
            team.wait(stand=False)
            team.call_until(True, "set at 3 of 3 gates")
            team.wait(stand=True)
            kill(button)
        team.wait(stand=True)
        with team.start("emergency_stop") as button, team.start("emergency_stop") as second:
            for node in (button, second):
                node.wait_for("emergency stop SET", DEADLINE_S)  # both have heard of it from the gates
            team.wait(stand=True)
            kill(second)
            kill(gate)
            with team.start("gate", "robot_2"):
                team.wait(stand=True)
                team.publish(False)
                team.wait(stand=True)
                team.call_until(False, "released at 3 of 3 gates")
                team.wait(stand=False)
                team.wait(stand=False)


def test_a_stop_by_topic_with_default_qos_stops_every_robot(team):
    with team.start("gate", "robot_0", "robot_1"), team.start("gate", "robot_2"), team.start("emergency_stop"):
        team.wait(stand=False)
        team.publish(True)
        team.wait(stand=True)
        team.publish(False)
        team.wait(stand=True)
        team.call_until(False, "released at 3 of 3 gates")
        team.wait(stand=False)
