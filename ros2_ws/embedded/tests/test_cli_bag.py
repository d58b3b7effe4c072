"""`ros2 bag`: what was on the wire goes in and comes out, readable by others, whatever ends the recording."""

import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from mcap.exceptions import EndOfFile
from mcap.records import Message
from mcap.stream_reader import StreamReader
from nav_msgs.msg import Odometry
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rclpy.serialization import deserialize_message, serialize_message
from ros2_process import ROS2, Running
from ros_world import World
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosgraph_msgs.msg import Clock
from rover_msgs.msg import Status
from std_msgs.msg import ByteMultiArray, String

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
Ros2 = Callable[..., Running]


@pytest.fixture
def ros2(ros_domain: int) -> Iterator[Ros2]:
    """Runs the command."""
    started = []

    def start(*arguments: str) -> Running:
        started.append(Running([*ROS2, *arguments]))
        return started[-1]

    yield start
    for running in started:
        running.end()


def wire_bytes(message: Any) -> bytes:
    """The message as DDS carries it, a multiple of four bytes."""
    data = serialize_message(message)
    return data + b"\0" * (-len(data) % 4)


def publish_when_heard(world: World, publisher: Any, messages: list[Any]) -> None:
    world.spin_until(lambda: publisher.get_subscription_count() > 0)
    for message in messages:
        publisher.publish(message)


def record(ros2: Ros2, world: World, bag: Path, number: int = signal.SIGINT) -> dict[str, list[Any]]:
    """Record some topics and return their messages."""
    node = world.node()
    odometry = Odometry(child_frame_id="base")
    odometry.pose.pose.position.x = 0.1
    sent = {
        "/status": [String(data="ready")],
        "/odom": [odometry] * 20,
        "/rover": [Status(), Status()],
    }
    publishers = {
        "/status": node.create_publisher(String, "/status", LATCHED),
        "/odom": node.create_publisher(Odometry, "/odom", qos_profile_sensor_data),
        "/rover": node.create_publisher(Status, "/rover", 10),
    }
    recording = ros2("bag", "record", "-o", str(bag), *sent)
    for topic, messages in sent.items():
        recording.wait_for(f"Subscribed to topic '{topic}'")
        publish_when_heard(world, publishers[topic], messages)
    probe = ros2("topic", "echo", "--once", "/odom")  # the recorder is as far as another reader of the topic
    world.spin_until(lambda: publishers["/odom"].get_subscription_count() > 1)
    while probe.process.poll() is None:
        publishers["/odom"].publish(odometry)
        world.executor.spin_once(timeout_sec=0.05)
    recording.process.send_signal(number)
    assert recording.wait() == 0, "\n".join(recording.lines)
    return sent


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_records_what_was_on_the_wire(ros2: Ros2, world: World, tmp_path: Path, number: int) -> None:
    sent = record(ros2, world, tmp_path / "bag", number)
    store = get_typestore(Stores.EMPTY)
    with Reader(tmp_path / "bag") as bag:
        for connection in bag.connections:
            store.register(get_types_from_msg(connection.msgdef.data, connection.msgtype))
        found: dict[str, list[bytes]] = {topic: [] for topic in sent}
        for connection, _, data in bag.messages():
            found[connection.topic].append(data)
        hashes = {connection.topic: connection.digest for connection in bag.connections}
        assert hashes["/status"] == store.hash_rihs01("std_msgs/msg/String")
        assert hashes["/odom"] == store.hash_rihs01("nav_msgs/msg/Odometry")
    assert store.deserialize_cdr(found["/odom"][0], "nav_msgs/msg/Odometry").pose.pose.position.x == 0.1
    for topic, messages in sent.items():
        wanted = [wire_bytes(message) for message in messages]
        assert found[topic][: len(wanted)] == wanted


