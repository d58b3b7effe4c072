"""`ros2 bag record`."""

import argparse
import ctypes
import errno
import os
import resource
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime
from rosbags.rosbag2 import StoragePlugin, Writer

from .discovery import node_verb, visible
from .interfaces import find_type, full_definition
from .verbs import Status, argument, flag, pattern

POLLING_PERIOD_S = 0.1
FLUSHING_PERIOD_S = 1.0
FITTING_QOS = QoSProfile(  # for all publishers of a topic
    depth=1000, reliability=ReliabilityPolicy.BEST_AVAILABLE, durability=DurabilityPolicy.BEST_AVAILABLE
)
TOPIC_OPTIONS = (
    argument("--topics", nargs="+", default=[], metavar="topic", help="only these topics"),
    argument("-e", "--regex", type=pattern, help="only topics that contain this regular expression"),
    argument("--exclude-topics", nargs="+", default=[], metavar="topic", help="not these topics"),
    argument("-x", "--exclude-regex", type=pattern, help="not the topics that contain this regular expression"),
)
NOTHING_CHOSEN = "[ERROR] [ros2bag]: Need to specify at least one option out of --all, --topics or --regex"


@node_verb(
    "bag record",
    argument("positional_topics", nargs="*", metavar="topic", help="topics to record"),
    flag("-a", "--all", "--all-topics", help="all topics"),
    *TOPIC_OPTIONS,
    flag("--include-hidden-topics", help="with names that start with '_'"),
    argument("-o", "--output", help="folder to create (default: named after the time)"),
    argument("-s", "--storage", choices=["mcap"], default="mcap", help="format of the file"),
    node_name="rosbag2_recorder",
    discovers=False,
)
def _record(node: Node, args: argparse.Namespace) -> Status:
    """Record topics until interrupted."""
    args.topics = [node.resolve_topic_name(name) for name in args.topics + args.positional_topics]
    if not (args.topics or args.all or args.regex):
        return NOTHING_CHOSEN
    folder = Path(args.output or time.strftime("rosbag2_%Y_%m_%d-%H_%M_%S"))
    if folder.exists():
        return f"[ERROR] [ros2bag]: Output folder '{folder}' already exists."
    bag = Bag(folder)
    recorder = Recorder(node, bag, args)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, recorder.end)  # not in the middle of writing, as an exception would
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        node.get_logger().info("Listening for topics...")
        while node.context.ok() and not recorder.is_ended:
            executor.spin_once()
    except OSError as error:
        return f"[ERROR] [ros2bag]: recording into '{folder}' ended: {error.strerror}; what came before is kept"
    finally:
        bag.close()
    return 0


def is_chosen(topic: str, args: argparse.Namespace, everything: bool) -> bool:
    """Return whether the user wants a topic; `everything` if all that are not left out."""
    if topic in args.exclude_topics or (args.exclude_regex and args.exclude_regex.search(topic)):
        return False
    return everything or topic in args.topics or bool(args.regex and args.regex.search(topic))


class Recorder:
    """Subscribes to the topics that the user has chosen, as they appear."""

    def __init__(self, node: Node, bag: "Bag", args: argparse.Namespace) -> None:
        self._node, self._bag, self._args = node, bag, args
        self._known: set[str] = set()  # topics that are recorded, or of which was said why they are not
        self.is_ended = False
        node.create_timer(POLLING_PERIOD_S, self.look_for_topics)
        node.create_timer(FLUSHING_PERIOD_S, bag.flush)

    def end(self, *_signal: object) -> None:
        """Handle a signal."""
        self.is_ended = True

    def look_for_topics(self) -> None:
        """Record the chosen topics that are new and have a publisher."""
        for topic, types in visible(self._node.get_topic_names_and_types(), self._args.include_hidden_topics):
            is_wanted = is_chosen(topic, self._args, self._args.all)
            if topic in self._known or not is_wanted or not self._node.count_publishers(topic):
                continue
            self._known.add(topic)
            try:
                self._record(topic, types)
            except RuntimeError as error:
                self._node.get_logger().warning(f"Topic '{topic}' is not recorded: {error}")

    def _record(self, topic: str, types: list[str]) -> None:
        if len(types) > 1:
            raise RuntimeError(f"it has several types: {', '.join(types)}")
        try:
            message_type = find_type(types[0], "msg")
        except RuntimeError:
            raise RuntimeError(f"its type '{types[0]}' is unknown here") from None
        publishers = self._node.get_publishers_info_by_topic(topic)
        offered = [_recorded_qos(info.qos_profile) for info in publishers]
        write = self._bag.add_topic(topic, types[0], str(publishers[0].topic_type_hash), offered)
        self._node.create_subscription(message_type, topic, write, FITTING_QOS, raw=True)
        self._node.get_logger().info(f"Subscribed to topic '{topic}'")


