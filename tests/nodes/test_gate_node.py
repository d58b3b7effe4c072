import math

import pytest
from geometry_msgs.msg import Twist, TwistStamped
from mir2_core.robots import EPUCK2
from mir2_core.types import Command, Echo, RobotState
from mir2_interfaces.msg import Fault, FaultArray, GateStatus
from mir2_swarm.convert import stamp, to_odometry, to_range, to_twist_stamped
from mir2_swarm.gate import GateNode
from mir2_swarm.node import LATCHED
from nav_msgs.msg import Odometry
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Range


class Stage:
    """A gate node for robot_0 that is fed with fresh odometry, and what it lets through."""

    def __init__(self, bench, roster, driver_type=TwistStamped):
        self.b = bench(roster=roster)
        self.b.add(GateNode("robot_0"))
        probe = self.b.probe
        self.odometry = probe.create_publisher(Odometry, "/robot_0/odom", 10)
        self.policy = probe.create_publisher(TwistStamped, "/robot_0/cmd_vel/policy", 10)
        self.fault = probe.create_publisher(TwistStamped, "/robot_0/cmd_vel/fault", 10)
        self.faults = probe.create_publisher(FaultArray, "/faults", LATCHED)
        self.driven = self.b.listen(driver_type, "/robot_0/cmd_vel")
        self.status = self.b.listen(GateStatus, "/robot_0/gate")
        publishers = (self.odometry, self.policy, self.fault, self.faults)
        self.b.spin_until(lambda: all(p.get_subscription_count() == 1 for p in publishers), "the gate listens")
        self.b.spin_until(lambda: self.status and self.driven, "the gate is heard")

    def now_s(self) -> float:
        return self.b.probe.get_clock().now().nanoseconds * 1e-9

    def feed(self, v_mps: float, source=None, publish_odometry=True) -> None:
        now = self.now_s()
        if publish_odometry:
            self.odometry.publish(to_odometry(RobotState(now, 1.0, 1.0, 0.0), "robot_0"))
        (source or self.policy).publish(to_twist_stamped(Command(now, v_mps, 0.0), "robot_0"))

    def feed_until(self, condition, what, v_mps=0.05, **kwargs) -> None:
        def fed():
            self.feed(v_mps, **kwargs)
            self.b.executor.spin_once(timeout_sec=0.02)
            return condition(self.status[-1])

        self.b.spin_until(fed, what)


class SensingStage(Stage):
    """A stage whose robot has sensors that speak, and an ally that reports."""

    def __init__(self, bench, roster):
        super().__init__(bench, roster)
        probe = self.b.probe
        self.sensors = {
            sensor: probe.create_publisher(Range, f"/robot_0/{sensor.name}", qos_profile_sensor_data)
            for sensor in EPUCK2.proximity
        }
        self.liar = probe.create_publisher(Odometry, "/robot_1/state", 10)
        publishers = (self.liar, *self.sensors.values())
        self.b.spin_until(lambda: all(p.get_subscription_count() == 1 for p in publishers), "the gate listens")


def test_a_silent_robot_stands_and_says_why(bench, roster_file):
    stage = Stage(bench, roster_file())
    assert stage.status[-1].reasons == ["command_age"]
    assert stage.status[-1].source == "none"
    assert stage.driven[-1].twist.linear.x == 0.0


def test_a_gate_begins_by_standing_until_it_should_know_of_a_stop(bench, roster_file, monkeypatch):
    monkeypatch.setattr("mir2_swarm.stop_line.SETTLING_S", 1e9)
    stage = Stage(bench, roster_file())
    for _ in range(30):
        stage.feed(0.05)
        stage.b.executor.spin_once(timeout_sec=0.02)
    assert all(command.twist.linear.x == 0.0 for command in stage.driven)
    assert stage.status[-1].reasons == ["command_age"]
    monkeypatch.setattr("mir2_swarm.stop_line.SETTLING_S", 0.0)
    stage.feed_until(lambda status: status.applied.linear.x == 0.05, "the command passes")


def test_a_command_passes_and_stops_when_the_policy_falls_silent(bench, roster_file):
    stage = Stage(bench, roster_file())
    stage.feed_until(lambda status: status.applied.linear.x == 0.05, "the command passes")
    assert stage.status[-1].source == "policy"

    def silent():
        stage.odometry.publish(to_odometry(RobotState(stage.now_s(), 1.0, 1.0, 0.0), "robot_0"))
        return stage.status[-1].reasons == ["command_age"] and stage.driven[-1].twist.linear.x == 0.0

    stage.b.spin_until(silent, "the robot stands")


def test_commands_without_odometry_stand(bench, roster_file):
    stage = Stage(bench, roster_file())
    stage.feed_until(lambda s: s.reasons == ["state_age"], "no state, no motion", publish_odometry=False)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_command_that_is_not_finite_stops(bench, roster_file, bad):
    stage = Stage(bench, roster_file())
    stage.feed_until(lambda s: s.reasons == ["non_finite"] and s.applied.linear.x == 0.0, "stopped", v_mps=bad)


def test_a_fault_counts_only_while_it_is_listed_and_leased(bench, roster_file):
    stage = Stage(bench, roster_file())
    stage.feed_until(lambda s: s.source == "policy", "the policy drives")
    for _ in range(5):
        stage.feed(-0.02, source=stage.fault)
        stage.b.executor.spin_once(timeout_sec=0.05)
    stage.feed_until(lambda s: s.source == "policy", "an unlisted fault counts for nothing")
    listed = FaultArray(faults=[Fault(robot="robot_0", fault="reverse", active=True, start=stamp(stage.now_s() - 1))])
    stage.faults.publish(listed)
    stage.feed_until(lambda s: s.source == "fault", "the fault drives", v_mps=-0.02, source=stage.fault)
    stage.feed_until(lambda s: s.source == "policy", "the lease runs out")


