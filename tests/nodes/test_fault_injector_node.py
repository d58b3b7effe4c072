import pytest
from geometry_msgs.msg import TwistStamped
from mir2_core.errors import UserError
from mir2_core.types import Command, RobotState
from mir2_interfaces.msg import FaultArray, SwarmMetrics
from mir2_interfaces.srv import ClearFault, InjectFault, ListFaults
from mir2_swarm.convert import says_nothing, seconds, stamp, to_odometry, to_twist_stamped
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
        self.told = {robot: self.b.listen(Odometry, f"/{robot}/state/fault", 100) for robot in ROBOTS}
        self.states = {r: probe.create_publisher(Odometry, f"/{r}/odom", 10) for r in ROBOTS}
        self.metrics = probe.create_publisher(SwarmMetrics, "/swarm/metrics", 10)
        self.inject_client = probe.create_client(InjectFault, "/fault_injector/inject")
        self.clear_client = probe.create_client(ClearFault, "/fault_injector/clear")
        self.list_client = probe.create_client(ListFaults, "/fault_injector/list")
        self.b.add(FaultInjectorNode())
        publishers = (*self.policy.values(), *self.states.values(), self.metrics)
        self.b.spin_until(
            lambda: (
                all(p.get_subscription_count() for p in publishers)
                and self.inject_client.service_is_ready()
                and self.clear_client.service_is_ready()
                and self.list_client.service_is_ready()
                and all(probe.count_publishers(f"/{robot}/cmd_vel/fault") for robot in ROBOTS)
                and all(probe.count_publishers(f"/{robot}/state/fault") for robot in ROBOTS)
                and self.faults
            ),
            "the injector is found",
        )

    def call(self, client, request):
        answer = client.call_async(request)
        self.b.spin_until(answer.done, "an answer")
        return answer.result()

    def inject(self, fault, robot, duration_s=0.0, parameters=""):
        request = InjectFault.Request(fault=fault, robot=robot, duration_s=duration_s, parameters=parameters)
        return self.call(self.inject_client, request)

    def clear(self, robot="", fault=""):
        return self.call(self.clear_client, ClearFault.Request(robot=robot, fault=fault))

    def listed(self):
        return self.call(self.list_client, ListFaults.Request())

    def announced(self):
        """One fault of every robot that has any."""
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
    assert stage.clear("robot_1").message == "cleared: reverse of robot_1"
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


def test_in_lockstep_a_cleared_fault_ends_two_periods_ahead(bench, roster_file):
    stage = Stage(bench, roster_file(), mode="lockstep", fault="stop@robot_0:0:60")
    stage.say(1.0)
    stage.b.spin_until(lambda: stage.sent["robot_0"], "a command")
    assert stage.clear("robot_0").success
    stage.b.spin_until(lambda: seconds(stage.faults[-1].faults[0].end) == pytest.approx(1.2), "the end is announced")
    stage.say(1.1)
    stage.b.spin_until(lambda: seconds(stage.sent["robot_0"][-1].header.stamp) == pytest.approx(1.1), "it still acts")
    stage.say(1.2)
    stage.wait_announced({})


def test_impossible_requests_are_refused_with_the_way_out(bench, roster_file):
    stage = Stage(bench, roster_file())
    for answer, words in [
        (stage.inject("rndom", "robot_0"), "did you mean 'random'"),
        (stage.inject("offset", "robot_0", parameters="{x_m: 20}"), "x_m is 20; allowed: a number from -10 to 10"),
        (stage.inject("stop", "robot_0", parameters="{x_m: 2}"), "'stop' has no parameters"),
        (stage.clear("robot_0", "stpo"), "did you mean 'stop'"),
        (stage.inject("stop", "robot_9"), "unknown robot 'robot_9'"),
        (stage.inject("stop", "robot_0", duration_s=-1.0), "duration_s is -1"),
        (stage.clear("robot_9"), "unknown robot 'robot_9'"),
    ]:
        assert not answer.success
        assert words in answer.message
    assert stage.clear().message == "cleared: nothing was active or planned"
    assert stage.announced() == {}


def wait_told(stage, robot, what):
    """The reports on `state/fault` of one time, without their end."""
    stage.b.spin_until(lambda: stage.told[robot] and says_nothing(stage.told[robot][-1]), what)
    *reports, _ = stage.told[robot]
    return reports


@pytest.mark.parametrize(
    ("kind", "parameters", "places"),
    [
        ("offset", "{x_m: 0.5}", [1.5]),
        ("silence", "", []),
        ("flood", "{copies: 3}", [1.0] * 3),
        ("mirrored", "", [1.0]),
    ],
)
def test_a_fault_on_reports_says_what_its_robot_tells_and_ends_it(bench, roster_file, kind, parameters, places):
    stage = Stage(bench, roster_file(), mode="lockstep")
    stage.say(1.0)
    stage.quiet()
    assert stage.inject(kind, "robot_1", parameters=parameters).success
    stage.wait_announced({"robot_1": kind})
    (fault,) = stage.faults[-1].faults
    assert (fault.on_commands, fault.on_reports, fault.parameters) == (False, True, parameters)
    stage.say(1.2)
    reports = wait_told(stage, "robot_1", "what is told")
    assert [message.pose.pose.position.x for message in reports] == pytest.approx(places)
    assert all(seconds(message.header.stamp) == pytest.approx(1.2) for message in stage.told["robot_1"])
    assert not stage.sent["robot_1"]
    assert not stage.told["robot_0"]


