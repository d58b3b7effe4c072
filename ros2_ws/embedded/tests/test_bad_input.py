"""What a node does with what it should never have been sent."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from embedded_ros.dds import Participant, make_qos
from embedded_ros.wire import cyclone_config
from nav_msgs.msg import Odometry
from rclpy.exceptions import RCLError
from rclpy.node import Node
from rclpy.serialization import serialize_message
from ros_world import Starter, World
from std_msgs.msg import Int32, String
from std_srvs.srv import SetBool

LISTENER = """
import rclpy
from nav_msgs.msg import Odometry
from std_srvs.srv import SetBool
rclpy.init()
node = rclpy.create_node("listener")
node.create_subscription(Odometry, "odom", lambda _: None, 10)
node.create_service(SetBool, "switch", lambda request, response: response)
rclpy.spin(node)
"""


@pytest.fixture
def stranger(ros_domain: int) -> Iterator[Participant]:
    """A DDS participant that is no ROS 2 node."""
    participant = Participant(ros_domain, cyclone_config())
    yield participant
    participant.delete()


@pytest.fixture
def listener(start: Starter) -> "subprocess.Popen[str]":
    return start("-c", LISTENER)


def said(capfd: pytest.CaptureFixture[str], text: str) -> Callable[[], bool]:
    """Condition that holds when standard error has had the text."""
    heard = ""

    def condition() -> bool:
        nonlocal heard
        heard += capfd.readouterr().err
        return text in heard

    return condition


@pytest.mark.parametrize(
    "cdr",
    [b"\0\3\0\0" + bytes(8), b"\0\1\0\0\xff\xff\xff\xff", b"\0\1\0\0\3\0\0\0\xff\xff\0\0"],
    ids=["another encoding", "endless", "no UTF-8"],
)
def test_payloads_that_are_no_message_are_dropped(
    stranger: Participant, world: World, capfd: pytest.CaptureFixture[str], cdr: bytes
) -> None:
    heard: list[Any] = []
    world.node().create_subscription(String, "words", heard.append, 10)
    writer = stranger.writer("rt/words", "std_msgs::msg::dds_::String_", make_qos())
    world.spin_until(lambda: writer.matched() == 1)
    writer.write_cdr(cdr)
    world.spin_until(said(capfd, "dropped what is no message"))
    writer.write_cdr(serialize_message(String(data="after")))
    world.spin_until(lambda: heard == [String(data="after")])


def test_requests_and_responses_that_are_none_are_dropped(
    stranger: Participant, world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    node = world.node()
    node.create_service(SetBool, "switch", lambda request, response: response)
    client = node.create_client(SetBool, "switch")
    for topic, kind in (("rq/switchRequest", "Request"), ("rr/switchReply", "Response")):
        writer = stranger.writer(topic, f"std_srvs::srv::dds_::SetBool_{kind}_", make_qos())
        world.spin_until(lambda writer=writer: writer.matched() == 1)  # type: ignore[misc]
        writer.write_cdr(b"\0\1\0\0" + bytes(8))
        world.spin_until(said(capfd, f"dropped what is no {kind.lower()}"))
        writer.delete()
    assert world.answer(client.call_async(SetBool.Request())) == SetBool.Response()


def test_another_definition_under_the_same_name(
    stranger: Participant, world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    """ROS 2 matches by name and decodes what fits; the hash tells the two apart."""
    heard: list[Any] = []
    node = world.node()
    node.create_subscription(Int32, "numbers", heard.append, 10)
    other = make_qos(user_data=b"typehash=RIHS01_" + b"0" * 64 + b";")
    writer = stranger.writer("rt/numbers", "std_msgs::msg::dds_::Int32_", other)
    world.spin_until(lambda: writer.matched() == 1)
    (info,) = node.get_publishers_info_by_topic("numbers")
    assert str(info.topic_type_hash) == "RIHS01_" + "0" * 64
    writer.write_cdr(b"\0\1\0\0\7\0\0\0\1\0\0\0")  # two numbers
    world.spin_until(lambda: heard == [Int32(data=7)])
    writer.write_cdr(b"\0\1\0\0\7\0\0\0"[:6])  # half a number, padded on the way
    world.spin_until(lambda: len(heard) == 2)
    assert heard[1].data == 7


def test_a_peer_that_stops_or_dies_blocks_nobody(world: World, listener: "subprocess.Popen[str]") -> None:
    node = world.node()
    publisher = node.create_publisher(Odometry, "odom", 10)
    client = node.create_client(SetBool, "switch")
    world.spin_until(lambda: publisher.get_subscription_count() == 1 and client.service_is_ready())
    listener.send_signal(signal.SIGSTOP)
    for _ in range(500):
        publisher.publish(Odometry())
    assert client.call(SetBool.Request(), timeout_sec=0.2) is None
    listener.kill()
    world.spin_until(lambda: publisher.get_subscription_count() == 0 and not client.service_is_ready())
    assert node.get_node_names() == ["tester"]
    publisher.publish(Odometry())


def test_two_nodes_of_one_name(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    first, second = Node("twin", context=world.context), Node("twin", context=world.context)
    assert "Publisher already registered for node name: 'twin'" in capfd.readouterr().err
    assert world.node().get_node_names().count("twin") == 2
    second.destroy_node()
    first.get_logger().info("still here")
    first.destroy_node()
    assert "still here" in capfd.readouterr().err


def test_a_spinning_listener_survives_all_of_it(
    stranger: Participant, world: World, listener: "subprocess.Popen[str]"
) -> None:
    writer = stranger.writer("rt/odom", "nav_msgs::msg::dds_::Odometry_", make_qos())
    reader = stranger.reader("rr/switchReply", "std_srvs::srv::dds_::SetBool_Response_", make_qos())
    requests = stranger.writer("rq/switchRequest", "std_srvs::srv::dds_::SetBool_Request_", make_qos())
    world.spin_until(lambda: writer.matched() == 1 and requests.matched() == 1 and reader.matched() == 1)
    for length in range(4, 200, 4):
        writer.write_cdr(b"\0\1\0\0" + b"\xff" * length)
    requests.write_cdr(b"\0\1\0\0" + b"\1\0\0\0\0\0\0\0" + b"\2\0\0\0\0\0\0\0" + b"\1")
    replies: list[bytes] = []
    world.spin_until(lambda: bool(replies) or replies.extend(cdr for cdr, _ in reader.take_cdr(10)) or False)
    assert replies[0][4:20] == b"\1\0\0\0\0\0\0\0" + b"\2\0\0\0\0\0\0\0"
    assert listener.poll() is None


@pytest.mark.parametrize("data", [b"", b"a", b"\0\1\0\0"])
def test_bytes_too_few_to_be_a_message_are_not_published(world: World, data: bytes) -> None:
    with pytest.raises(RCLError, match="Failed to publish"):
        world.node().create_publisher(String, "text", 1).publish(data)