def test_the_metadata_has_the_offered_qos(ros2: Ros2, world: World, tmp_path: Path) -> None:
    record(ros2, world, tmp_path / "bag")
    metadata = yaml.safe_load((tmp_path / "bag" / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    topics = {one["topic_metadata"]["name"]: one["topic_metadata"] for one in metadata["topics_with_message_count"]}
    (status,) = topics["/status"]["offered_qos_profiles"]
    (odom,) = topics["/odom"]["offered_qos_profiles"]
    assert (status["reliability"], status["durability"], status["depth"]) == ("reliable", "transient_local", 1)
    assert (odom["reliability"], odom["durability"], odom["history"]) == ("best_effort", "volatile", "keep_last")
    assert status["lifespan"] == {"sec": 9223372036, "nsec": 854775807}


def test_info_tells_what_is_inside(ros2: Ros2, world: World, tmp_path: Path) -> None:
    record(ros2, world, tmp_path / "bag")
    running = ros2("bag", "info", str(tmp_path / "bag"))
    assert running.wait() == 0
    pattern = r"""
Files:             bag\.mcap
Bag size:          \d+\.\d KiB
Storage id:        mcap
ROS Distro:        rosbags
Duration:          \d+\.\d{9}s
Start:             \w{3} [ \d]\d \d{4} \d\d:\d\d:\d\d\.\d{9} \(\d+\.\d{9}\)
End:               \w{3} [ \d]\d \d{4} \d\d:\d\d:\d\d\.\d{9} \(\d+\.\d{9}\)
Messages:          \d+
Topic information: Topic: /odom \| Type: nav_msgs/msg/Odometry \| Count: \d+ \| Serialization Format: cdr
                   Topic: /rover \| Type: rover_msgs/msg/Status \| Count: 2 \| Serialization Format: cdr
                   Topic: /status \| Type: std_msgs/msg/String \| Count: 1 \| Serialization Format: cdr
Service:           0
Service information: """
    assert re.fullmatch(pattern, "\n".join(running.lines)), running.lines


def test_play_publishes_the_recorded_bytes(ros2: Ros2, world: World, tmp_path: Path) -> None:
    sent = record(ros2, world, tmp_path / "bag")
    node = world.node("listener")
    heard: dict[str, list[bytes]] = {topic: [] for topic in sent}
    for topic, messages in sent.items():
        qos = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL) if topic == "/status" else 100
        qos = qos_profile_sensor_data if topic == "/odom" else qos
        node.create_subscription(type(messages[0]), topic, heard[topic].append, qos, raw=True)
    times: list[Clock] = []
    node.create_subscription(Clock, "/clock", times.append, 10)
    playing = ros2("bag", "play", str(tmp_path / "bag"), "--rate", "0.5", "--clock", "100", "--loop")
    status = wire_bytes(sent["/status"][0])
    world.spin_until(lambda: heard["/status"].count(status) > 2)
    playing.process.send_signal(signal.SIGINT)
    assert playing.wait() == signal.SIGINT
    assert heard["/odom"][0] == wire_bytes(sent["/odom"][0])
    assert heard["/rover"][:2] == [wire_bytes(message) for message in sent["/rover"]]
    with Reader(tmp_path / "bag") as bag:
        assert all(time.clock.sec >= bag.start_time // 10**9 for time in times)
    assert times


def test_play_can_leave_out_and_rename_topics(ros2: Ros2, world: World, tmp_path: Path) -> None:
    record(ros2, world, tmp_path / "bag")
    node = world.node("listener")
    heard: list[String] = []
    node.create_subscription(String, "/again", heard.append, LATCHED)
    options = ("--exclude-regex", "odom|rover", "--remap", "/status:=/again", "--rate", "10")
    playing = ros2("bag", "play", str(tmp_path / "bag"), *options)
    world.spin_until(lambda: bool(heard))
    assert heard == [String(data="ready")]
    assert playing.wait() == 0
    assert node.count_publishers("/odom") == 1  # the one that was recorded


LIMITED = """
import resource, runpy
resource.setrlimit(resource.RLIMIT_FSIZE, (12 << 20, 12 << 20))
runpy.run_module("embedded_ros.cli", run_name="__main__")
"""


def test_a_full_disk_ends_the_recording_and_keeps_the_rest(world: World, tmp_path: Path) -> None:
    publisher = world.node().create_publisher(ByteMultiArray, "/large", 1)
    bag = tmp_path / "bag"
    recording = Running([sys.executable, "-c", LIMITED, "bag", "record", "-o", str(bag), "/large"])
    try:
        message = ByteMultiArray(data=[b"x"] * 300_000)
        data = wire_bytes(message)
        world.spin_until(lambda: publisher.get_subscription_count() > 0)
        while recording.process.poll() is None:
            publisher.publish(data)
            world.executor.spin_once(timeout_sec=0.02)
        assert recording.wait() == 1
    finally:
        recording.end()
    assert recording.lines[-1] == (
        f"[ERROR] [ros2bag]: recording into '{bag}' ended: File too large; what came before is kept"
    )
    with Reader(bag) as reader:
        kept = [found for _, _, found in reader.messages()]
    assert len(kept) > 10
    assert set(kept) == {data}


def until_the_end(path: Path) -> Iterator[Message]:
    """The messages of a file without index and footer, which is whole to its end."""
    with path.open("rb") as file:
        records = StreamReader(file).records
        with suppress(EndOfFile):
            while True:
                record = next(records)
                if isinstance(record, Message):
                    yield record


def test_what_was_recorded_before_a_kill_can_be_read(ros2: Ros2, world: World, tmp_path: Path) -> None:
    publisher = world.node().create_publisher(String, "/news", 10)
    path = tmp_path / "bag" / "bag.mcap"
    recording = ros2("bag", "record", "-o", str(path.parent), "/news")
    world.spin_until(lambda: publisher.get_subscription_count() > 0)

    def has_grown(number: int) -> bool:
        publisher.publish(String(data=str(number)))
        return path.stat().st_size > 2000

    numbers = iter(range(10**6))
    world.spin_until(lambda: has_grown(next(numbers)))
    recording.process.kill()
    recording.wait()
    found = [deserialize_message(message.data, String).data for message in until_the_end(path)]
    assert found == [str(number) for number in range(int(found[0]), int(found[0]) + len(found))]
    assert len(found) > 10
    assert path.stat().st_size < 1 << 20, "nothing follows"


def test_records_all_topics_that_it_knows(ros2: Ros2, world: World, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "share" / "other_msgs" / "msg").mkdir(parents=True)
    (tmp_path / "share" / "other_msgs" / "msg" / "Other.msg").write_text("bool data\n")
    talker = tmp_path / "talker.py"
    talker.write_text(
        "import rclpy\nfrom embedded_ros.messages import message_class\nrclpy.init()\nnode = rclpy.create_node('t')\n"
        "node.create_publisher(message_class('other_msgs/msg/Other'), '/other', 10)\nrclpy.spin(node)\n"
    )
    other = Running([sys.executable, str(talker)], {"AMENT_PREFIX_PATH": str(tmp_path)})
    try:
        recording = ros2("bag", "record", "--all", "-o", str(tmp_path / "bag"), "--exclude-topics", "/parameter_events")
        recording.wait_for("Topic '/other' is not recorded: its type 'other_msgs/msg/Other' is unknown here")
        recording.wait_for("Subscribed to topic '/rosout'")
        recording.process.terminate()
        assert recording.wait() == 0, "\n".join(recording.lines)
        assert not any("/parameter_events" in line for line in recording.lines)
    finally:
        other.end()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["record"], "Need to specify at least one option"),
        (["record", "-a", "-o", "there"], "Output folder 'there' already exists."),
        (["info", "nothing"], "'nothing' does not exist"),
        (["play", "there"], "'there' does not exist"),
        (["play", "there/some.txt"], "Unrecognized storage format"),
        (["play", "there/broken.mcap"], "File magic is invalid"),
    ],
)
def test_wrong_use_is_told(ros2: Ros2, tmp_path: Path, monkeypatch: Any, arguments: list[str], message: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there").mkdir()
    Path("there", "some.txt").write_text("")
    Path("there", "broken.mcap").write_text("not a bag at all, and not short either")
    running = ros2("bag", *arguments)
    assert running.wait() == 1
    assert running.lines[-1].startswith("[ERROR] [ros2bag]: ")
    assert message in running.lines[-1]
