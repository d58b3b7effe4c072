"""Profiles that adapt themselves, and profiles that users change with parameters."""

from collections.abc import Callable
from typing import Any

import pytest
from rcl_interfaces.msg import SetParametersResult
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    LivelinessPolicy,
    QoSPolicyKind,
    QoSProfile,
    ReliabilityPolicy,
    qos_profile_best_available,
    qos_profile_sensor_data,
)
from rclpy.qos_overriding_options import InvalidQosOverridesError, QoSOverridingOptions
from ros_world import World
from std_msgs.msg import Int32


def announced(node: Node, *, subscription: bool) -> QoSProfile:
    """What the network is told about the node's own publisher or subscription of `numbers`."""
    infos = node.get_subscriptions_info_by_topic if subscription else node.get_publishers_info_by_topic
    (info,) = [info for info in infos("numbers") if info.node_name == node.get_name()]
    return info.qos_profile


def subscribe(node: Node) -> QoSProfile:
    node.create_subscription(Int32, "numbers", lambda _: None, qos_profile_best_available)
    return announced(node, subscription=True)


def test_a_best_available_subscription_requests_what_all_publishers_offer(make_world: Callable[..., World]) -> None:
    node = make_world().node("listener")
    strong = subscribe(node)  # nobody offers less
    assert (strong.reliability, strong.durability) == (ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL)
    assert strong.liveliness == LivelinessPolicy.MANUAL_BY_TOPIC
    world = make_world()
    world.node("talker").create_publisher(Int32, "numbers", qos_profile_sensor_data)
    patient = QoSProfile(depth=1, deadline=Duration(seconds=2), durability=DurabilityPolicy.TRANSIENT_LOCAL)
    world.node("patient").create_publisher(Int32, "numbers", patient)
    late = make_world().node("late")
    world.spin_until(lambda: late.count_publishers("numbers") == 2)
    weak = subscribe(late)
    assert (weak.reliability, weak.durability) == (ReliabilityPolicy.BEST_EFFORT, DurabilityPolicy.VOLATILE)
    assert (weak.liveliness, weak.deadline) == (LivelinessPolicy.AUTOMATIC, Duration(seconds=2))


def test_a_best_available_publisher_offers_all_it_can(world: World) -> None:
    node = world.node()
    deadline = QoSProfile(depth=1, deadline=Duration(seconds=3))
    world.node("other").create_subscription(Int32, "numbers", lambda _: None, deadline)
    publisher = node.create_publisher(Int32, "numbers", qos_profile_best_available)
    found = announced(node, subscription=False)
    assert (found.reliability, found.durability) == (ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL)
    assert (found.liveliness, found.deadline) == (LivelinessPolicy.AUTOMATIC, Duration(seconds=3))
    assert publisher.qos_profile == qos_profile_best_available


def test_parameters_change_the_profile(make_world: Callable[..., World]) -> None:
    prefix = "qos_overrides./s/numbers"
    arguments = [
        f"-p{prefix}.publisher.depth:=7",
        f"-p{prefix}.publisher.reliability:=best_effort",
        f"-p{prefix}.subscription_fast.history:=keep_all",
        f"-p{prefix}.subscription_fast.deadline:=1000000",
    ]
    split = [part for argument in arguments for part in (argument[:2], argument[2:])]
    node = make_world("--ros-args", *split).node("n", namespace="s")
    options = QoSOverridingOptions.with_default_policies()
    publisher = node.create_publisher(Int32, "numbers", 10, qos_overriding_options=options)
    assert (publisher.qos_profile.depth, publisher.qos_profile.reliability) == (7, ReliabilityPolicy.BEST_EFFORT)
    assert announced(node, subscription=False).depth == 7
    assert node.get_parameter(f"{prefix}.publisher.history").value == "keep_last"
    description = node.describe_parameter(f"{prefix}.publisher.depth")
    assert (description.read_only, description.description) == (
        True,
        "depth for publisher `/s/numbers` with id `None`",
    )
    kinds = [QoSPolicyKind.HISTORY, QoSPolicyKind.DEADLINE, QoSPolicyKind.LIFESPAN]
    fast = QoSOverridingOptions(kinds, entity_id="fast")
    subscription = node.create_subscription(Int32, "numbers", lambda _: None, 10, qos_overriding_options=fast)
    assert subscription.qos_profile.history == HistoryPolicy.KEEP_ALL
    assert subscription.qos_profile.deadline == Duration(nanoseconds=1_000_000)
    assert not node.has_parameter(f"{prefix}.subscription_fast.lifespan")


def test_overrides_that_mean_nothing_or_are_refused(make_world: Callable[..., World]) -> None:
    node = make_world("--ros-args", "-p", "qos_overrides./numbers.publisher.reliability:=perhaps").node()
    options = QoSOverridingOptions([QoSPolicyKind.RELIABILITY])
    with pytest.raises(RuntimeError, match="Unexpected QoS override for policy `reliability`: `perhaps`"):
        node.create_publisher(Int32, "numbers", 10, qos_overriding_options=options)

    def refuse(profile: QoSProfile) -> Any:
        return SetParametersResult(successful=False, reason=f"depth {profile.depth} is too small")

    picky = QoSOverridingOptions([QoSPolicyKind.DEPTH], callback=refuse)
    with pytest.raises(InvalidQosOverridesError, match="depth 1 is too small"):
        node.create_subscription(Int32, "numbers", lambda _: None, 1, qos_overriding_options=picky)
