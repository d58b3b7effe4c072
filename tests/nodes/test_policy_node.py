import math
from itertools import pairwise

import pytest
import yaml
from geometry_msgs.msg import TwistStamped
from mir2_core.types import RobotState
from mir2_interfaces.msg import AllyArray, AllyStatus
from mir2_swarm.convert import seconds, to_odometry
from mir2_swarm.node import LATCHED
from mir2_swarm.policy import PolicyNode
from nav_msgs.msg import Odometry
from rclpy.qos import qos_profile_sensor_data


def stage(bench, roster_file):
    """A policy node for robot_0, and publishers for what it hears: own odometry (sensor data) and two allies."""
    b = bench(roster=roster_file())
    b.add(PolicyNode("robot_0"))
    odometry = b.probe.create_publisher(Odometry, "/robot_0/odom", qos_profile_sensor_data)
    allies = [b.probe.create_publisher(Odometry, f"/robot_{k}/state", 10) for k in (1, 2)]
    commands = b.listen(TwistStamped, "/robot_0/cmd_vel/policy")
    told = b.listen(Odometry, "/robot_0/state")
    b.spin_until(lambda: all(p.get_subscription_count() == 1 for p in (odometry, *allies)), "the policy node listens")
    b.spin_until(
        lambda: (
            b.probe.count_publishers("/robot_0/state") == 1 and b.probe.count_publishers("/robot_0/cmd_vel/policy") == 1
        ),
        "the policy node is discovered",
    )
    return b, odometry, allies, commands, told


def now_s(b) -> float:
    return b.probe.get_clock().now().nanoseconds * 1e-9


def test_a_decision_carries_the_stamp_of_the_state_it_answers(bench, roster_file):
    b, odometry, allies, commands, told = stage(bench, roster_file)
    t = now_s(b)
    own = to_odometry(RobotState(t, 0.5, 1.0, 0.0), "robot_0")
    for publisher, x in zip(allies, (1.0, 1.4), strict=True):
        publisher.publish(to_odometry(RobotState(t, x, 1.0, 0.0), "ally"))
    odometry.publish(own)
    b.spin_until(lambda: commands and told, "a command")
    assert told[0] == own
    assert commands[0].header.stamp == own.header.stamp
    assert commands[0].twist.linear.x > 0.05
    assert abs(commands[0].twist.angular.z) < 1e-3


def test_a_late_ally_is_used_as_last_heard(bench, roster_file):
    b, odometry, allies, commands, _ = stage(bench, roster_file)
    t = now_s(b)
    for publisher in allies:
        publisher.publish(to_odometry(RobotState(t - 0.3, 1.0, 1.0, 0.0), "ally"))
    b.spin_until(lambda: not b.executor.spin_once(timeout_sec=0.1), "states arrive")
    odometry.publish(to_odometry(RobotState(t, 0.5, 1.0, 0.0), "robot_0"))
    b.spin_until(lambda: commands, "a command")


def told_every_step(stage_, said, steps):
    """Feed own odometry and, by `said(step, stamp_s)`, what robot_1 reports; robot_2 tells the truth."""
    b, odometry, allies, commands, _ = stage_
    for step in range(steps):
        t = now_s(b)
        for message in said(step, t):
            allies[0].publish(message)
        allies[1].publish(to_odometry(RobotState(t, 1.4, 1.0, 0.0), "ally"))
        odometry.publish(to_odometry(RobotState(t, 0.5, 1.0, 0.0), "robot_0"))
        b.spin_until(lambda step=step, t=t: len(commands) > step and now_s(b) > t + 0.1, f"command {step}")
    return commands


def test_an_ally_that_never_says_anything_stops_nobody(bench, roster_file):
    commands = told_every_step(stage(bench, roster_file), lambda step, t: [], 12)
    assert all(command.twist.linear.x > 0.05 for command in commands), "the way to the ally that is there"


