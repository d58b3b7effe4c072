"""Speed of rclpy as a table: latency, throughput, start and processor time, beside Cyclone DDS fed with ready bytes.

Runs with any rclpy: with the embedded runtime, or after sourcing a real ROS 2 (then without Cyclone DDS alone).
"""

import argparse
import os
import signal
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
from rclpy.executors import ExternalShutdownException  # noqa: E402
from rclpy.qos import HistoryPolicy, QoSProfile  # noqa: E402
from rclpy.serialization import serialize_message  # noqa: E402

ROUNDS, WARM_UP, FLOOD = 2000, 200, 20_000
ROBOTS, RATE_HZ, SWARM_S, IDLE_S, STARTS = 10, 10, 10.0, 10.0, 3
READY_S = 30.0
ALL = QoSProfile(history=HistoryPolicy.KEEP_ALL)


def spin(node: Any) -> None:
    """Until the parent ends this process."""
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except RuntimeError:  # a callback was just publishing
        if rclpy.ok():
            raise
    finally:
        rclpy.try_shutdown()


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Ends the program if the condition does not come true."""
    deadline = time.monotonic() + READY_S
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"error: {what}")
        time.sleep(0.05)


# What the other processes do


def echo() -> None:
    """Sends every message back."""
    rclpy.init()
    node = rclpy.create_node("echo")
    publisher = node.create_publisher(Odometry, "pong", 10)
    node.create_subscription(Odometry, "ping", publisher.publish, 10)
    spin(node)


def flood() -> None:
    """Sends FLOOD messages as fast as they are taken."""
    rclpy.init()
    node = rclpy.create_node("flood")
    publisher = node.create_publisher(Odometry, "flood", ALL)
    wait_until(lambda: publisher.get_subscription_count() > 0, "nobody listens")
    message = Odometry()
    for _ in range(FLOOD):
        publisher.publish(message)
    publisher.wait_for_all_acked()
    spin(node)


def idle() -> None:
    """Does nothing."""
    rclpy.init()
    node = rclpy.create_node("idle")
    print("ready", flush=True)
    spin(node)


def robot(number: int) -> None:
    """One of a swarm whose robots all hear each other's state; says when it has heard them all."""
    missing = set(range(ROBOTS)) - {number}
    arrivals: list[float] = []  # since all others have been heard

    def heard(other: int) -> None:
        if not missing:
            arrivals.append(time.perf_counter())
        elif other in missing:
            missing.remove(other)
            if not missing:
                print("ready", flush=True)

    rclpy.init()
    node = rclpy.create_node(f"robot_{number}")
    publisher = node.create_publisher(Odometry, f"robot_{number}/state", 10)
    for other in sorted(missing):
        node.create_subscription(Odometry, f"robot_{other}/state", lambda _, other=other: heard(other), 10)
    node.create_timer(1 / RATE_HZ, lambda: publisher.publish(Odometry()))
    spin(node)
    print(len(arrivals) / (arrivals[-1] - arrivals[0]))


def start() -> None:
    """Says how long imports and a first node took, in seconds."""
    rclpy.init()
    rclpy.create_node("start")
    print(time.perf_counter() - STARTED)


def cyclone_echo() -> None:
    """Like `echo` with nothing but Cyclone DDS."""
    reader, writer, waitset = cyclone_pair("ping", "pong")
    while True:
        waitset.wait(2**62)
        for cdr, _ in reader.take_cdr(1):
            writer.write_cdr(cdr)


def cyclone_pair(incoming: str, outgoing: str) -> tuple[Any, Any, Any]:
    """Reader, writer and a wait set for the reader."""
    from embedded_ros.dds import Participant, WaitSet, make_qos
    from embedded_ros.wire import cyclone_config, dds_type

    participant = Participant(int(os.environ["ROS_DOMAIN_ID"]), cyclone_config())
    kind, qos = dds_type("nav_msgs/msg/Odometry"), make_qos()
    reader, writer = participant.reader(incoming, kind, qos), participant.writer(outgoing, kind, qos)
    waitset = WaitSet(participant)
    waitset.attach(reader.condition, 1)
    return reader, writer, waitset


ROLES: dict[str, Callable[..., None]] = {
    "echo": echo,
    "flood": flood,
    "idle": idle,
    "robot": robot,
    "start": start,
    "cyclone_echo": cyclone_echo,
}


