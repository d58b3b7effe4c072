"""The bag as three readers see it: finished, while it is written, after a kill, and on a disk that is full."""

import resource
from collections import Counter
from contextlib import suppress

import mir2_swarm.bag
import pytest
from mcap.exceptions import EndOfFile
from mcap.reader import NonSeekingReader, make_reader
from mir2_core.roster import Roster
from mir2_core.types import RobotState
from mir2_interfaces.msg import FaultArray, GateStatus
from mir2_swarm.bag import Bag
from mir2_swarm.bag_topics import bag_topics
from mir2_swarm.convert import to_odometry
from mir2_swarm.definitions import definition
from mir2_swarm.node import LATCHED
from nav_msgs.msg import Odometry
from rclpy.qos import QoSProfile
from rclpy.serialization import serialize_message
from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

FULL = QoSProfile(depth=10)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.mcap"


@pytest.fixture
def bag(path):
    return Bag(path)


def say(bag, topic, first, count):
    for k in range(first, first + count):
        bag.write(topic, k, serialize_message(to_odometry(RobotState(0.1 * k, float(k), 0.0, 0.0), "robot_0")))


def places(path):
    """What robot_0 said, as `rosbags` reads it with the definitions in the bag."""
    with AnyReader([path]) as reader:
        return [reader.deserialize(raw, c.msgtype).pose.pose.position.x for c, _, raw in reader.messages()]


def scanned(path):
    """How many messages there are for a reader that needs no index, and misses the end of the file."""
    count = 0
    with path.open("rb") as file, suppress(EndOfFile):
        for _ in NonSeekingReader(file).iter_messages(log_time_order=False):
            count += 1
    return count


def test_it_can_be_read_at_any_time_and_after_a_kill(bag, path):
    topic = bag.add_topic("/robot_0/odom", Odometry, FULL)
    for k in range(4):
        say(bag, topic, 3 * k, 3)
        bag.flush()
        assert places(path) == list(range(3 * k + 3))
        with path.open("rb") as file:
            assert len(list(make_reader(file).iter_messages())) == 3 * k + 3
    bag.flush()
    bag.close()
    assert places(path) == list(range(12))


def test_without_an_index_all_of_it_can_be_scanned(bag, path, monkeypatch):
    monkeypatch.setattr(mir2_swarm.bag, "INDEX_SHARE", 1e9)
    topic = bag.add_topic("/robot_0/odom", Odometry, FULL)
    bag.flush(index=True)
    for k in range(3):
        say(bag, topic, 100 * k, 100)
        bag.flush()
        assert scanned(path) == 100 * k + 100
    bag.close()
    assert places(path) == list(range(300))


def test_a_full_disk_costs_nothing_that_was_there(bag, path):
    topic = bag.add_topic("/robot_0/odom", Odometry, FULL)
    say(bag, topic, 0, 5)
    bag.flush()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, limits[1]))
    try:
        say(bag, topic, 5, 500)
        with pytest.raises(OSError, match="File too large"):
            bag.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert places(path) == list(range(5))


def test_a_bag_that_was_removed_is_not_written_unseen(bag, path):
    topic = bag.add_topic("/robot_0/odom", Odometry, FULL)
    bag.flush(index=True)
    path.unlink()
    say(bag, topic, 0, 1)
    with pytest.raises(OSError, match="it was removed"):
        bag.flush()


@pytest.mark.parametrize("message", [Odometry, GateStatus, FaultArray])
def test_definitions_are_those_of_ros(message):
    name = f"{message.__module__.partition('.')[0]}/msg/{message.__name__}"
    ours = get_types_from_msg(definition(message), name)
    standard = get_typestore(Stores.ROS2_JAZZY).fielddefs
    for found, (_, fields) in ours.items():
        if found in standard:
            assert fields == standard[found][1], found
    assert name in ours


def test_players_are_told_what_to_offer(bag, path):
    bag.add_topic("/faults", FaultArray, LATCHED)
    bag.close()
    with AnyReader([path]) as reader:
        (qos,) = reader.connections[0].ext.offered_qos_profiles
    assert (qos.durability.name, qos.reliability.name, qos.depth) == ("TRANSIENT_LOCAL", "RELIABLE", 1)


def test_every_topic_stands_once(roster_file):
    topics = bag_topics(Roster.load(roster_file()), odometry_qos=FULL, clock=True)
    assert max(Counter(topic.name for topic in topics).values()) == 1
