"""Half a round trip of nav_msgs/Odometry between two processes, and what its parts cost.

Runs with any rclpy: with the embedded runtime, or after sourcing a real ROS 2.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
os.environ.setdefault("ROS_DOMAIN_ID", "97")

STARTED = time.perf_counter()
import rclpy  # noqa: E402
from nav_msgs.msg import Odometry  # noqa: E402
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor  # noqa: E402
from rclpy.serialization import deserialize_message, serialize_message  # noqa: E402
from std_msgs.msg import String  # noqa: E402

ROUNDS, WARM_UP = 2000, 200
READY_S = 20.0


def echo() -> None:
    """Sends every message back until the parent ends this process."""
    rclpy.init()
    node = rclpy.create_node("echo")
    publisher = node.create_publisher(Odometry, "pong", 10)
    node.create_subscription(Odometry, "ping", publisher.publish, 10)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        rclpy.try_shutdown()


def measure(node: Any) -> list[float]:
    """Half round trips in microseconds."""
    times: list[float] = []
    arrived: list[float] = []
    publisher = node.create_publisher(Odometry, "ping", 10)
    node.create_subscription(Odometry, "pong", lambda _: arrived.append(time.perf_counter()), 10)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    deadline = time.monotonic() + READY_S
    while node.count_publishers("pong") == 0 or publisher.get_subscription_count() == 0:
        if time.monotonic() > deadline:
            raise SystemExit("error: the echo process did not appear")
        time.sleep(0.05)
    message = Odometry(child_frame_id="base_link")
    while len(times) < ROUNDS + WARM_UP:
        arrived.clear()
        start = time.perf_counter()
        publisher.publish(message)
        while not arrived and time.perf_counter() - start < 1.0:
            executor.spin_once(timeout_sec=1.0)
        if arrived:
            times.append((arrived[0] - start) / 2 * 1e6)
    executor.shutdown()
    return times[WARM_UP:]


def microseconds(call: Callable[[], Any], repeats: int = 5000) -> float:
    """Mean time of a call."""
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats * 1e6


def main() -> None:
    """Prints the figures."""
    rclpy.init()
    node = rclpy.create_node("ping")
    started_ms = (time.perf_counter() - STARTED) * 1e3
    echo_process = subprocess.Popen([sys.executable, __file__, "--echo"])
    try:
        times = sorted(measure(node))
    finally:
        echo_process.terminate()
        echo_process.wait(10)
    message = Odometry()
    cdr = serialize_message(message)
    p50, p99 = statistics.median(times), times[int(len(times) * 0.99)]
    print(f"half a round trip of Odometry: p50 {p50:.0f} µs, p99 {p99:.0f} µs ({ROUNDS} rounds)")
    print(f"serialize {microseconds(lambda: serialize_message(message)):.1f} µs, ", end="")
    print(f"deserialize {microseconds(lambda: deserialize_message(cdr, Odometry)):.1f} µs, ", end="")
    print(f"construct {microseconds(Odometry):.1f} µs")
    print(f"import of rclpy and two message packages, init and a node ({String.__name__}): {started_ms:.0f} ms")
    node.destroy_node()
    rclpy.shutdown()


if __name__ == "__main__":
    echo() if "--echo" in sys.argv else main()