def test_an_ally_that_falls_silent_stops_nobody_and_is_reported(bench, roster_file):
    stage_ = stage(bench, roster_file)
    heard = stage_[0].listen(AllyArray, "/robot_0/allies", LATCHED)

    def said(step, t):
        return [to_odometry(RobotState(t, 1.0, 1.0, 0.0), "ally")] if step < 3 else []

    told_every_step(stage_, said, 14)
    stage_[0].spin_until(
        lambda: heard and heard[-1].allies[0].presence == AllyStatus.ABSENT, "the silent ally is known to be absent"
    )
    assert heard[-1].allies[0].robot == "robot_1"
    assert heard[-1].allies[1].presence == AllyStatus.PRESENT


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e300, 1e9, -7.0])
def test_whatever_an_ally_reports_the_others_go_on_and_it_is_counted(bench, roster_file, bad):
    stage_ = stage(bench, roster_file)
    heard = stage_[0].listen(AllyArray, "/robot_0/allies", LATCHED)
    commands = told_every_step(stage_, lambda step, t: [to_odometry(RobotState(t, bad, 1.0, 0.0), "ally")] * 3, 12)
    assert all(command.twist.linear.x > 0.05 for command in commands)
    stage_[0].spin_until(lambda: heard and sum(heard[-1].allies[0].refusal_counts) >= 3, "refusals are counted")
    assert heard[-1].allies[0].refusal_reasons[0] in ("non_finite", "outside")


@pytest.mark.parametrize("hours", [-1, 1])
def test_an_ally_with_another_clock_stops_nobody(bench, roster_file, hours):
    def said(step, t):
        return [to_odometry(RobotState(t + 3600.0 * hours, 1.0, 1.0, 0.0), "ally")]

    told_every_step(stage(bench, roster_file), said, 10)


def test_with_too_few_allies_it_stands_and_says_so_at_once(bench, roster_file):
    path = roster_file()
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"min_allies": 2}))
    commands = told_every_step(stage(bench, lambda: path), lambda step, t: [], 5)
    assert all(command.twist.linear.x == command.twist.angular.z == 0.0 for command in commands)


@pytest.mark.parametrize("mistake", ["nan", "frame"])
def test_a_robot_that_does_not_know_where_it_is_says_nothing(bench, roster_file, mistake):
    b, odometry, allies, commands, told = stage(bench, roster_file)
    message = to_odometry(RobotState(now_s(b), math.nan if mistake == "nan" else 0.5, 1.0, 0.0), "robot_0")
    if mistake == "frame":
        message.header.frame_id = "odom"
    odometry.publish(message)
    for publisher in allies:
        publisher.publish(to_odometry(RobotState(now_s(b), 1.0, 1.0, 0.0), "ally"))
    odometry.publish(to_odometry(RobotState(now_s(b), 0.6, 1.0, 0.0), "robot_0"))
    b.spin_until(lambda: commands, "the next good odometry is answered")
    assert [round(each.pose.pose.position.x, 3) for each in told] == [0.6]


def test_fast_odometry_is_answered_at_the_control_rate(bench, roster_file):
    b, odometry, allies, commands, _ = stage(bench, roster_file)
    t = now_s(b)
    for k in range(21):
        stamp = t + 0.02 * k
        for publisher in allies:
            publisher.publish(to_odometry(RobotState(stamp, 1.0, 1.0, 0.0), "ally"))
        odometry.publish(to_odometry(RobotState(stamp, 0.5, 1.0, 0.0), "robot_0"))
        b.spin_until(lambda stamp=stamp: now_s(b) > stamp + 0.015, "time passes")
    b.spin_until(lambda: len(commands) >= 4, "commands at 10 Hz")
    stamps = [seconds(command.header.stamp) for command in commands]
    assert all(later - earlier > 0.085 for earlier, later in pairwise(stamps))


def test_a_shipped_policy_is_known_by_its_name(bench, roster_file):
    path = roster_file()
    roster = yaml.safe_load(path.read_text()) | {"policy": "rendezvous-mir2_allies-3"}
    path.write_text(yaml.safe_dump(roster))
    node = bench(roster=path).add(PolicyNode("robot_0"))
    assert node.deployment.policy.path.stem == "rendezvous-mir2_allies-3"
