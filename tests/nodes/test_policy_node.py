import math
from itertools import pairwise

import numpy as np
import pytest
import yaml
from geometry_msgs.msg import TwistStamped
from mir2_core.cross_check import Hearsay as Told
from mir2_core.traitors.schedule import FOREVER, FaultSpec
from mir2_core.types import RobotState
from mir2_interfaces.msg import AllyArray, AllyStatus, FaultArray, Hearsay
from mir2_swarm.comparison import HEARD, RECENT, RECENT_OF_ALL
from mir2_swarm.convert import (
    nothing_more,
    says_nothing,
    seconds,
    to_fault_array,
    to_hearsay_message,
    to_odometry,
)
from mir2_swarm.node import LATCHED
from mir2_swarm.policy import PolicyNode
from nav_msgs.msg import Odometry
from rclpy.qos import qos_profile_sensor_data
from std_msgs.msg import String


def stage(bench, roster_file, **parameters):
    """A policy node for robot_0, and publishers for what it hears: own odometry (sensor data) and two allies."""
    b = bench(roster=roster_file(), **parameters)
    b.add(PolicyNode("robot_0"))
    odometry = b.probe.create_publisher(
        Odometry, "/robot_0/odom", 10 if "mode" in parameters else qos_profile_sensor_data
    )
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


class Liar:
    """The fault injector of robot_0's reports, played by the probe."""

    def __init__(self, b):
        self.b = b
        self.reports = b.probe.create_publisher(Odometry, "/robot_0/state/fault", 100)
        self.faults = b.probe.create_publisher(FaultArray, "/faults", LATCHED)
        b.spin_until(
            lambda: self.reports.get_subscription_count() and self.faults.get_subscription_count(), "the relay listens"
        )

    def announce(self, *specs):
        self.faults.publish(to_fault_array(specs, 0.0))

    def say(self, time_s, *places):
        for x_m in places:
            self.reports.publish(to_odometry(RobotState(time_s, x_m, 1.0, 0.0), "robot_0"))
        self.reports.publish(nothing_more(time_s))


def lie(robot="robot_0", start_s=0.0, end_s=FOREVER):
    return FaultSpec("offset", robot, start_s, end_s, on_commands=False, on_reports=True)


def places(told):
    return [None if says_nothing(message) else message.pose.pose.position.x for message in told]


def test_allies_hear_the_injector_while_its_fault_is_listed_and_its_lease_runs(bench, roster_file):
    b, odometry, _, commands, told = stage(bench, roster_file)
    liar = Liar(b)

    def step(*lies, wanted, what):
        """Odometry and maybe the injector's word, until what is told is as wanted."""
        told.clear()

        def say():
            t = now_s(b)
            odometry.publish(to_odometry(RobotState(t, 0.5, 1.0, 0.0), "robot_0"))
            if lies != ("dead",):
                liar.say(t, *lies)
            b.executor.spin_once(timeout_sec=0.12)
            b.spin_until(lambda: now_s(b) > t + 0.1, "a period passes")
            return places(told)[-3:] == wanted

        b.spin_until(say, what)

    step(0.9, wanted=[0.5] * 3, what="no fault is listed: the truth")
    liar.announce(lie("robot_1"), FaultSpec("stop", "robot_0", 0.0))
    step(0.9, wanted=[0.5] * 3, what="faults of others and on commands change no report")
    liar.announce(lie())
    step(0.9, wanted=[0.9] * 3, what="the lie")
    step("dead", wanted=[0.5] * 3, what="the injector died: the truth again")
    step(0.8, wanted=[0.8] * 3, what="it is back")
    liar.announce()
    step(0.8, wanted=[0.5] * 3, what="the fault is cleared: the truth")
    assert commands, "whatever its allies are told, the robot itself goes on"


