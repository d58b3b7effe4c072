"""How processes begin and end."""

import os
import signal
import subprocess
import sys

import pytest
from ros_world import DEADLINE_S, Starter

SPINNER = """
import sys
import rclpy
from rclpy.executors import ExternalShutdownException
rclpy.init()
node = rclpy.create_node("spinner")
node.create_timer(0.01, lambda: print("tick", flush=True))
try:
    rclpy.spin(node)
except KeyboardInterrupt:
    print("KeyboardInterrupt")
except ExternalShutdownException:
    print("ExternalShutdownException")
print("ok", rclpy.ok())
node.destroy_node()
rclpy.try_shutdown()
"""
IDLE = SPINNER.replace("node.create_timer", "timer = node.create_timer").replace(
    "flush=True))", "flush=True) or timer.cancel())"
)


@pytest.mark.parametrize("program", [SPINNER, IDLE], ids=["busy", "idle"])
@pytest.mark.parametrize(
    ("number", "raised"), [(signal.SIGINT, "KeyboardInterrupt"), (signal.SIGTERM, "ExternalShutdownException")]
)
def test_signals_end_a_spinning_node(start: Starter, program: str, number: int, raised: str) -> None:
    process = start("-c", program)
    assert process.stdout is not None
    assert process.stdout.readline() == "tick\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, err
    said = [line for line in out.splitlines() if line != "tick"]
    assert said[-1] == "ok False"
    if number == signal.SIGINT or said[:-1]:  # a SIGTERM during a callback ends spin quietly, as in rclpy
        assert said[:-1] == [raised]
    assert err == ""


def test_init_and_shutdown_can_be_repeated(start: Starter) -> None:
    program = """
import rclpy
from std_msgs.msg import Int32
for round in range(3):
    rclpy.init()
    node = rclpy.create_node("again")
    heard = []
    node.create_subscription(Int32, "x", heard.append, 1)
    publisher = node.create_publisher(Int32, "x", 1)
    while not publisher.get_subscription_count():
        rclpy.spin_once(node, timeout_sec=0.01)
    publisher.publish(Int32(data=round))
    while not heard:
        rclpy.spin_once(node, timeout_sec=0.1)
    print(heard[0].data)
    node.destroy_node()
    rclpy.shutdown()
"""
    out, err = start("-c", program).communicate(timeout=DEADLINE_S)
    assert (out.split(), err) == (["0", "1", "2"], "")


def test_nodes_before_init_are_refused(start: Starter) -> None:
    program = "import rclpy; rclpy.create_node('x')"
    process = start("-c", program)
    assert "NotInitializedException" in process.communicate(timeout=DEADLINE_S)[1]
    assert process.returncode == 1


@pytest.mark.parametrize(("name", "value"), [("ROS_DOMAIN_ID", "300"), ("ROS_AUTOMATIC_DISCOVERY_RANGE", "MOON")])
def test_settings_that_mean_nothing_are_errors(name: str, value: str) -> None:
    env = {**os.environ, name: value}
    program = "import rclpy; rclpy.init(); rclpy.create_node('x')"
    run = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 1
    assert f"{name}='{value}'" in run.stderr