def say(stage, **ranges_m: float) -> None:
    """Let every sensor say that it sees nothing, or what is given."""
    for sensor, publisher in stage.sensors.items():
        echo = Echo(stage.now_s(), ranges_m.get(sensor.name, math.inf))
        publisher.publish(to_range(echo, sensor, "robot_0"))


def claim_ahead(stage, x_m: float) -> None:
    state = RobotState(stage.now_s(), x_m, 1.0, 0.0)
    stage.liar.publish(to_odometry(state, "robot_1"))


def test_silent_sensors_are_named_until_they_speak(bench, roster_file):
    stage = SensingStage(bench, roster_file())
    stage.feed_until(lambda s: s.applied.linear.x == 0.05, "the command passes")
    assert list(stage.status[-1].silent_sensors) == [f"ps{i}" for i in range(8)]
    stage.feed_until(lambda s: say(stage) or not s.silent_sensors, "the sensors are heard")


def test_what_a_sensor_sees_ahead_stops_the_robot(bench, roster_file):
    stage = SensingStage(bench, roster_file())
    seen = {"ps0": 0.002, "ps7": 0.002}
    stage.feed_until(lambda s: say(stage, **seen) or "proximity" in s.reasons, "seen")
    assert stage.status[-1].applied.linear.x < 0.02
    stage.feed_until(lambda s: say(stage) or s.applied.linear.x == 0.05, "free again")


def test_a_liar_that_stands_on_a_robot_stops_it_only_if_no_sensor_speaks(bench, roster_file):
    stage = SensingStage(bench, roster_file())
    stage.feed_until(lambda s: claim_ahead(stage, 1.08) or "neighbour" in s.reasons, "believed without sensors")

    def contradicted(status):
        claim_ahead(stage, 1.08)
        say(stage)
        return list(status.contradicted_robots) == ["robot_1"] and status.applied.linear.x == 0.05

    stage.feed_until(contradicted, "contradicted")
    before = stage.status[-1].contradiction_counts[0]
    stage.feed_until(lambda s: contradicted(s) and s.contradiction_counts[0] > before, "counted")


@pytest.mark.parametrize("tracking", ["none", "trusted"])
def test_trusted_tracking_wins_over_what_an_ally_says(bench, roster_file, tracking):
    stage = SensingStage(bench, roster_file(team={"tracking": tracking}))
    tracked = stage.b.probe.create_publisher(Odometry, "/robot_1/odom", 10)

    def fed(status):
        claim_ahead(stage, 1.5)
        tracked.publish(to_odometry(RobotState(stage.now_s(), 1.08, 1.0, 0.0), "robot_1"))
        if tracking == "trusted":
            return "neighbour" in status.reasons
        return status.decisions > before + 30

    before = stage.status[-1].decisions
    stage.feed_until(fed, "decisions")
    assert ("neighbour" in stage.status[-1].reasons) == (tracking == "trusted")


def test_an_unstamped_driver_gets_unstamped_commands(bench, roster_file):
    stage = Stage(bench, roster_file(stamped_cmd_vel=False), driver_type=Twist)
    stage.feed_until(lambda s: s.applied.linear.x == 0.05, "the command passes")
    stage.b.spin_until(lambda: stage.driven[-1].linear.x == 0.05, "the driver hears it")


def test_in_lockstep_an_answer_is_repeated_only_when_the_simulator_asks_again(bench, roster_file, monkeypatch):
    monkeypatch.setattr("mir2_swarm.stop_line.SETTLING_S", 0.0)
    b = bench(roster=roster_file(kind="epuck2_point"), mode="lockstep")
    b.add(GateNode("robot_0"))
    odometry = b.probe.create_publisher(Odometry, "/robot_0/odom", 10)
    policy = b.probe.create_publisher(TwistStamped, "/robot_0/cmd_vel/policy", 10)
    faults = b.probe.create_publisher(FaultArray, "/faults", LATCHED)
    driven, status = b.listen(TwistStamped, "/robot_0/cmd_vel"), b.listen(GateStatus, "/robot_0/gate")
    publishers = (odometry, policy, faults)
    b.spin_until(lambda: all(p.get_subscription_count() == 1 for p in publishers), "the gate listens")
    b.spin_until(lambda: all(b.probe.count_publishers(f"/robot_0/{name}") for name in ("cmd_vel", "gate")), "it speaks")

    def say(publisher, message, times=1):
        for _ in range(times):
            publisher.publish(message)

    def asked(time_s):
        return to_odometry(RobotState(time_s, 1.0, 1.0, 0.0), "robot_0")

    def wanted(time_s):
        return to_twist_stamped(Command(time_s, 0.05, 0.0), "robot_0")

    say(faults, FaultArray())
    say(odometry, asked(1.0))
    say(policy, wanted(1.0))
    b.spin_until(lambda: driven and status, "the first answer")
    say(policy, wanted(1.0), times=5)
    say(policy, wanted(1.1))
    say(odometry, asked(1.1))
    b.spin_until(lambda: driven[-1].header.stamp == stamp(1.1), "the second answer")
    say(odometry, asked(1.1))
    b.spin_until(lambda: len(driven) > 2, "the second answer, asked for again")
    assert [message.header.stamp for message in driven] == [stamp(1.0), stamp(1.1), stamp(1.1)]
