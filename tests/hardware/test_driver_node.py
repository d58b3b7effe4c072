"""The driver's node, between real topics and an emulated robot."""

import math
import os
import signal

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
from mir2_core.errors import UserError
from mir2_core.traitors.schedule import FaultSpec
from mir2_core.types import Command
from mir2_hardware.epuck2.emulator.__main__ import roster_of
from mir2_hardware.epuck2.emulator.faults import LinkFault
from mir2_hardware.epuck2.packets import RED
from mir2_interfaces.msg import FaultArray
from mir2_swarm.convert import seconds, to_echo, to_fault_array, to_state, to_twist, to_twist_stamped
from mir2_swarm.driver import DriverNode
from mir2_swarm.node import LATCHED
from nav_msgs.msg import Odometry
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import BatteryState, Imu, Range
from std_srvs.srv import Trigger

from tests.ros import DEADLINE_S, process_of, wait_until


class Stage:
    """A driver's node, its robot, and those who listen to it and command it."""

    def __init__(self, bench, lab, folder, *, stamped=True, **parameters):
        self.robot, self.lab = lab.robots["robot_0"], lab
        roster = roster_of(lab, 2.0, "p")
        robots = [robot.model_copy(update={"stamped_cmd_vel": stamped}) for robot in roster.robots]
        self.path = folder / "roster.yaml"
        roster.model_copy(update={"robots": robots}).save(self.path)
        self.bench = bench(roster=self.path, **parameters)
        self.odometry = self.bench.listen(Odometry, "/robot_0/odom")
        self.applied = self.bench.listen(TwistStamped, "/robot_0/cmd_vel/applied")
        self.diagnostics = self.bench.listen(DiagnosticArray, "/diagnostics")
        kind = TwistStamped if stamped else Twist
        self.commander = self.bench.probe.create_publisher(kind, "/robot_0/cmd_vel", 10)
        self.to_message = (lambda command: to_twist_stamped(command, "robot_0")) if stamped else to_twist
        self.node = self.bench.add(DriverNode("robot_0"))
        self.until(lambda: self.odometry, "odometry")

    def until(self, condition, what):
        self.bench.spin_until(condition, what)

    def commanded_until(self, command, condition, what):
        def told():
            self.commander.publish(self.to_message(command))
            return condition()

        self.bench.spin_until(told, what)


@pytest.fixture
def make_stage(make_room, ros_bench, tmp_path):
    def make(**settings):
        return Stage(ros_bench, make_room(), tmp_path, **settings)

    return make


def test_it_says_what_the_robot_knows(make_stage):
    stage = make_stage()
    listen = stage.bench.listen
    ranges = [listen(Range, f"/robot_0/ps{k}", qos_profile_sensor_data) for k in range(8)]
    ahead = listen(Range, "/robot_0/tof", qos_profile_sensor_data)
    imu = listen(Imu, "/robot_0/imu", qos_profile_sensor_data)
    battery = listen(BatteryState, "/robot_0/battery_state")
    heard = [*ranges, ahead, imu, battery, stage.diagnostics]
    stage.until(lambda: all(heard), "everything is said")
    odometry = stage.odometry[-1]
    assert (odometry.header.frame_id, odometry.child_frame_id) == ("map", "robot_0/base_link")
    state = to_state(odometry)
    assert (state.x_m, state.y_m) == pytest.approx(tuple(stage.lab.poses[0, :2]), abs=1e-3)
    assert abs(stage.node.now_s - state.stamp_s) < 30.0
    assert odometry.pose.covariance[0] > 0
    assert odometry.pose.covariance[35] > 0
    assert all(math.isinf(to_echo(messages[-1]).range_m) for messages in ranges)
    assert 0.0 < ahead[-1].range < 2.0
    assert imu[-1].linear_acceleration.z == pytest.approx(9.8, abs=0.1)
    assert imu[-1].orientation_covariance[0] == -1
    assert battery[-1].percentage > 0.9
    (status,) = stage.diagnostics[-1].status
    assert (status.level, status.hardware_id) == (DiagnosticStatus.OK, "robot_0")


