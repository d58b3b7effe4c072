"""Nested spinning, and what may be done with entities that are destroyed."""

import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.context import Context
from rclpy.exceptions import InvalidHandle
from rclpy.node import Node
from ros_world import DEADLINE_S, World
from std_msgs.msg import Int32
from std_srvs.srv import SetBool


def test_a_callback_may_spin_its_executor(world: World) -> None:
    """Callbacks of other groups run then."""
    node = world.node()
    ticks: list[str] = []
    inner: list[bool] = []

    def spin_inside() -> None:
        timer.cancel()
        for _ in range(5):
            world.executor.spin_once(timeout_sec=0.05)
        inner.append(bool(ticks))

    node.create_timer(0.01, lambda: ticks.append("tick"))
    timer = node.create_timer(0.01, spin_inside, MutuallyExclusiveCallbackGroup())
    world.spin_until(lambda: bool(inner))
    assert inner == [True]
    ticks.clear()
    world.spin_until(lambda: bool(ticks))


def test_two_threads_may_spin_one_executor(world: World) -> None:
    node = world.node()
    thread = threading.Thread(target=world.executor.spin_once, args=(5.0,))
    thread.start()
    heard: list[int] = []
    guard = node.create_guard_condition(lambda: heard.append(1))
    world.executor.spin_once(timeout_sec=0.01)
    guard.trigger()
    thread.join(DEADLINE_S)
    assert heard == [1]


def test_contexts_that_end_leave_neither_files_nor_threads_nor_ports(ros_domain: int) -> None:
    def live_and_end() -> None:
        context = Context()
        context.init(["program"])
        node = Node("short_lived", context=context)
        node.create_service(SetBool, "switch", lambda request, response: response)
        node.destroy_node()
        context.shutdown()

    def held() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), len(list(Path("/proc/self/task").iterdir()))

    live_and_end()
    before = held()
    for _ in range(3):
        live_and_end()
    assert held() == before
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as discovery:
        discovery.bind(("127.0.0.1", 7410 + 250 * ros_domain))


def test_what_is_destroyed_cannot_be_used(world: World) -> None:
    node = world.node()
    timer = node.create_timer(1.0, lambda: None)
    client = node.create_client(SetBool, "switch")
    service = node.create_service(SetBool, "switch", lambda request, response: response)
    publisher = node.create_publisher(Int32, "numbers", 1)
    guard = node.create_guard_condition(lambda: None)
    for destroy, entity in (
        (node.destroy_timer, timer),
        (node.destroy_client, client),
        (node.destroy_service, service),
        (node.destroy_publisher, publisher),
        (node.destroy_guard_condition, guard),
    ):
        with entity.handle:
            assert destroy(entity)
        assert not destroy(entity)
        with pytest.raises(InvalidHandle), entity.handle:
            pass
    for use in (
        timer.reset,
        timer.cancel,
        timer.is_canceled,
        client.service_is_ready,
        lambda: client.call_async(SetBool.Request()),
        lambda: service.service_name,
        lambda: publisher.publish(Int32()),
        guard.trigger,
    ):
        with pytest.raises(InvalidHandle, match="destruction was requested"):
            use()


def test_a_place_in_the_code_logs_in_one_way(world: World) -> None:
    logger = world.node().get_logger()

    def say(**options: Any) -> bool:
        return logger.info("again", **options)

    assert [say(once=True) for _ in range(3)] == [True, False, False]
    with pytest.raises(ValueError, match="Requested logging filters cannot be changed between calls"):
        say()
    with pytest.raises(TypeError, match="not one of the recognized logging options"):
        logger.info("x", sometimes=True)


def test_exceptions_are_also_where_ros_2_publishes_them(world: World) -> None:
    from rclpy import _rclpy_pybind11
    from rclpy.impl.implementation_singleton import rclpy_implementation

    assert rclpy_implementation is _rclpy_pybind11
    node = world.node()
    publisher = node.create_publisher(Int32, "numbers", 1)
    node.destroy_publisher(publisher)
    with pytest.raises(_rclpy_pybind11.InvalidHandle):
        publisher.publish(Int32())
    with pytest.raises(_rclpy_pybind11.RCLError):
        world.node().create_timer(-1.0, print)
    with pytest.raises(_rclpy_pybind11.NodeNameNonExistentError):
        node.get_publisher_names_and_types_by_node("nobody", "/")
    assert issubclass(_rclpy_pybind11.UnsupportedEventTypeError, _rclpy_pybind11.RCLError)
