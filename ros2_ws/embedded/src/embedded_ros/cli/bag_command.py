"""`ros2 bag`: MCAP files with the messages of topics as they were on the wire; record has a module of its own."""

import argparse
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from rclpy.duration import Duration
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.time import Time
from rosbags.rosbag2 import Reader, ReaderError
from rosgraph_msgs.msg import Clock

from .bag_record import TOPIC_OPTIONS, is_chosen
from .discovery import discover, node_verb
from .interfaces import find_type
from .verbs import Status, argument, flag, positive, verb

CLOCK_HZ = 40.0
ACKNOWLEDGED_TIMEOUT = Duration(seconds=1)


@verb("bag info", argument("bag_path", help="folder or file of the bag"))
def _info(args: argparse.Namespace) -> Status:
    """Show what a bag contains."""
    try:
        with Reader(args.bag_path) as bag:
            print(_describe(bag))
    except (ReaderError, FileNotFoundError) as error:
        return f"[ERROR] [ros2bag]: {error}"
    return 0


def _describe(bag: Reader) -> str:
    path = Path(str(bag.path))
    files = sorted(file for file in path.iterdir() if file.suffix != ".yaml") if path.is_dir() else [path]
    duration_ns = max(0, bag.end_time - bag.start_time - 1)  # the end is behind the last message
    topics = [
        f"Topic: {name} | Type: {topic.msgtype} | Count: {topic.msgcount} | Serialization Format: cdr"
        for name, topic in bag.topics.items()
    ]
    rows = {
        "Files": [file.name for file in files],
        "Bag size": [_size(sum(file.stat().st_size for file in files))],
        "Storage id": ["mcap" if files[0].suffix == ".mcap" else "sqlite3"],
        "ROS Distro": [bag.ros_distro or "unknown"],
        "Duration": [f"{_seconds(duration_ns)}s"],
        "Start": [_date(bag.start_time)],
        "End": [_date(bag.start_time + duration_ns)],
        "Messages": [str(bag.message_count)],
        "Topic information": topics,
        "Service": ["0"],
        "Service information": [],
    }
    indent = "\n" + " " * 19
    return "\n" + "\n".join(f"{title + ':':<18} {indent.join(lines)}" for title, lines in rows.items())


def _size(size: float) -> str:
    units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        del units[0]
    return f"{size:.{0 if units[0] == 'B' else 1}f} {units[0]}"


def _seconds(nanoseconds: int) -> str:
    return "{}.{:09}".format(*divmod(nanoseconds, 10**9))


def _date(nanoseconds: int) -> str:
    local = time.localtime(nanoseconds // 10**9)
    return f"{time.strftime('%b %e %Y %H:%M:%S', local)}.{nanoseconds % 10**9:09} ({_seconds(nanoseconds)})"


def remapping(text: str) -> tuple[str, str]:
    old, new = text.split(":=")
    return old, new


@node_verb(
    "bag play",
    argument("bag_path", help="folder or file of the bag"),
    argument("-r", "--rate", type=positive, default=1.0, help="speed (default: 1)"),
    flag("-l", "--loop", help="start again at the end"),
    argument(
        "--clock", type=positive, nargs="?", const=CLOCK_HZ, metavar="HZ", help="publish the bag's time on /clock"
    ),
    *TOPIC_OPTIONS,
    argument(
        "-m", "--remap", nargs="+", type=remapping, default=[], metavar="from:=to", help="publish under other names"
    ),
    argument("--start-offset", type=float, default=0.0, metavar="S", help="start so far behind the beginning"),
    node_name="rosbag2_player",
    discovers=False,
)
def _play(node: Node, args: argparse.Namespace) -> Status:
    """Publish the messages of a bag."""
    try:
        with Reader(args.bag_path) as bag:
            player = Player(node, bag, args)
            while True:
                player.play()
                if not args.loop or not bag.message_count:
                    return 0
    except (ReaderError, FileNotFoundError) as error:
        return f"[ERROR] [ros2bag]: {error}"


class Player:
    """Publishes the messages of an open bag at their times."""

    def __init__(self, node: Node, bag: Reader, args: argparse.Namespace) -> None:
        self._node, self._bag = node, bag
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(node)
        self._rate = args.rate
        self._first_ns = bag.start_time + int(args.start_offset * 1e9)
        self._started_s = time.monotonic()
        self._publishers: dict[str, Any] = {}
        self._names = {node.resolve_topic_name(old): new for old, new in args.remap}
        for connection in bag.connections:
            if is_chosen(connection.topic, args, everything=not (args.topics or args.regex)):
                self._add_publisher(connection)
        if args.clock:
            self._clock = node.create_publisher(Clock, "/clock", 10)
            node.create_timer(1.0 / args.clock, self._publish_time)
        node.get_logger().info(f"Set rate to {args.rate:g}")
        discover(node)

    def _add_publisher(self, connection: Any) -> None:
        try:
            message_type = find_type(connection.msgtype, "msg")
        except RuntimeError:
            warning = f"Ignoring the topic '{connection.topic}': its type '{connection.msgtype}' is unknown here"
            self._node.get_logger().warning(warning)
            return
        qos = offered_qos(connection.ext.offered_qos_profiles)
        name = self._names.get(connection.topic, connection.topic)
        self._publishers[connection.topic] = self._node.create_publisher(message_type, name, qos)

    def play(self) -> None:
        """Publish everything once."""
        connections = [found for found in self._bag.connections if found.topic in self._publishers]
        self._started_s = time.monotonic()
        for connection, stamp_ns, message in (
            self._bag.messages(connections, start=self._first_ns) if connections else ()
        ):
            self._wait_until(self._started_s + (stamp_ns - self._first_ns) * 1e-9 / self._rate)
            self._publishers[connection.topic].publish(message)
        for publisher in self._publishers.values():
            publisher.wait_for_all_acked(ACKNOWLEDGED_TIMEOUT)

    def _wait_until(self, time_s: float) -> None:
        """Let the clock run; at least one look at the node notices signals."""
        self._executor.spin_once(0.0)
        while (rest_s := time_s - time.monotonic()) > 0.0:
            self._executor.spin_once(rest_s)

    def _publish_time(self) -> None:
        elapsed_ns = int(max(0.0, time.monotonic() - self._started_s) * self._rate * 1e9)
        self._clock.publish(Clock(clock=Time(nanoseconds=self._first_ns + elapsed_ns).to_msg()))


def offered_qos(recorded: Collection[Any]) -> QoSProfile:
    """Return a profile that serves every subscription that the recorded publishers served together."""
    profile = QoSProfile(depth=10)
    if recorded and all(qos.reliability.name == "BEST_EFFORT" for qos in recorded):
        profile.reliability = ReliabilityPolicy.BEST_EFFORT
    if any(qos.durability.name == "TRANSIENT_LOCAL" for qos in recorded):
        profile.durability = DurabilityPolicy.TRANSIENT_LOCAL
    return profile