def test_in_real_time_reports_follow_the_robots_own_odometry(bench, roster_file):
    stage = Stage(bench, roster_file())
    assert stage.inject("nan", "robot_1").success
    stage.quiet(5)
    now_s = stage.b.probe.get_clock().now().nanoseconds * 1e-9
    stage.say(now_s, robots=("robot_0",))
    stage.quiet(3)
    assert not stage.told["robot_1"]
    stage.say(now_s, robots=("robot_1",))
    (report,) = wait_told(stage, "robot_1", "what is told")
    assert report.pose.pose.position.x != report.pose.pose.position.x
    assert seconds(report.header.stamp) == pytest.approx(now_s, abs=1e-6)


def test_a_robot_may_have_two_faults_but_none_that_contradict(bench, roster_file):
    stage = Stage(bench, roster_file(), fault="flee@robot_2:3600:5")
    assert stage.inject("stop", "robot_0").success
    assert stage.inject("silence", "robot_0", duration_s=60.0).success
    refused = stage.inject("flee", "robot_0")
    assert not refused.success
    assert "'robot_0' already has a fault on its commands at that time: stop" in refused.message
    listed = stage.listed()
    assert [(fault.fault, fault.on_commands, fault.on_reports) for fault in listed.faults] == [
        ("stop", True, False),
        ("silence", False, True),
    ]
    assert listed.in_words == [
        "robot_0: stop on commands, active, until cleared",
        "robot_0: silence on reports, active, for 60 s",
        "robot_2: flee on commands, 3600.0 s after the run's start, for 5 s",
    ]
    assert stage.clear("robot_0", "stop").message == "cleared: stop of robot_0"
    stage.wait_announced({"robot_0": "silence"})
    assert stage.inject("flee", "robot_0").success


def test_clear_ends_everything_planned_faults_included(bench, roster_file):
    stage = Stage(bench, roster_file(), fault="flee@robot_2:3600:5,stop@robot_1:3600")
    assert stage.inject("loss", "robot_0", parameters="{allies: [robot_1]}").success
    assert stage.clear("robot_1").message == "cancelled before it began: stop of robot_1"
    assert len(stage.listed().in_words) == 2
    stage.metrics.publish(SwarmMetrics(run_start=stage.b.probe.get_clock().now().to_msg()))
    stage.wait_announced({"robot_0": "loss", "robot_2": "flee"})
    assert stage.clear().message == (
        "cleared: loss:{allies: [robot_1]} of robot_0; cancelled before it began: flee of robot_2"
    )
    stage.wait_announced({})
    assert stage.listed().in_words == []


def test_links_at_fault_are_announced_every_period_and_no_robot_is_taken_over(bench, roster_file):
    stage = Stage(bench, roster_file(), seed=7)
    assert stage.inject("partition", "robot_0", parameters="{group: [robot_9]}").message.startswith("unknown robot")
    assert stage.inject("latency", "robot_0", parameters="{s: 0.2}").success
    stage.wait_announced({"robot_0": "latency"})
    assert stage.listed().in_words == ["robot_0: latency:{s: 0.2} on links, active, until cleared"]
    first = seconds(stage.faults[-1].header.stamp)
    stage.b.spin_until(lambda: seconds(stage.faults[-1].header.stamp) > first + 0.25, "it is announced again")
    (fault,) = stage.faults[-1].faults
    assert (fault.on_commands, fault.on_reports, fault.on_links) == (False, False, True)
    assert stage.faults[-1].seed == 7
    stage.say(first + 0.3)
    stage.quiet(3)
    assert not any(stage.sent.values())
    assert not any(stage.told.values())


def test_a_planned_fault_that_contradicts_one_injected_before_the_run_is_left_out(bench, roster_file, capfd):
    stage = Stage(bench, roster_file(), fault="stop@robot_0:5,stop@robot_1:3600")
    assert stage.inject("flee", "robot_0").success
    stage.metrics.publish(SwarmMetrics(run_start=stage.b.probe.get_clock().now().to_msg()))
    stage.wait_announced({"robot_0": "flee", "robot_1": "stop"})
    assert "the planned fault stop is left out: 'robot_0' already has a fault" in capfd.readouterr().err


def test_a_roster_that_allows_no_faults_has_no_injector(bench, roster_file):
    path = roster_file()
    path.write_text(path.read_text().replace("allow_fault_injection: true", "allow_fault_injection: false"))
    b = bench(roster=path)
    with pytest.raises(UserError, match="set 'allow_fault_injection: true'"):
        b.add(FaultInjectorNode())
