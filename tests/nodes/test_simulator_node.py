import math
import time
from itertools import pairwise

import pytest
import yaml
from geometry_msgs.msg import Twist, TwistStamped
from mir2_core.errors import UserError
from mir2_core.robots import EPUCK2
from mir2_core.types import Command
from mir2_swarm.convert import seconds, stamp, to_state, to_twist_stamped
from mir2_swarm.simulator import SimulatorNode
from nav_msgs.msg import Odometry
from rclpy.qos import qos_profile_sensor_data
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Range
from std_srvs.srv import Trigger

ROBOTS = ("robot_0", "robot_1", "robot_2")


class Stage:
    """A simulator of three robots, what it reports, and the drivers' side of its commands."""

    def __init__(self, bench, roster, kind=TwistStamped, **parameters):
        self.b = bench(roster=roster, backend="kinematic", seed=1, **parameters)
        self.odometry = {robot: self.b.listen(Odometry, f"/{robot}/odom") for robot in ROBOTS}
        self.clock = self.b.listen(Clock, "/clock")
        self.commands = {robot: self.b.probe.create_publisher(kind, f"/{robot}/cmd_vel", 10) for robot in ROBOTS}
        self.simulator = self.b.add(SimulatorNode())
        client = self.b.probe.create_client(Trigger, "/simulator/start")
        self.b.spin_until(
            lambda: client.service_is_ready() and all(p.get_subscription_count() for p in self.commands.values()),
            "the simulator is found",
        )
        self.client = client

    def start(self):
        answer = self.client.call_async(Trigger.Request())
        self.b.spin_until(answer.done, "an answer")
        return answer.result()

    def state(self, robot):
        return to_state(self.odometry[robot][-1])

    def wait_for_reports(self, count=1):
        for messages in self.odometry.values():
            messages.clear()
        self.b.spin_until(lambda: all(len(m) >= count for m in self.odometry.values()), "odometry")

    def drive(self, robot, v_mps, stamp_s=0.0):
        self.commands[robot].publish(to_twist_stamped(Command(stamp_s, v_mps, 0.0), robot))


def moved_m(before, after) -> float:
    return ((before.x_m - after.x_m) ** 2 + (before.y_m - after.y_m) ** 2) ** 0.5


def test_the_world_stands_until_it_is_started_and_reports_all_the_time(bench, roster_file):
    stage = Stage(bench, roster_file(), start_paused="true")
    stage.wait_for_reports()
    before = stage.state("robot_0")
    for _ in range(3):
        stage.drive("robot_0", 0.1)
        stage.wait_for_reports()
    assert moved_m(before, stage.state("robot_0")) == 0.0
    assert (stage.start().message, stage.start().message) == ("running", "already running")

    def moves():
        stage.drive("robot_0", 0.1)
        return moved_m(before, stage.state("robot_0")) > 0.01

    stage.b.spin_until(moves, "robot_0 moves")
    assert moved_m(stage.state("robot_1"), to_state(stage.odometry["robot_1"][0])) == 0.0


def test_a_robot_whose_commands_cease_stands(bench, roster_file):
    stage = Stage(bench, roster_file())

    def moves():
        stage.drive("robot_0", 0.1)
        stage.b.executor.spin_once(timeout_sec=0.01)
        return stage.odometry["robot_0"] and stage.state("robot_0").v_mps > 0.05

    stage.b.spin_until(moves, "robot_0 moves")
    stage.b.spin_until(lambda: stage.state("robot_0").v_mps == 0.0, "robot_0 stands")


def test_a_simulator_that_was_held_up_reports_no_leap(bench, roster_file):
    stage = Stage(bench, roster_file())

    def moves():
        stage.drive("robot_0", 0.1)
        return stage.odometry["robot_0"] and stage.state("robot_0").v_mps > 0.05

    stage.b.spin_until(moves, "robot_0 moves")
    for _ in range(3):
        time.sleep(0.35)
        stage.drive("robot_0", 0.1)
        stage.wait_for_reports(5)
        states = [to_state(message) for message in stage.odometry["robot_0"]]
        for before, after in pairwise(states):
            assert moved_m(before, after) <= 0.1 * (after.stamp_s - before.stamp_s) + 1e-3


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_command_that_is_not_a_number_stands_for_itself_only(bench, roster_file, bad):
    stage = Stage(bench, roster_file())

    def moves():
        stage.drive("robot_0", bad)
        stage.drive("robot_1", 0.1)
        stage.b.executor.spin_once(timeout_sec=0.01)
        return stage.odometry["robot_1"] and stage.state("robot_1").v_mps > 0.05

    stage.b.spin_until(moves, "robot_1 moves")
    assert stage.state("robot_0").v_mps == 0.0


def test_unstamped_commands_drive_too(bench, roster_file):
    stage = Stage(bench, roster_file(stamped_cmd_vel=False), kind=Twist)
    twist = Twist()
    twist.linear.x = 0.1

    def moves():
        stage.commands["robot_0"].publish(twist)
        return stage.odometry["robot_0"] and stage.state("robot_0").v_mps > 0.05

    stage.b.spin_until(moves, "robot_0 moves")


