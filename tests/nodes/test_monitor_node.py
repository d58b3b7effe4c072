"""The monitor against a stand-in for simulator, gates and injector."""

import json

import pytest
from geometry_msgs.msg import Twist
from mir2_core.errors import UserError
from mir2_core.types import RobotState
from mir2_interfaces.msg import Fault, FaultArray, GateStatus, SwarmMetrics
from mir2_swarm.convert import seconds, stamp, to_odometry
from mir2_swarm.monitor import MonitorNode
from mir2_swarm.node import LATCHED
from nav_msgs.msg import Odometry
from std_srvs.srv import Trigger

ROBOTS = ("robot_0", "robot_1", "robot_2")
QOS = 1000


class Stage:
    """A lockstep monitor, fed step by step with whatever robots and gates are to have said."""

    def __init__(self, bench, roster, folder, duration_s=0.0, start_service=True):
        self.b = bench(roster=roster, mode="lockstep", output=folder, duration_s=duration_s, seed=4)
        self.folder, self.started = folder, 0
        probe = self.b.probe
        self.odometry = {robot: probe.create_publisher(Odometry, f"/{robot}/odom", QOS) for robot in ROBOTS}
        self.gates = {robot: probe.create_publisher(GateStatus, f"/{robot}/gate", QOS) for robot in ROBOTS}
        self.faults = probe.create_publisher(FaultArray, "/faults", LATCHED)
        self.metrics = self.b.listen(SwarmMetrics, "/swarm/metrics", QOS)
        if start_service:
            probe.create_service(Trigger, "/simulator/start", self._on_start)
        self.monitor = self.b.add(MonitorNode())
        publishers = (*self.odometry.values(), *self.gates.values(), self.faults)
        self.b.spin_until(
            lambda: all(p.get_subscription_count() for p in publishers) and probe.count_publishers("/swarm/metrics"),
            "the monitor listens",
        )

    def _on_start(self, _, response):
        self.started += 1
        response.success = True
        return response

    def states(self, step, apart_m=0.5, robots=ROBOTS):
        for row, robot in enumerate(robots):
            self.odometry[robot].publish(to_odometry(RobotState(0.1 * step, 0.5 + apart_m * row, 1.0, 0.0), robot))

    def decisions(self, step, reasons=(), robots=ROBOTS, **senses):
        twist = Twist()
        twist.linear.x = 0.05
        for robot in robots:
            status = GateStatus(source="policy", reasons=list(reasons), applied=twist, **senses)
            status.state_stamp = stamp(0.1 * step)
            status.header.stamp = stamp(0.1 * step)
            self.gates[robot].publish(status)

    def run(self, steps, first=0):
        """Play whole steps; the odometry of the last one's end included."""
        for step in range(first, first + steps):
            self.states(step)
            self.decisions(step)
        self.states(first + steps)
        self.wait_for_step(first + steps)

    def wait_for_step(self, step):
        self.b.spin_until(lambda: self.metrics and self.metrics[-1].step >= step, f"step {step}")

    def events(self, *names):
        lines = (self.folder / "events.jsonl").read_text().splitlines()
        return [event for event in map(json.loads, lines) if event["event"] in names]

    def end(self):
        self.b.nodes.remove(self.monitor)
        self.b.executor.remove_node(self.monitor)
        self.monitor.destroy_node()
        return json.loads((self.folder / "metrics.json").read_text())


@pytest.fixture
def stage(bench, roster_file, tmp_path):
    return Stage(bench, roster_file(), tmp_path / "run")


def test_it_starts_the_simulator_once_and_only_when_everybody_has_reported(stage):
    stage.states(0)
    stage.decisions(0, robots=ROBOTS[:2])
    stage.faults.publish(FaultArray())
    stage.b.spin_until(lambda: stage.monitor._start._missing == {"robot_2/gate"}, "five of six reports")
    for _ in range(10):
        stage.b.executor.spin_once(timeout_sec=0.05)
    assert stage.started == 0
    stage.decisions(0, robots=ROBOTS[2:])
    stage.b.spin_until(lambda: stage.started, "the start")
    stage.run(2)
    assert stage.started == 1


