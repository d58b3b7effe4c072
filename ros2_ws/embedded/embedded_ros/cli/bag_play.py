"""`ros2 bag play`."""

import argparse
import time
from collections.abc import Collection
from typing import Any

from rclpy.duration import Duration
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosbags.rosbag2 import Reader, ReaderError
from rosgraph_msgs.msg import Clock

from .discovery import discover, node_verb
from .interfaces import find_type
from .verbs import Status, argument, flag, positive

CLOCK_HZ = 40.0
ACKNOWLEDGED_TIMEOUT = Duration(seconds=1)


@node_verb(
    "bag play",
    argument("bag_path", help="folder or file of the bag"),
    argument("-r", "--rate", type=positive, default=1.0, help="speed (default: 1)"),
    flag("-l", "--loop", help="start again at the end"),
    argument(
        "--clock", type=positive, nargs="?", const=CLOCK_HZ, metavar="HZ", help="publish the bag's time on /clock"
    ),
    argument("--topics", nargs="+", default=[], metavar="topic", help="only these topics"),
    argument("--start-offset", type=float, default=0.0, metavar="S", help="start so far behind the beginning"),
    argument("-d", "--delay", type=positive, default=0.0, metavar="S", help="wait before each start"),
    argument("--node-name", default="rosbag2_player", help="name of the playing node"),
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
        self._rate, self._delay_s = args.rate, args.delay
        self._first_ns = bag.start_time + int(args.start_offset * 1e9)
        self._started_s = time.monotonic()
        self._publishers: dict[str, Any] = {}
        for connection in bag.connections:
            if not args.topics or connection.topic in args.topics:
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
        self._publishers[connection.topic] = self._node.create_publisher(message_type, connection.topic, qos)

    def play(self) -> None:
        """Publish everything once."""
        connections = [found for found in self._bag.connections if found.topic in self._publishers]
        self._started_s = time.monotonic() + self._delay_s
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
        seconds, nanoseconds = divmod(self._first_ns + elapsed_ns, 10**9)
        message = Clock()
        message.clock.sec, message.clock.nanosec = seconds, nanoseconds
        self._clock.publish(message)


def offered_qos(recorded: Collection[Any]) -> QoSProfile:
    """Return a profile that serves every subscription that the recorded publishers served together."""
    profile = QoSProfile(depth=10)
    if recorded and all(qos.reliability.name == "BEST_EFFORT" for qos in recorded):
        profile.reliability = ReliabilityPolicy.BEST_EFFORT
    if any(qos.durability.name == "TRANSIENT_LOCAL" for qos in recorded):
        profile.durability = DurabilityPolicy.TRANSIENT_LOCAL
    return profile