def test_silence_is_nothing_at_all_in_real_time(bench, roster_file):
    b, odometry, _, _, told = stage(bench, roster_file)
    liar = Liar(b)
    liar.announce(lie())

    def quiet():
        t = now_s(b)
        odometry.publish(to_odometry(RobotState(t, 0.5, 1.0, 0.0), "robot_0"))
        liar.say(t)
        b.spin_until(lambda: now_s(b) > t + 0.1, "a period passes")

    quiet()
    quiet()
    told.clear()
    for _ in range(8):
        quiet()
    assert told == []


def test_in_lockstep_a_report_waits_for_the_injectors_word_on_its_time(bench, roster_file):
    b, odometry, _, _, told = stage(bench, roster_file, mode="lockstep")
    liar = Liar(b)

    def never(rounds=5):
        count = len(told)
        for _ in range(rounds):
            b.executor.spin_once(timeout_sec=0.05)
        assert len(told) == count

    odometry.publish(to_odometry(RobotState(0.0, 0.5, 1.0, 0.0), "robot_0"))
    never()  # it is not known whether there are faults
    liar.announce(lie(start_s=0.1, end_s=0.4))
    b.spin_until(lambda: places(told) == [0.5], "the truth before the fault begins")
    odometry.publish(to_odometry(RobotState(0.1, 0.5, 1.0, 0.0), "robot_0"))
    never()
    liar.say(0.1, 0.9)
    b.spin_until(lambda: places(told) == [0.5, 0.9, None], "the lie and its end")
    liar.say(0.2)
    odometry.publish(to_odometry(RobotState(0.2, 0.5, 1.0, 0.0), "robot_0"))
    b.spin_until(lambda: places(told) == [0.5, 0.9, None, None], "silence is an end alone")
    odometry.publish(to_odometry(RobotState(0.3, 0.5, 1.0, 0.0), "robot_0"))
    b.spin_until(lambda: places(told)[4:] == [0.5], "the injector died: the truth, after the lease")
    odometry.publish(to_odometry(RobotState(0.4, 0.6, 1.0, 0.0), "robot_0"))
    b.spin_until(lambda: places(told)[5:] == [0.6], "the truth after the fault's end")


def test_in_lockstep_nobody_waits_for_an_ally_that_says_that_there_is_no_more(bench, roster_file):
    b, odometry, allies, commands, _ = stage(bench, roster_file, mode="lockstep")
    Liar(b).announce()
    odometry.publish(to_odometry(RobotState(0.0, 0.5, 1.0, 0.0), "robot_0"))
    allies[1].publish(to_odometry(RobotState(0.0, 1.4, 1.0, 0.0), "robot_2"))
    for _ in range(5):
        b.executor.spin_once(timeout_sec=0.05)
    assert not commands
    allies[0].publish(nothing_more(0.0))
    b.spin_until(lambda: commands, "a command")
    assert commands[0].twist.linear.x > 0.05, "towards the ally that is there"


def test_an_ally_that_tells_others_something_else_counts_as_absent_until_a_person_says_otherwise(bench, roster_file):
    path = roster_file()
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"trust": {"traitors": 0}}))
    b, odometry, allies, _, _ = stage(bench, lambda: path)
    heard, told = b.listen(AllyArray, "/robot_0/allies", LATCHED), b.listen(Hearsay, HEARD, RECENT_OF_ALL)
    witness = b.probe.create_publisher(Hearsay, HEARD, RECENT)
    person = b.probe.create_publisher(String, "/swarm/readmit", 10)
    b.spin_until(lambda: (witness.get_subscription_count(), person.get_subscription_count()) == (2, 1), "it listens")

    spoken: set[int] = set()  # two different things said in one second would not count

    def drive(x_m, until, what):
        """Feed everybody's reports, while robot_2 says to have heard of robot_1 that it is at `x_m`."""

        def fed():
            t = now_s(b)
            if (second := math.floor(t)) not in spoken:
                spoken.add(second)
                heard_of_1 = {"robot_1": np.array([[t, x_m, 1.0, 0.0]])}
                witness.publish(to_hearsay_message("robot_2", Told(second, heard_of_1, ())))
            for publisher, ally_x_m in zip(allies, (1.0, 1.4), strict=True):
                publisher.publish(to_odometry(RobotState(t, ally_x_m, 1.0, 0.0), "ally"))
            odometry.publish(to_odometry(RobotState(t, 0.5, 1.0, 0.0), "robot_0"))
            b.spin_until(lambda: now_s(b) > t + 0.1, "time passes")
            return until()

        b.spin_until(fed, what)

    def presence():
        return heard[-1].allies[0].presence if heard else None

    def told_by_robot_0():
        return [message for message in told if message.header.frame_id == "robot_0"]

    drive(1.0, lambda: presence() == AllyStatus.PRESENT and len(told_by_robot_0()) > 1, "robot_1 is believed")
    assert [each.robot for each in told_by_robot_0()[-1].allies] == ["robot_1", "robot_2"]
    drive(1.7, lambda: presence() == AllyStatus.ABSENT, "robot_1 is two-faced")
    drive(1.7, lambda: list(told_by_robot_0()[-1].two_faced) == ["robot_1"], "robot_0 says so")
    person.publish(String(data="robot_1"))
    drive(1.0, lambda: presence() == AllyStatus.PRESENT, "robot_1 is believed again")