class Other:
    """A process with one of the ROLES, for the length of a `with` block."""

    def __init__(self, role: str, *arguments: object) -> None:
        command = [sys.executable, __file__, "--role", role, *map(str, arguments)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> "Other":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> str:
        """What it said after SIGTERM; one that does not end is killed."""
        self.process.terminate()
        try:
            return self.process.communicate(timeout=20)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.communicate()[0]

    def cpu_s(self) -> float:
        """Processor time so far."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# Measurements


def half_round_trips(send: Callable[[], None], receive: Callable[[], bool]) -> list[float]:
    """Sorted times in microseconds; `receive` waits a second at most and says whether something came."""
    times: list[float] = []
    while len(times) < ROUNDS + WARM_UP:
        begin = time.perf_counter()
        send()
        if receive():
            times.append((time.perf_counter() - begin) / 2 * 1e6)
    return sorted(times[WARM_UP:])


def latency() -> list[float]:
    """Half round trips with rclpy."""
    node = rclpy.create_node("ping")
    arrived: list[Any] = []
    publisher = node.create_publisher(Odometry, "ping", 10)
    node.create_subscription(Odometry, "pong", arrived.append, 10)
    message = Odometry(child_frame_id="base_link")

    def receive() -> bool:
        arrived.clear()
        deadline = time.perf_counter() + 1.0
        while not arrived and time.perf_counter() < deadline:
            rclpy.spin_once(node, timeout_sec=1.0)
        return bool(arrived)

    with Other("echo"):
        wait_until(lambda: node.count_publishers("pong") > 0 and publisher.get_subscription_count() > 0, "no echo")
        times = half_round_trips(lambda: publisher.publish(message), receive)
    node.destroy_node()
    return times


def cyclone_latency() -> list[float]:
    """Half round trips without it."""
    reader, writer, waitset = cyclone_pair("pong", "ping")
    cdr = serialize_message(Odometry(child_frame_id="base_link"))
    with Other("cyclone_echo"):
        wait_until(lambda: writer.matched() > 0 and reader.matched() > 0, "no echo")
        return half_round_trips(lambda: writer.write_cdr(cdr), lambda: bool(waitset.wait(10**9) and reader.take_cdr(1)))


def throughput() -> float:
    """Messages a second that arrive."""
    node = rclpy.create_node("sink")
    arrivals: list[float] = []
    node.create_subscription(Odometry, "flood", lambda _: arrivals.append(time.perf_counter()), ALL)
    with Other("flood"):
        deadline = time.monotonic() + READY_S
        while len(arrivals) < FLOOD and time.monotonic() < deadline:
            rclpy.spin_once(node, timeout_sec=1.0)
    node.destroy_node()
    return (len(arrivals) - 1) / (arrivals[-1] - arrivals[0])


def load(others: list[Other], seconds: float) -> float:
    """Share of one core that processes need, once all of them are ready."""
    for other in others:
        assert other.process.stdout is not None
        other.process.stdout.readline()
    time.sleep(1.0)
    before = sum(other.cpu_s() for other in others)
    time.sleep(seconds)
    return (sum(other.cpu_s() for other in others) - before) / seconds


def starts() -> list[float]:
    """Times to a first node in seconds."""
    return [float(Other("start").process.communicate(timeout=60)[0]) for _ in range(STARTS)]


def swarm() -> tuple[float, float]:
    """Share of one core that all robots need together, and how many messages a second arrived."""
    robots = [Other("robot", number) for number in range(ROBOTS)]
    try:
        share = load(robots, SWARM_S)
    finally:
        said = [one.end() for one in robots]
    return share, sum(float(rate or 0) for rate in said)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--role", nargs="+", help=argparse.SUPPRESS)
    if role := parser.parse_args().role:
        ROLES[role[0]](*map(int, role[1:]))
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the other processes are ended on the way out
    rclpy.init(signal_handler_options=rclpy.signals.SignalHandlerOptions.NO)

    def row(name: str, value: str, goal: str) -> None:
        print(f"{name:<52} {value:>22}   {goal}", flush=True)

    def quantiles(times: list[float]) -> str:
        return f"{statistics.median(times):.0f} / {times[int(len(times) * 0.99)]:.0f} µs"

    row("", "measured", "goal")
    row("half a round trip of Odometry, median / 99 %", quantiles(latency()), "≤ 250 / 500 µs")
    if "embedded_ros.dds" in sys.modules:
        row("the same with Cyclone DDS alone and ready bytes", quantiles(cyclone_latency()), "")
    row("Odometry messages one way", f"{throughput():,.0f} / s", "≥ 10,000 / s")
    with Other("idle") as process:
        row("an idle node", f"{load([process], IDLE_S):.1%} of a core", "< 1 %")
    row("imports and a first node", f"{statistics.median(starts()):.2f} s", "≤ 0.4 s")
    share, deliveries = swarm()
    row(f"{ROBOTS} nodes, all-to-all state at {RATE_HZ} Hz, together", f"{share:.0%} of a core", "< 30 %")
    row("", f"{deliveries:.0f} deliveries / s", "900 / s")
    rclpy.shutdown()


if __name__ == "__main__":
    main()
