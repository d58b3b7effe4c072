from itertools import pairwise

import yaml
from geometry_msgs.msg import TwistStamped
from mir2_core.types import RobotState
from mir2_swarm.convert import seconds, to_odometry
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


def test_without_an_ally_it_says_nothing_and_tells_where_it_is(bench, roster_file):
    b, odometry, allies, commands, told = stage(bench, roster_file)
    for step in range(8):
        t = now_s(b)
        allies[0].publish(to_odometry(RobotState(t, 1.0, 1.0, 0.0), "ally"))
        odometry.publish(to_odometry(RobotState(t, 0.5, 1.0, 0.0), "robot_0"))
        b.spin_until(lambda step=step, t=t: len(told) > step and now_s(b) > t + 0.11, "the state is told")
    assert not commands


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
