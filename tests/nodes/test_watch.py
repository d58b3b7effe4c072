"""The monitor notices who is silent, who is a stranger, and that it was itself paused."""

import time
from types import SimpleNamespace

import pytest
from geometry_msgs.msg import TwistStamped
from mir2_interfaces.msg import Hearsay
from mir2_swarm.clock_jumps import ClockJumps
from mir2_swarm.comparison import HEARD
from mir2_swarm.node import SwarmNode
from mir2_swarm.watch import Silence, Strangers
from nav_msgs.msg import Odometry
from rclpy.node import Node


@pytest.fixture
def noted(bench, roster_file):
    b = bench(roster=roster_file())
    node = b.add(SwarmNode("monitor"))
    events = []

    def note(event, **details):
        events.append((event, details.get("robot", "")))
        return True

    return b, node, events, note


def test_silence_is_noted_once_and_so_is_its_end(noted):
    b, node, events, note = noted
    silence = Silence(node, note)
    silence.heard("robot_0", "odom", node.now_s)
    b.spin_until(lambda: ("odom_silent", "robot_0") in events, "silence")
    silence.heard("robot_0", "odom", node.now_s)
    silence.heard("robot_0", "odom", node.now_s)
    said = [event for event in events if event[0] != "monitor_paused"]  # as it may be, on a busy machine
    assert said == [("odom_silent", "robot_0"), ("odom_heard_again", "robot_0")]


def test_who_was_paused_blames_nobody_and_believes_what_is_late(noted):
    _, node, events, note = noted
    silence = Silence(node, note)
    silence.heard("robot_0", "odom", node.now_s)
    assert silence.excused_s < 0.5
    time.sleep(1.5)
    silence.heard("robot_1", "odom", node.now_s)
    assert events == [("monitor_paused", "")]
    assert silence.excused_s >= 1.5


def test_what_is_late_of_all_robots_is_excused_and_of_one_is_not(noted):
    _, node, _, note = noted
    silence = Silence(node, note)
    silence.heard("robot_0", "odom", node.now_s - 3.0)
    assert silence.excused_s == pytest.approx(3.0, abs=1.0)
    silence.heard("robot_1", "odom", node.now_s)
    assert silence.excused_s < 1.0


def test_by_how_much_a_clock_was_set_is_told_once():
    node = SimpleNamespace(now_s=1.7e9, steady_s=50.0, pace=SimpleNamespace(patient=False))
    jumps = ClockJumps(node)
    node.now_s, node.steady_s = node.now_s + 1.0, node.steady_s + 1.0
    assert jumps.look() == 0.0
    node.now_s -= 3600.0
    assert jumps.look() == pytest.approx(-3600.0)
    assert jumps.look() == 0.0


def test_a_stranger_that_publishes_is_named_and_one_that_listens_is_not(noted):
    b, node, _, note = noted
    told = []
    Strangers(node, lambda event, detail: told.append(detail) or note(event))
    b.probe.create_subscription(TwistStamped, "/robot_0/cmd_vel", print, 10)
    b.probe.create_publisher(TwistStamped, "/robot_1/cmd_vel", 10)
    b.add(Node("driver", namespace="robot_2")).create_publisher(Odometry, "odom", 10)
    b.add(Node("driver", namespace="robot_0")).create_publisher(Odometry, "/robot_2/odom", 10)
    b.probe.create_publisher(Hearsay, HEARD, 10)
    b.spin_until(lambda: len(told) == 3, "the strangers")
    assert set(told) == {
        "/probe publishes on /robot_1/cmd_vel",
        "/probe publishes on /swarm/heard",
        "/robot_0/driver publishes on /robot_2/odom",
    }
