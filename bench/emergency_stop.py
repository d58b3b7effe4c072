"""How fast an emergency stop is: from the call of `/emergency_stop/set` until each gate's, and each robot's, answer.

Usage: python bench/emergency_stop.py [--presses N] [launch arguments …]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rclpy
from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from std_srvs.srv import SetBool

STANDS_MPS, STANDS_RADPS = 0.005, 0.1
DEADLINE_S = 60.0
DRIVES_S = 1.5  # between a release and the next press


class Bystander:
    """Presses and releases, and hears what gates let through and how fast robots are."""

    def __init__(self) -> None:
        self.node = Node("bystander", start_parameter_services=False)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._client = self.node.create_client(SetBool, "/emergency_stop/set")
        self._since_s = 0.0
        self.gate_s: dict[str, float] = {}  # from the call until the gate's first zero after it
        self.stood_s: dict[str, float] = {}

    def listen(self, robots: list[str]) -> None:
        """Subscribe to a team's topics."""
        for robot in robots:
            self.node.create_subscription(TwistStamped, f"/{robot}/cmd_vel", self._on_command(robot), 10)
            self.node.create_subscription(Odometry, f"/{robot}/odom", self._on_odometry(robot), qos_profile_sensor_data)

    def _on_command(self, robot: str) -> Callable[[TwistStamped], None]:
        def hear(message: TwistStamped) -> None:
            if message.twist.linear.x == 0.0 and message.twist.angular.z == 0.0:
                self.gate_s.setdefault(robot, time.monotonic() - self._since_s)

        return hear

    def _on_odometry(self, robot: str) -> Callable[[Odometry], None]:
        def hear(message: Odometry) -> None:
            twist = message.twist.twist
            if abs(twist.linear.x) < STANDS_MPS and abs(twist.angular.z) < STANDS_RADPS:
                self.stood_s.setdefault(robot, time.monotonic() - self._since_s)

        return hear

    def spin(self, done: Callable[[], bool], limit_s: float = DEADLINE_S) -> None:
        """Hear others until something holds, or for a while."""
        end_s = time.monotonic() + limit_s
        while not done() and time.monotonic() < end_s:
            self._executor.spin_once(timeout_sec=0.01)

    def press(self, on: bool) -> None:
        """Call the service and wait for its answer."""
        self.spin(self._client.service_is_ready)
        self._since_s = time.monotonic()
        self.gate_s.clear()
        self.stood_s.clear()
        answer = self._client.call_async(SetBool.Request(data=on))
        self.spin(answer.done)


def measure(presses: int, robots: list[str]) -> tuple[list[float], list[float]]:
    """Times of every robot at every press until its gate, and until itself, stands."""
    bystander = Bystander()
    bystander.listen(robots)
    gates: list[float] = []
    stood: list[float] = []
    for _ in range(presses):
        bystander.spin(lambda: False, DRIVES_S)
        bystander.press(True)
        bystander.spin(lambda: len(bystander.stood_s) == len(robots))
        gates += bystander.gate_s.values()
        stood += bystander.stood_s.values()
        bystander.press(False)
    bystander.node.destroy_node()
    return gates, stood


def main() -> None:
    """Run the demo, press and release, and print one row for each of the two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presses", type=int, default=20)
    given, arguments = parser.parse_known_args()
    ros2 = Path(sys.executable).with_name("ros2")
    robots = [f"robot_{k}" for k in range(10)]
    with tempfile.TemporaryDirectory() as folder:
        faults = ",".join(f"random@{robot}:0" for robot in robots)  # nobody ever stands by itself
        command = [str(ros2), "launch", "mir2_swarm", "rendezvous.launch.py", f"output:={folder}/run"]
        command += ["duration:=3600", f"fault:={faults}"]
        process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            if "mean pair distance" in line:
                break
        rclpy.init()
        gates, stood = measure(given.presses, robots)
        rclpy.shutdown()
        process.terminate()
        process.communicate()
    print(f"machine               {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}")
    print(f"{given.presses} presses, {len(robots)} robots, ms         p50      p99      max")
    for what, times_s in (("until the gate's zero", gates), ("until the robot stands", stood)):
        p50, p99 = 1e3 * np.percentile(times_s, [50, 99])
        print(f"{what:28} {p50:8.0f} {p99:8.0f} {1e3 * max(times_s):8.0f}")


if __name__ == "__main__":
    main()
