"""Events of quality of service."""

from typing import Any

import pytest
from rclpy.duration import Duration
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.qos import LivelinessPolicy, QoSPolicyKind, QoSProfile, ReliabilityPolicy
from ros_world import World
from std_msgs.msg import Int32

BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


def test_incompatible_qos_is_warned_about(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    node = world.node()
    node.create_publisher(Int32, "numbers", BEST_EFFORT)
    node.create_subscription(Int32, "numbers", lambda _: None, 1)
    text = ""

    def both_warned() -> bool:
        nonlocal text
        text += capfd.readouterr().err
        return text.count("Last incompatible policy: RELIABILITY") == 2

    world.spin_until(both_warned)
    assert "New publisher discovered on topic 'numbers', offering incompatible QoS" in text
    assert "New subscription discovered on topic 'numbers', requesting incompatible QoS" in text


def test_own_callbacks_replace_the_warnings(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    node = world.node()
    offered: list[Any] = []
    requested: list[Any] = []
    publisher_events = PublisherEventCallbacks(incompatible_qos=offered.append)
    node.create_publisher(Int32, "numbers", BEST_EFFORT, event_callbacks=publisher_events)
    subscription_events = SubscriptionEventCallbacks(incompatible_qos=requested.append)
    node.create_subscription(Int32, "numbers", lambda _: None, 1, event_callbacks=subscription_events)
    world.spin_until(lambda: bool(offered and requested))
    assert (offered[0].total_count, offered[0].last_policy_kind) == (1, QoSPolicyKind.RELIABILITY)
    assert requested[0].total_count_change == 1
    assert capfd.readouterr().err == ""


def test_missed_deadlines_on_both_sides(world: World) -> None:
    node = world.node()
    qos = QoSProfile(depth=1, deadline=Duration(seconds=0.05))
    offered: list[Any] = []
    requested: list[Any] = []
    heard: list[Any] = []
    publisher = node.create_publisher(
        Int32, "numbers", qos, event_callbacks=PublisherEventCallbacks(deadline=offered.append)
    )
    node.create_subscription(
        Int32, "numbers", heard.append, qos, event_callbacks=SubscriptionEventCallbacks(deadline=requested.append)
    )
    world.spin_until(lambda: publisher.get_subscription_count() == 1)
    publisher.publish(Int32())
    world.spin_until(lambda: bool(heard and offered and requested))
    assert requested[0].total_count >= 1


def test_matches_and_liveliness(world: World) -> None:
    node = world.node()
    matched: list[Any] = []
    alive: list[Any] = []
    qos = QoSProfile(
        depth=1, liveliness=LivelinessPolicy.MANUAL_BY_TOPIC, liveliness_lease_duration=Duration(seconds=0.1)
    )
    publisher = node.create_publisher(
        Int32, "numbers", qos, event_callbacks=PublisherEventCallbacks(matched=matched.append)
    )
    subscription = node.create_subscription(
        Int32, "numbers", lambda _: None, qos, event_callbacks=SubscriptionEventCallbacks(liveliness=alive.append)
    )
    world.spin_until(lambda: bool(matched))
    assert matched[0].current_count == 1
    publisher.assert_liveliness()
    world.spin_until(lambda: any(info.alive_count == 1 for info in alive))
    world.spin_until(lambda: alive[-1].not_alive_count == 1)
    node.destroy_subscription(subscription)
    world.spin_until(lambda: matched[-1].current_count == 0)
