"""Topics and services between processes over DDS."""

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from embedded_ros import wire
from embedded_ros.dds import make_qos
from embedded_ros.session import ServiceEndpoint
from nav_msgs.msg import Odometry
from rcl_interfaces.msg import LoggerLevel
from rcl_interfaces.srv import GetLoggerLevels, SetLoggerLevels
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.exceptions import InvalidServiceNameException, InvalidTopicNameException, RCLError
from rclpy.logging import LoggingSeverity
from rclpy.parameter import Parameter
from rclpy.parameter_client import AsyncParameterClient
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from rclpy.serialization import deserialize_message, serialize_message
from ros_world import World
from std_msgs.msg import Int32, String
from std_srvs.srv import SetBool, Trigger
from type_description_interfaces.srv import GetTypeDescription

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def test_topics_of_another_process(world: World, recorded_node: "subprocess.Popen[str]") -> None:
    node = world.node()
    odometry: list[Any] = []
    raw: list[bytes] = []
    status: list[str] = []
    node.create_subscription(Odometry, "/robot_3/odom", odometry.append, qos_profile_sensor_data)
    node.create_subscription(Odometry, "/robot_3/odom", raw.append, qos_profile_sensor_data, raw=True)
    world.spin_until(lambda: len(odometry) >= 2 and len(raw) >= 2)
    assert odometry[0] == Odometry() == deserialize_message(raw[0], Odometry)
    node.create_subscription(String, "/robot_3/status", lambda message: status.append(message.data), LATCHED)
    world.spin_until(lambda: status == ["ready"])  # written long before this subscription was made


def test_services_and_parameters_of_another_process(world: World, recorded_node: "subprocess.Popen[str]") -> None:
    node = world.node()
    client = node.create_client(SetBool, "/emergency_stop/set")
    assert client.wait_for_service(timeout_sec=30.0)
    for value, text in ((True, "latched"), (False, "released")):
        assert world.answer(client.call_async(SetBool.Request(data=value))).message == text
    parameters = AsyncParameterClient(node, "/robot_3/policy")
    assert parameters.wait_for_services(timeout_sec=30.0)
    assert "robots" in world.answer(parameters.list_parameters()).result.names
    wanted = [Parameter("rate_hz", value=20.0), Parameter("rate_hz", value=200.0), Parameter("rate_hz", value="x")]
    results = world.answer(parameters.set_parameters(wanted)).results
    assert [result.successful for result in results] == [True, False, False]
    assert results[1].reason == "Parameter rate_hz out of range Min: 1.0, Max: 100.0, value: 200.0"
    assert results[2].reason == "Wrong parameter type, expected 'Type.DOUBLE' got 'Type.STRING'"
    assert world.answer(parameters.get_parameters(["rate_hz"])).values[0].double_value == 20.0
    described = world.answer(parameters.describe_parameters(["rate_hz"])).descriptors[0]
    assert (described.description, described.floating_point_range[0].to_value) == ("control rate", 100.0)


def test_every_message_of_a_reliable_topic_arrives_in_order(make_world: Callable[..., World]) -> None:
    sender, receiver = make_world(), make_world()
    received: list[int] = []
    qos = QoSProfile(depth=1000)
    receiver.node("receiver").create_subscription(Int32, "numbers", lambda m: received.append(m.data), qos)
    publisher = sender.node("sender").create_publisher(Int32, "numbers", qos)
    receiver.spin_until(lambda: publisher.get_subscription_count() == 1)
    for number in range(500):
        publisher.publish(Int32(data=number))
    receiver.spin_until(lambda: len(received) == 500)
    assert received == list(range(500))


def test_incompatible_qos_is_not_matched(world: World) -> None:
    node = world.node()
    best_effort = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    publisher = node.create_publisher(Int32, "numbers", best_effort)
    reliable_subscription = node.create_subscription(Int32, "numbers", lambda _: None, 1)
    fitting = node.create_subscription(Int32, "numbers", lambda _: None, best_effort)
    world.spin_until(lambda: fitting.get_publisher_count() == 1)
    assert reliable_subscription.get_publisher_count() == 0
    assert publisher.get_subscription_count() == 1


