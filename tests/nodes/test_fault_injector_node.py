import pytest
from geometry_msgs.msg import TwistStamped
from mir2_core.errors import UserError
from mir2_core.types import Command, RobotState
from mir2_interfaces.msg import FaultArray, SwarmMetrics
from mir2_interfaces.srv import ClearFault, InjectFault
from mir2_swarm.convert import seconds, stamp, to_odometry, to_twist_stamped
from mir2_swarm.fault_injector import FaultInjectorNode
from mir2_swarm.node import LATCHED
from nav_msgs.msg import Odometry

ROBOTS = ("robot_0", "robot_1", "robot_2")


class Stage:
    """An injector, what it announces and sends, and what its robots say to it."""

    def __init__(self, bench, roster, **parameters):
        self.b = bench(roster=roster, **parameters)
        probe = self.b.probe
        self.faults = self.b.listen(FaultArray, "/faults", LATCHED)
        self.sent = {robot: self.b.listen(TwistStamped, f"/{robot}/cmd_vel/fault", 100) for robot in ROBOTS}
        self.policy = {r: probe.create_publisher(TwistStamped, f"/{r}/cmd_vel/policy", 10) for r in ROBOTS}
        self.states = {r: probe.create_publisher(Odometry, f"/{r}/state", 10) for r in ROBOTS}
        self.metrics = probe.create_publisher(SwarmMetrics, "/swarm/metrics", 10)
        self.inject_client = probe.create_client(InjectFault, "/fault_injector/inject")
        self.clear_client = probe.create_client(ClearFault, "/fault_injector/clear")
        self.b.add(FaultInjectorNode())
        publishers = (*self.policy.values(), *self.states.values(), self.metrics)
        self.b.spin_until(
            lambda: (
                all(p.get_subscription_count() for p in publishers)
                and self.inject_client.service_is_ready()
                and self.clear_client.service_is_ready()
                and all(probe.count_publishers(f"/{robot}/cmd_vel/fault") for robot in ROBOTS)
                and self.faults
            ),
            "the injector is found",
        )

    def call(self, client, request):
        answer = client.call_async(request)
        self.b.spin_until(answer.done, "an answer")
        return answer.result()

    def inject(self, fault, robot, duration_s=0.0):
        return self.call(self.inject_client, InjectFault.Request(fault=fault, robot=robot, duration_s=duration_s))

    def clear(self, robot=""):
        return self.call(self.clear_client, ClearFault.Request(robot=robot))

    def announced(self):
        return {fault.robot: fault.fault for fault in self.faults[-1].faults}

    def wait_announced(self, wanted):
        self.b.spin_until(lambda: self.announced() == wanted, f"{wanted} is announced")

    def say(self, time_s, robots=ROBOTS):
        """Policies and states of one time."""
        for robot in robots:
            self.states[robot].publish(to_odometry(RobotState(time_s, 1.0, 1.0, 0.0), robot))
            self.policy[robot].publish(to_twist_stamped(Command(time_s, 0.05, 0.2), robot))

    def quiet(self, rounds=10):
        for _ in range(rounds):
            self.b.executor.spin_once(timeout_sec=0.05)


def test_a_fault_is_announced_and_sent_until_it_is_cleared(bench, roster_file):
    stage = Stage(bench, roster_file())
    assert stage.announced() == {}
    answer = stage.inject("reverse", "robot_1")
    assert (answer.success, answer.message) == (True, "robot_1: reverse until cleared")
    stage.wait_announced({"robot_1": "reverse"})
    now_s = stage.b.probe.get_clock().now().nanoseconds * 1e-9
    stage.say(now_s)
    stage.b.spin_until(lambda: stage.sent["robot_1"] and stage.sent["robot_1"][-1].twist.linear.x < 0.0, "it reverses")
    twist = stage.sent["robot_1"][-1].twist
    assert (twist.linear.x, twist.angular.z) == pytest.approx((-0.05, -0.2))
    assert not stage.sent["robot_0"]
    assert stage.clear("robot_1").message == "cleared: robot_1"
    stage.wait_announced({})
    stage.quiet(3)
    count = len(stage.sent["robot_1"])
    stage.quiet()
    assert len(stage.sent["robot_1"]) == count


def test_a_fault_with_a_duration_ends_by_itself(bench, roster_file):
    stage = Stage(bench, roster_file())
    assert stage.inject("stop", "robot_0", duration_s=0.5).message == "robot_0: stop for 0.5 s"
    stage.wait_announced({"robot_0": "stop"})
    fault = stage.faults[-1].faults[0]
    assert seconds(fault.end) - seconds(fault.start) == pytest.approx(0.5, abs=1e-6)
    stage.wait_announced({})


def test_a_planned_fault_begins_when_the_run_says_it_has_begun(bench, roster_file):
    stage = Stage(bench, roster_file(), fault="stop@robot_2:3600")
    assert stage.announced() == {}
    run_start_s = stage.b.probe.get_clock().now().nanoseconds * 1e-9
    stage.metrics.publish(SwarmMetrics(run_start=stamp(run_start_s)))
    stage.wait_announced({"robot_2": "stop"})
    (fault,) = stage.faults[-1].faults
    assert seconds(fault.start) - run_start_s == pytest.approx(3600.0, abs=1e-5)
    assert not fault.active
    stage.quiet()
    assert not stage.sent["robot_2"]


def test_in_lockstep_it_answers_a_time_once_everything_of_it_is_here(bench, roster_file):
    stage = Stage(bench, roster_file(), mode="lockstep", fault="reverse@robot_0:0")
    assert stage.announced() == {"robot_0": "reverse"}
    stage.say(0.0, robots=ROBOTS[:2])
    stage.quiet()
    assert not stage.sent["robot_0"]
    stage.say(0.0, robots=ROBOTS[2:])
    stage.b.spin_until(lambda: stage.sent["robot_0"], "a command")
    for message in stage.sent["robot_0"]:
        assert (seconds(message.header.stamp), message.twist.linear.x) == pytest.approx((0.0, -0.05))


def test_in_lockstep_an_injection_takes_effect_two_periods_ahead(bench, roster_file):
    stage = Stage(bench, roster_file(), mode="lockstep")
    stage.say(1.0)
    stage.quiet()
    assert stage.inject("stop", "robot_0", duration_s=1.0).success
    stage.wait_announced({"robot_0": "stop"})
    (fault,) = stage.faults[-1].faults
    assert (seconds(fault.start), seconds(fault.end)) == (pytest.approx(1.2), pytest.approx(2.2))


def test_impossible_requests_are_refused_with_the_way_out(bench, roster_file):
    stage = Stage(bench, roster_file())
    for answer, words in [
        (stage.inject("rndom", "robot_0"), "did you mean 'random'"),
        (stage.inject("lie-circle", "robot_0"), "falsifies reports"),
        (stage.inject("stop", "robot_9"), "unknown robot 'robot_9'"),
        (stage.inject("stop", "robot_0", duration_s=-1.0), "duration_s is -1"),
        (stage.clear("robot_9"), "unknown robot 'robot_9'"),
    ]:
        assert not answer.success
        assert words in answer.message
    assert stage.clear().message == "cleared: nothing was active"
    assert stage.announced() == {}


def test_a_roster_that_allows_no_faults_has_no_injector(bench, roster_file):
    path = roster_file()
    path.write_text(path.read_text().replace("allow_fault_injection: true", "allow_fault_injection: false"))
    b = bench(roster=path)
    with pytest.raises(UserError, match="set 'allow_fault_injection: true'"):
        b.add(FaultInjectorNode())