def cut_off(kind="partition", parameters=""):
    return FaultSpec(kind, "robot_1", 0.0, FOREVER, parameters, on_commands=False, on_links=True)


def test_a_link_is_whole_again_when_the_injector_dies(bench, roster_file):
    b, odometry, allies, _, _ = stage(bench, roster_file)
    faults = b.probe.create_publisher(FaultArray, "/faults", LATCHED)
    heard = b.listen(AllyArray, "/robot_0/allies", LATCHED)
    b.spin_until(faults.get_subscription_count, "the policy node listens to the injector")

    def step_until(presence, what, *, announced):
        def step():
            t = now_s(b)
            if announced:
                faults.publish(to_fault_array([cut_off(), cut_off("loss", "{share: 7}")], t))
            for publisher, x in zip(allies, (1.0, 1.4), strict=True):
                publisher.publish(to_odometry(RobotState(t, x, 1.0, 0.0), "ally"))
            odometry.publish(to_odometry(RobotState(t, 0.5, 1.0, 0.0), "robot_0"))
            b.spin_until(lambda: now_s(b) > t + 0.1, "a period passes")
            return bool(heard) and [ally.presence for ally in heard[-1].allies] == presence

        b.spin_until(step, what)

    step_until([AllyStatus.PRESENT] * 2, "both are heard", announced=False)
    step_until([AllyStatus.ABSENT, AllyStatus.PRESENT], "one is cut off", announced=True)
    step_until([AllyStatus.PRESENT] * 2, "the injector died: both are heard", announced=False)


def test_in_lockstep_a_lost_report_is_not_waited_for_but_the_injectors_word_is(bench, roster_file):
    b, odometry, allies, commands, _ = stage(bench, roster_file, mode="lockstep")
    faults = b.probe.create_publisher(FaultArray, "/faults", LATCHED)

    def say(time_s):
        for publisher, y in zip(allies, (0.6, 1.4), strict=True):
            publisher.publish(to_odometry(RobotState(time_s, 0.9, y, 0.0), "ally"))
        odometry.publish(to_odometry(RobotState(time_s, 0.5, 1.0, 0.0), "robot_0"))

    def never(rounds=5):
        count = len(commands)
        for _ in range(rounds):
            b.executor.spin_once(timeout_sec=0.05)
        assert len(commands) == count

    say(0.0)
    never()  # it is not known whether there are faults
    faults.publish(to_fault_array([cut_off("loss", "{share: 1}")], 0.0))
    b.spin_until(lambda: len(commands) == 1, "a command")
    say(0.1)
    never()
    faults.publish(to_fault_array([cut_off("loss", "{share: 1}")], 0.1))
    b.spin_until(lambda: len(commands) == 2, "a command")
    say(0.2)
    b.spin_until(lambda: len(commands) == 3, "the injector died: a command after the lease")
    assert commands[0].twist == commands[1].twist, "towards the ally that is heard"
    assert commands[1].twist != commands[2].twist, "towards both"