def test_who_is_missing_is_named(bench, roster_file, tmp_path, monkeypatch):
    monkeypatch.setattr("mir2_swarm.starting.READY_TIMEOUT_S", 1.0)
    stage = Stage(bench, roster_file(), tmp_path / "run")
    stage.states(0, robots=ROBOTS[:2])
    with pytest.raises(UserError, match=r"nothing heard of .*/robot_2/odom"):
        stage.b.spin_until(lambda: False, "the end")


def test_every_step_is_measured_and_written_down(stage):
    stage.run(5)
    last = stage.metrics[-1]
    assert (last.step, seconds(last.run_start), seconds(last.header.stamp)) == (5, 0.0, pytest.approx(0.5))
    assert last.max_distance_m == pytest.approx(1.0)
    assert last.mean_distance_m == pytest.approx(2.0 / 3.0)
    assert last.cumulative_reward == pytest.approx(sum(message.reward for message in stage.metrics))
    metrics = stage.end()
    assert (metrics["steps"], metrics["seed"], metrics["mode"]) == (5, 4, "lockstep")
    assert metrics["team_return"] == pytest.approx(last.cumulative_reward)
    assert metrics["missing_reports"] == 0
    assert {path.name for path in stage.folder.iterdir()} == {
        "metrics.json", "trajectories.npz", "events.jsonl", "run.png", "digests.json",
    }  # fmt: skip
    assert [event["time_s"] for event in stage.events("run_started", "run_ended")] == [0.0, 0.5]


def test_events_follow_the_faults_as_they_were_active(stage):
    fault = Fault(robot="robot_1", fault="stop", active=False, start=stamp(0.1), end=stamp(0.3))
    stage.faults.publish(FaultArray(faults=[fault]))
    stage.b.spin_until(lambda: "faults" not in stage.monitor._start._missing, "the fault is announced")
    stage.run(4)
    assert [list(message.compromised) for message in stage.metrics] == [[], ["robot_1"], ["robot_1"], []]
    began, ended = stage.events("fault_started", "fault_ended")
    assert (began["time_s"], began["robot"], began["fault"]) == (0.1, "robot_1", "stop")
    assert ended["time_s"] == pytest.approx(0.3)


def test_emergency_stops_are_written_down_as_gates_did_them(stage):
    stage.run(1)
    stage.decisions(1, reasons=["emergency_stop"], robots=ROBOTS[:1])
    stage.decisions(1, robots=ROBOTS[1:])
    stage.states(2)
    stage.wait_for_step(2)
    stage.decisions(2)
    stage.states(3)
    stage.wait_for_step(3)
    stop, release = stage.events("emergency_stop_set", "emergency_stop_released")
    assert (stop["event"], stop["robot"]) == ("emergency_stop_set", "robot_0")
    assert (release["event"], release["robot"]) == ("emergency_stop_released", "robot_0")
    assert stage.end()["gate_interventions"]["robot_0"] == {"emergency_stop": 1}


def test_what_gates_sense_is_written_down(stage):
    stage.run(1)
    senses = {"silent_sensors": ["ps2"], "contradicted_robots": ["robot_2"], "contradiction_counts": [13]}
    stage.decisions(1, robots=ROBOTS[:1], **senses)
    stage.decisions(1, robots=ROBOTS[1:])
    stage.states(2)
    stage.wait_for_step(2)
    contradicted, silent = stage.events("robot_contradicted", "sensors_silent")
    assert (contradicted["robot"], contradicted["detail"]) == ("robot_2", "by the sensors of robot_0")
    assert (silent["robot"], silent["detail"]) == ("robot_0", "ps2")
    metrics = stage.end()
    assert metrics["contradicted"] == {"robot_2": 13}
    assert metrics["silent_sensors"] == {"robot_0": {"ps2": 1}}


def test_the_run_ends_at_its_duration(bench, roster_file, tmp_path):
    stage = Stage(bench, roster_file(), tmp_path / "run", duration_s=0.3)
    for step in range(8):
        stage.states(step)
        stage.decisions(step)
    stage.b.spin_until(lambda: not stage.b.probe.context.ok(), "the end")
    assert stage.end()["steps"] == 3