def test_robots_with_bodies_publish_what_their_sensors_read_with_the_odometry(bench, roster_file):
    starts = [{"x_m": 1.0, "y_m": 1.0}, {"x_m": 1.09, "y_m": 1.0}, {"x_m": 0.5, "y_m": 0.5}]
    roster = roster_file()
    document = yaml.safe_load(roster.read_text())
    for robot, start in zip(document["robots"], starts, strict=True):
        robot["start"] = start
    roster.write_text(yaml.safe_dump(document))
    b = bench(roster=roster, backend="pybullet", mode="lockstep")
    heard = {
        sensor.name: b.listen(Range, f"/robot_0/{sensor.name}", qos_profile_sensor_data) for sensor in EPUCK2.proximity
    }
    odometry = b.listen(Odometry, "/robot_0/odom")
    b.add(SimulatorNode())
    b.spin_until(lambda: odometry and all(heard.values()), "readings")
    front = heard["ps0"][-1]
    assert front.header.stamp == odometry[-1].header.stamp
    assert front.header.frame_id == "robot_0/ps0"
    assert front.radiation_type == Range.INFRARED
    assert front.max_range == pytest.approx(0.06)
    assert front.range == pytest.approx(0.022, abs=0.005)
    assert [heard[name][-1].range for name in ("ps3", "ps4")] == [math.inf] * 2


def test_lockstep_steps_when_every_robot_has_answered_that_very_time(bench, roster_file):
    stage = Stage(bench, roster_file(), mode="lockstep")
    stage.wait_for_reports(2)  # repeated, since nobody answers
    assert {to_state(m).stamp_s for m in stage.odometry["robot_0"]} == {0.0}
    before = stage.state("robot_0")
    for robot in ROBOTS[:2]:
        stage.drive(robot, 0.05)
    stage.drive("robot_2", 0.05, stamp_s=0.1)  # of another time
    stage.wait_for_reports(2)
    assert stage.state("robot_0") == before
    stage.drive("robot_2", 0.05)
    stage.b.spin_until(lambda: stage.state("robot_0").stamp_s > 0.0, "a step")
    assert stage.state("robot_0").stamp_s == 0.1
    assert moved_m(before, stage.state("robot_0")) == pytest.approx(0.005)
    stage.b.spin_until(lambda: seconds(stage.clock[-1].clock) == 0.1, "the clock")
    assert stage.clock[-1].clock == stamp(0.1)


def test_in_lockstep_time_stands_still_after_the_runs_end(bench, roster_file, monkeypatch):
    monkeypatch.setattr("mir2_swarm.stepping.ASK_LATER_S", 0.3)
    stage = Stage(bench, roster_file(), mode="lockstep", duration_s=0.25)
    stage.wait_for_reports()

    def answered(count):
        for robot in ROBOTS:
            stage.drive(robot, 0.05, stage.state(robot).stamp_s)
        return [round(10 * to_state(m).stamp_s) for m in stage.odometry["robot_0"]][-count:] == [3] * count

    stage.b.spin_until(lambda: answered(1), "the last step")
    monkeypatch.setattr("mir2_swarm.stepping.GIVE_UP_S", 0.0)  # nobody is missing any more
    stage.b.spin_until(lambda: answered(4), "the last odometry, again and again")


def test_lockstep_does_not_leave_a_bag_recorder_behind_but_waits_for_a_dead_one_no_longer(bench, roster_file, capfd):
    stage = Stage(bench, roster_file(), mode="lockstep")
    recorder = stage.b.probe.create_publisher(Clock, "/bag_recorder/clock", 10)
    stage.b.spin_until(recorder.get_subscription_count, "the simulator listens")
    stage.wait_for_reports()

    def come_to(step):
        def come():
            for robot in ROBOTS:
                stage.drive(robot, 0.0, stage.state(robot).stamp_s)
            return round(10 * stage.state("robot_0").stamp_s) >= step

        return come

    progress, come_too_far = stage.simulator._stepping._bag, come_to(6)
    recorder.publish(Clock(clock=stamp(0.0)))
    stage.b.spin_until(lambda: progress._heard_s is not None, "the recorder is heard")
    stage.b.spin_until(lambda: come_too_far() or progress._wait.waiting, "the simulator waits")
    assert stage.state("robot_0").stamp_s == 0.5
    assert "goes on without waiting" not in capfd.readouterr().err
    recorder.publish(Clock(clock=stamp(0.4)))
    stage.b.spin_until(come_to(9), "four more steps")
    stage.b.spin_until(come_to(12), "more steps, though the recorder says nothing more")
    assert "the bag recorder is too slow or has died; the run goes on without waiting" in capfd.readouterr().err


def test_lockstep_ends_and_names_who_is_missing(bench, roster_file, monkeypatch):
    monkeypatch.setattr("mir2_swarm.stepping.GIVE_UP_S", 1.0)
    stage = Stage(bench, roster_file(), mode="lockstep", start_paused="true")
    stage.start()
    stage.drive("robot_1", 0.05)
    with pytest.raises(UserError, match=r"no command from robot_0, robot_2 for simulated time 0\.0 s within 1 s"):
        stage.b.spin_until(lambda: False, "the end")


def test_lockstep_refuses_robots_without_stamps(bench, roster_file):
    b = bench(roster=roster_file(stamped_cmd_vel=False), backend="kinematic", mode="lockstep")
    with pytest.raises(UserError, match="robot 'robot_0' has 'stamped_cmd_vel: false'"):
        b.add(SimulatorNode())