def test_other_types_under_the_same_name_are_not_matched(world: World) -> None:
    node = world.node()
    publisher = node.create_publisher(Int32, "value", 1)
    node.create_subscription(String, "value", lambda _: None, 1)
    same = node.create_subscription(Int32, "value", lambda _: None, 1)
    world.spin_until(lambda: same.get_publisher_count() == 1)
    assert publisher.get_subscription_count() == 1


def test_message_information_and_bytes(world: World) -> None:
    node = world.node()
    seen: list[Any] = []
    node.create_subscription(Int32, "numbers", lambda message, info: seen.append((message, info)), 1)
    publisher = node.create_publisher(Int32, "numbers", 1)
    world.spin_until(lambda: publisher.get_subscription_count() == 1)
    publisher.publish(serialize_message(Int32(data=7)))
    world.spin_until(lambda: bool(seen))
    assert seen[0][0].data == 7
    assert 0 < seen[0][1]["source_timestamp"] <= seen[0][1]["received_timestamp"]


def test_what_is_no_message_is_dropped_with_an_error(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    node = world.node()
    heard: list[str] = []
    node.create_subscription(String, "words", lambda message: heard.append(message.data), 10)
    publisher = node.create_publisher(String, "words", 10)
    world.spin_until(lambda: publisher.get_subscription_count() == 1)
    publisher.publish(bytes.fromhex("000100006400000061620000"))  # says it has 100 characters
    publisher.publish(String(data="whole"))
    world.spin_until(lambda: heard == ["whole"])
    assert "/words: dropped what is no message" in capfd.readouterr().err


def test_publishing_something_else_is_a_type_error(world: World) -> None:
    publisher = world.node().create_publisher(Int32, "numbers", 1)
    with pytest.raises(TypeError, match="Expected"):
        publisher.publish(String())
    with pytest.raises(TypeError):
        publisher.publish(None)


def test_nothing_is_published_after_shutdown(world: World) -> None:
    publisher = world.node().create_publisher(Int32, "numbers", 1)
    world.context.shutdown()
    with pytest.raises(RCLError, match="context is invalid"):
        publisher.publish(Int32())
    with pytest.raises(RCLError):
        world.context.shutdown()


@pytest.mark.parametrize("name", ["a b", "//x", "x/", "1x", "a/2b", "x~"])
def test_names_are_checked(world: World, name: str) -> None:
    node = world.node()
    with pytest.raises(InvalidTopicNameException):
        node.create_publisher(Int32, name, 1)
    with pytest.raises(InvalidServiceNameException):
        node.create_service(Trigger, name, lambda _, response: response)


def test_names_are_expanded_and_remapped(make_world: Callable[..., World]) -> None:
    rules = ["--ros-args", "-r", "odom:=/truth", "-r", "other:cmd:=/no", "-r", "__ns:=/r1", "-r", "old:__node:=new"]
    world = make_world(*rules, "-r", "~/stop:=halt")
    node = world.node("old")
    assert node.get_fully_qualified_name() == "/r1/new"
    assert node.resolve_topic_name("odom") == "/truth"
    assert node.resolve_topic_name("cmd") == "/r1/cmd"
    assert node.resolve_topic_name("~/x") == "/r1/new/x"
    assert node.resolve_service_name("~/stop") == "/r1/halt"
    assert node.resolve_topic_name("odom", only_expand=True) == "/r1/odom"
    assert node.get_logger().name == "r1.new"


def test_a_coroutine_may_serve_and_await(world: World) -> None:
    node = world.node()
    other = ReentrantCallbackGroup()  # the awaiting callback holds the default group
    inner = node.create_client(Trigger, "inner", callback_group=other)
    node.create_service(Trigger, "inner", lambda *_: Trigger.Response(message="in"), callback_group=other)

    async def outer(_: Any, response: Any) -> Any:
        response.message = f"out {(await inner.call_async(Trigger.Request())).message}"
        return response

    node.create_service(Trigger, "outer", outer)
    client = node.create_client(Trigger, "outer")
    assert client.wait_for_service(30.0)
    assert inner.wait_for_service(30.0)
    assert world.answer(client.call_async(Trigger.Request())).message == "out in"


def half_of_trigger(make: Callable[..., Any], topic: str, half: str, key: str, number: int) -> Any:
    """A reader or writer of a server (key `serviceid`) or client (`clientid`) with that number."""
    user_data = wire.identity(key, bytes([number] * 16)).encode()
    return make(topic, wire.dds_type(f"std_srvs/srv/Trigger_{half}"), make_qos(user_data=user_data))


def test_a_response_waits_until_the_reader_of_its_client_is_discovered(world: World) -> None:
    node = world.node()
    asked: list[Any] = []

    def serve(request: Any, response: Any) -> Any:
        asked.append(request)
        return response

    service = node.create_service(Trigger, "/late", serve)
    participant = world.context.session.participant
    late, gone = (half_of_trigger(participant.writer, "rq/lateRequest", "Request", "clientid", n) for n in (1, 2))
    world.spin_until(lambda: late.matched() == gone.matched() == 1)
    for requests in (late, gone):
        requests.write_cdr(ServiceEndpoint.pack(7, 1, Trigger.Request()))
    world.spin_until(lambda: len(asked) == 2)
    gone.delete()
    other = node.create_client(Trigger, "/late")
    assert other.wait_for_service(30.0)
    world.answer(other.call_async(Trigger.Request()))  # nobody is held up
    assert len(service._unsent) == 1
    replies = half_of_trigger(participant.reader, "rr/lateReply", "Response", "clientid", 1)
    world.spin_until(lambda: replies.matched() == 1 and not service._unsent)
    assert replies.take_cdr()[0][0].startswith(ServiceEndpoint.pack(7, 1, Trigger.Response()))


def test_a_service_is_ready_when_both_halves_of_one_server_are_matched(world: World) -> None:
    client = world.node().create_client(Trigger, "/half")
    participant = world.context.session.participant
    requests = half_of_trigger(participant.reader, "rq/halfRequest", "Request", "serviceid", 1)
    replies = half_of_trigger(participant.writer, "rr/halfReply", "Response", "serviceid", 2)
    world.spin_until(lambda: bool(requests.matched() and replies.matched()))
    assert not client.service_is_ready()
    fitting = half_of_trigger(participant.writer, "rr/halfReply", "Response", "serviceid", 1)
    assert client.wait_for_service(30.0)
    assert fitting.matched() == 1


def test_destroyed_endpoints_are_gone(world: World) -> None:
    node = world.node()
    publisher = node.create_publisher(Int32, "numbers", 1)
    subscription = node.create_subscription(Int32, "numbers", lambda _: None, 1)
    world.spin_until(lambda: publisher.get_subscription_count() == 1)
    assert node.destroy_subscription(subscription)
    assert not node.destroy_subscription(subscription)
    world.spin_until(lambda: publisher.get_subscription_count() == 0)
    assert node.count_subscribers("numbers") == 0


def test_levels_of_loggers_are_read_and_set_over_services(world: World) -> None:
    server, node = world.node("server", enable_logger_service=True), world.node()
    read = node.create_client(GetLoggerLevels, "server/get_logger_levels")
    write = node.create_client(SetLoggerLevels, "server/set_logger_levels")
    levels = [LoggerLevel(name="server", level=40), LoggerLevel(name="server.part", level=7)]
    results = world.answer(write.call_async(SetLoggerLevels.Request(levels=levels))).results
    assert [result.successful for result in results] == [True, False]
    assert not server.get_logger().warning("too quiet")
    names = ["server", "server.part"]
    found = world.answer(read.call_async(GetLoggerLevels.Request(names=names))).levels
    assert [(level.name, level.level) for level in found] == [("server", 40), ("server.part", 0)]
    server.get_logger().set_level(LoggingSeverity.UNSET)


def test_types_are_described_with_their_texts(world: World) -> None:
    world.node("server")
    client = world.node().create_client(GetTypeDescription, "server/get_type_description")
    request = GetTypeDescription.Request(type_name="std_msgs/msg/Header", include_type_sources=True)
    response = world.answer(client.call_async(request))
    assert [field.name for field in response.type_description.type_description.fields] == ["stamp", "frame_id"]
    assert [other.type_name for other in response.type_description.referenced_type_descriptions] == [
        "builtin_interfaces/msg/Time"
    ]
    assert [source.encoding for source in response.type_sources] == ["msg", "msg"]
    assert "string frame_id" in response.type_sources[0].raw_file_contents
    assert not world.answer(client.call_async(GetTypeDescription.Request(type_name="no/msg/Such"))).successful