@pytest.mark.parametrize("stamped", [True, False])
def test_it_drives_as_told_says_what_it_applied_and_stands_when_commands_cease(make_stage, stamped):
    stage = make_stage(stamped=stamped)
    asked = Command(7.0, 1.0, 2.0)
    stage.commanded_until(
        asked, lambda: stage.robot.firmware.motors[0] > 500 and stage.applied[-1:], "it drives, and says so"
    )
    applied = stage.applied[-1]
    assert applied.twist.linear.x < 0.139
    assert applied.twist.angular.z / applied.twist.linear.x == pytest.approx(2.0, rel=0.01)
    if stamped:
        assert seconds(applied.header.stamp) == 7.0
    stage.until(lambda: stage.robot.firmware.motors == (0.0, 0.0), "it stands")
    stage.commanded_until(Command(0.0, math.nan, 0.0), lambda: stage.applied[-1].twist.linear.x == 0.0, "it stands")


def test_it_stands_until_it_is_started(make_stage):
    stage = make_stage(start_paused="true")
    client = stage.bench.probe.create_client(Trigger, "/robot_0/driver/start")
    ahead = Command(0.0, 0.05, 0.0)
    stage.commanded_until(ahead, lambda: stage.applied, "a command has been taken")
    assert stage.applied[-1].twist.linear.x == 0.0
    stage.until(client.service_is_ready, "the service is there")
    client.call_async(Trigger.Request())
    stage.commanded_until(ahead, lambda: stage.robot.firmware.motors[0] > 0, "it drives")


def test_a_traitor_is_red_and_one_with_bad_links_is_not(make_stage):
    stage = make_stage()
    publisher = stage.bench.probe.create_publisher(FaultArray, "/faults", LATCHED)

    def announce(*faults):
        publisher.publish(to_fault_array(faults, stage.node.now_s))

    colours = stage.robot.firmware.colours
    announce(FaultSpec("flee", "robot_0", 0.0, on_commands=True), FaultSpec("flee", "robot_1", 0.0, on_commands=True))
    stage.until(lambda: colours == [RED] * 4, "it is red")
    announce(FaultSpec("loss", "robot_0", 0.0, on_links=True), FaultSpec("flee", "robot_1", 0.0, on_commands=True))
    stage.until(lambda: colours == [(0, 0, 0)] * 4, "it is dark")


def test_a_link_that_breaks_ends_its_odometry_and_is_in_the_diagnostics(make_stage):
    stage = make_stage()
    stage.robot.faults.add(LinkFault.HALF_OPEN)
    stage.until(
        lambda: stage.diagnostics and "has said nothing" in stage.diagnostics[-1].status[0].message, "it is told"
    )
    assert stage.diagnostics[-1].status[0].level == DiagnosticStatus.ERROR
    count = len(stage.odometry)
    stage.robot.faults.clear()
    stage.until(lambda: len(stage.odometry) > count, "the robot is heard again")


def test_simulated_time_is_nothing_for_it(make_room, ros_bench, tmp_path):
    path = tmp_path / "roster.yaml"
    roster_of(make_room(), 2.0, "p").save(path)
    ros_bench(roster=path, mode="lockstep")
    with pytest.raises(UserError, match="real robots know realtime only"):
        DriverNode("robot_0")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_its_process_ends_the_robot_stands(make_room, swarm, number):
    lab = make_room()
    robot, path = lab.robots["robot_0"], swarm.folder / "roster.yaml"
    roster_of(lab, 2.0, "p").save(path)
    node = ("run", "mir2_swarm", "driver", "robot_0", "--ros-args", "-p", f"roster:={path}")
    drive = ("topic", "pub", "--rate", "10", "/robot_0/cmd_vel", "geometry_msgs/msg/TwistStamped")
    with swarm.running(*drive, "{twist: {linear: {x: 0.03}, angular: {z: 0.6}}}"):
        with swarm.running(*node) as driver:
            wait_until(lambda: robot.firmware._steps[1] > 300, DEADLINE_S, "it drives")
            os.kill(process_of(swarm, "driver"), number)
            driver.end(DEADLINE_S)
        wait_until(lambda: robot.firmware.motors == (0.0, 0.0), DEADLINE_S, "it stands")
        died = number == signal.SIGKILL
        assert path.with_name("robot_0.odometry").exists() == died, "where it is, for whoever is started again"