def _recorded_qos(profile: QoSProfile) -> Qos:
    durations = (profile.deadline, profile.lifespan, profile.liveliness_lease_duration)
    deadline, lifespan, lease = (QosTime(*divmod(duration.nanoseconds, 10**9)) for duration in durations)
    return Qos(
        QosHistory(profile.history),
        profile.depth,
        QosReliability(profile.reliability),
        QosDurability(profile.durability),
        deadline,
        lifespan,
        QosLiveliness(profile.liveliness),
        lease,
        profile.avoid_ros_namespace_conventions,
    )


class Bag:
    """A bag being written, for which disk space is taken ahead: a full disk is noticed while it can be finished.

    Of a recorder that is killed, all but the last second is in the file, in whole chunks without an index behind them.
    """

    STEP = 4 << 20
    MARGIN = 1 << 20  # for index and metadata
    OVERHEAD = 64  # of a message: its header and its part of the index
    CHUNK_OVERHEAD = 4096  # of a chunk: its header and its part of the index

    def __init__(self, folder: Path) -> None:
        self._writer = Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP)
        self._writer.open()
        storage: Any = self._writer.storage
        self._storage = storage
        self._file = os.dup(
            self._storage.bio.fileno()
        )  # has the position of the writer's own, also after that is closed
        self._used = self._taken = 0
        self._take(0)

    def add_topic(self, topic: str, message_type: str, type_hash: str, qos: list[Qos]) -> Any:
        """Return the callback that writes a topic's messages, which raises OSError if the disk is full."""
        text = full_definition(message_type)
        self._take(2 * len(text) + 1024 * (1 + len(qos)))
        connection = self._writer.add_connection(
            topic, message_type, msgdef=text, rihs01=type_hash, offered_qos_profiles=qos
        )
        return partial(self._write, connection)

    def _write(self, connection: Any, message: bytes, info: dict[str, Any]) -> None:
        self._take(len(message) + len(message) // 4096 + self.OVERHEAD)
        self._writer.write(connection, info["received_timestamp"], message)

    def flush(self) -> None:
        """Put what was recorded until now into the file; raises OSError if the disk is full."""
        if self._storage.chunk.bio.tell():
            self._take(self.CHUNK_OVERHEAD)
            self._storage.close_chunk()
            self._storage.bio.flush()

    def _take(self, size: int) -> None:
        self._used += size
        while self._taken < self._used + self.MARGIN:
            _take_space(self._file, self._taken, self.STEP)
            self._taken += self.STEP

    def close(self) -> None:
        """Write index and metadata, for which half the margin is given back, and then what was not needed."""
        os.truncate(self._file, min(self._taken, self._used + self.MARGIN // 2))
        self._writer.close()
        os.truncate(self._file, os.lseek(self._file, 0, os.SEEK_CUR))
        os.close(self._file)


def _take_space(file: int, begin: int, size: int) -> None:
    """Take disk space for a part of a file that stays as long as it is; where the file system cannot, nothing."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if limit != resource.RLIM_INFINITY and begin + size > limit:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    libc, keep_size = ctypes.CDLL(None, use_errno=True), 1  # FALLOC_FL_KEEP_SIZE, which Python does not offer
    while libc.fallocate(file, keep_size, ctypes.c_int64(begin), ctypes.c_int64(size)):
        number = ctypes.get_errno()
        if number == errno.EOPNOTSUPP:
            return
        if number != errno.EINTR:
            raise OSError(number, os.strerror(number))
