"""The stop button and the gates that obey it, in one process."""

import pytest
from geometry_msgs.msg import TwistStamped
from mir2_core.types import Command, RobotState
from mir2_interfaces.msg import GateStatus, StopReport
from mir2_swarm.convert import to_odometry, to_twist_stamped
from mir2_swarm.emergency_stop import EmergencyStopNode
from mir2_swarm.gate import GateNode
from mir2_swarm.node import LATCHED
from nav_msgs.msg import Odometry
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import Bool
from std_srvs.srv import SetBool

ROBOTS = ("robot_0", "robot_1", "robot_2")
BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


class Stage:
    """Gates of robots that nobody commands, the button, and what each gate says last."""

    def __init__(self, bench, roster, robots=ROBOTS):
        self.b = bench(roster=roster)
        self.last = {}
        for robot in ROBOTS:
            self.b.probe.create_subscription(GateStatus, f"/{robot}/gate", self._listener(robot), 10)
        self.gates = {robot: self.b.add(GateNode(robot)) for robot in robots}
        self.client = self.b.probe.create_client(SetBool, "/emergency_stop/set")
        self.button = None

    def _listener(self, robot):
        def listen(message):
            self.last[robot] = list(message.reasons)

        return listen

    def start_button(self):
        self.button = self.b.add(EmergencyStopNode())
        clients = self.button._gates
        self.b.spin_until(
            lambda: self.client.service_is_ready() and all(clients[r].service_is_ready() for r in self.gates),
            "the button and the gates know each other",
        )

    def kill(self, node):
        self.b.executor.remove_node(node)
        self.b.nodes.remove(node)
        node.destroy_node()

    def call(self, on):
        answer = self.client.call_async(SetBool.Request(data=on))
        self.b.spin_until(answer.done, "an answer")
        return answer.result()

    def wait(self, stand, robots=ROBOTS):
        reason = "emergency_stop" if stand else "command_age"
        self.last.clear()
        what = f"the gates say {reason}: {self.last}"
        self.b.spin_until(lambda: all(self.last.get(r) == [reason] for r in robots), what)

    def stays(self, stand, robots=ROBOTS, rounds=3):
        for _ in range(rounds):
            self.wait(stand, robots)

    def publisher(self, qos):
        publisher = self.b.probe.create_publisher(Bool, "/emergency_stop", qos)
        self.b.spin_until(lambda: publisher.get_subscription_count() >= len(self.gates), "the gates are found")
        return publisher


@pytest.fixture
def stage(bench, roster_file, monkeypatch):
    monkeypatch.setattr("mir2_swarm.emergency_stop.ANSWER_S", 30.0)
    stage = Stage(bench, roster_file())
    stage.start_button()
    return stage


def test_the_service_sets_and_releases_and_counts_the_gates(stage):
    stage.wait(stand=False)
    answer = stage.call(True)
    assert answer.success
    assert answer.message == "set at 3 of 3 gates; holds until released with data: false"
    stage.stays(stand=True)
    answer = stage.call(False)
    assert (answer.success, answer.message) == (True, "released at 3 of 3 gates")
    stage.stays(stand=False)


@pytest.mark.parametrize("qos", [10, LATCHED, BEST_EFFORT], ids=["default", "transient local", "best effort"])
def test_true_from_anybody_stops_and_false_releases_nothing(stage, qos, capfd):
    publisher = stage.publisher(qos)
    publisher.publish(Bool(data=True))
    stage.wait(stand=True)
    publisher.publish(Bool(data=False))
    stage.stays(stand=True)
    assert stage.call(False).success
    stage.stays(stand=False)
    assert "offering incompatible QoS" not in "".join(capfd.readouterr())


def test_a_robot_that_is_released_behind_the_nodes_back_stands_again(stage):
    assert stage.call(True).success
    stage.stays(stand=True)
    stranger = stage.b.probe.create_client(SetBool, "/robot_1/gate/emergency_stop")
    stage.b.spin_until(stranger.service_is_ready, "the gate's service")
    answer = stranger.call_async(SetBool.Request(data=False))
    stage.b.spin_until(answer.done, "an answer")
    stage.wait(stand=False, robots=["robot_1"])
    stage.stays(stand=True)
    assert stage.call(False).success
    stage.stays(stand=False)


def test_what_one_gate_hears_all_gates_know(stage):
    stage.wait(stand=False)
    stage.gates["robot_1"]._stop_line.turn(True)
    stage.wait(stand=True)
    assert stage.call(False).success
    stage.stays(stand=False)


def test_a_button_that_starts_again_releases_nothing_and_can_release(stage):
    stage.call(True)
    stage.wait(stand=True)
    stage.kill(stage.button)
    stage.start_button()
    stage.stays(stand=True)
    stage.b.spin_until(lambda: stage.button._line.held, "the new button knows of the stop")
    assert stage.call(False).success
    stage.stays(stand=False)


def test_a_second_button_releases_nothing(stage):
    stage.call(True)
    stage.b.add(EmergencyStopNode())
    stage.stays(stand=True)


def test_a_gate_that_starts_again_hears_of_the_stop_from_the_other_gates(stage):
    stage.call(True)
    stage.kill(stage.button)
    stage.kill(stage.gates["robot_2"])
    stage.b.add(GateNode("robot_2"))
    stage.wait(stand=True)
    stage.stays(stand=True)


def test_a_gate_that_starts_again_during_a_stop_lets_nothing_through(stage):
    stage.call(True)
    stage.kill(stage.gates["robot_2"])
    probe = stage.b.probe
    odometry = probe.create_publisher(Odometry, "/robot_2/odom", 10)
    policy = probe.create_publisher(TwistStamped, "/robot_2/cmd_vel/policy", 10)
    driven = stage.b.listen(TwistStamped, "/robot_2/cmd_vel")
    stage.b.add(GateNode("robot_2"))
    stage.last.clear()

    def stands():
        now_s = probe.get_clock().now().nanoseconds * 1e-9
        odometry.publish(to_odometry(RobotState(now_s, 1.0, 1.0, 0.0), "robot_2"))
        policy.publish(to_twist_stamped(Command(now_s, 0.05, 0.0), "robot_2"))
        return len(driven) > 20 and stage.last.get("robot_2") == ["emergency_stop"]

    stage.b.spin_until(stands, "the new gate knows of the stop")
    assert all(command.twist.linear.x == 0.0 for command in driven)


def test_after_a_release_nothing_is_left_that_stops_a_gate_that_joins(stage):
    stage.call(True)
    stage.wait(stand=True)
    stage.call(False)
    stage.kill(stage.gates["robot_0"])
    stage.b.add(GateNode("robot_0"))
    stage.wait(stand=False)
    stage.stays(stand=False)
    kept = stage.b.listen(StopReport, "/emergency_stop/reports", QoSProfile(depth=10, durability=LATCHED.durability))
    told = stage.b.listen(Bool, "/emergency_stop", LATCHED)
    stage.b.spin_until(lambda: len(kept) >= 3 and told, "what is kept")
    assert not any(message.held for message in kept)
    assert not told[-1].data
    assert LATCHED.durability == DurabilityPolicy.TRANSIENT_LOCAL


def test_a_gate_that_does_not_answer_is_named_and_the_others_obey(bench, roster_file):
    stage = Stage(bench, roster_file(), robots=ROBOTS[:2])
    stage.start_button()
    for on, word in ((True, "set"), (False, "released")):
        answer = stage.call(on)
        assert not answer.success
        assert answer.message.startswith(f"{word} at 2 of 3 gates; no answer within 3 s from robot_2")
        stage.stays(stand=on, robots=ROBOTS[:2])


def test_a_stop_does_not_wait_for_a_release_that_waits_for_answers(stage, monkeypatch):
    stage.call(True)
    monkeypatch.setattr("mir2_swarm.emergency_stop.ANSWER_S", 5.0)
    stage.b.executor.remove_node(stage.gates["robot_2"])  # there, but it does not answer
    released = stage.client.call_async(SetBool.Request(data=False))
    stage.wait(stand=False, robots=ROBOTS[:2])
    stopped = stage.client.call_async(SetBool.Request(data=True))
    stage.wait(stand=True, robots=ROBOTS[:2])
    stage.b.spin_until(lambda: released.done() and stopped.done(), "both are answered")
    assert not released.result().success
    assert "robot_2" in stopped.result().message
    stage.stays(stand=True, robots=ROBOTS[:2])


def test_a_gate_says_when_the_button_is_gone_and_when_it_is_back(stage, monkeypatch, capfd):
    monkeypatch.setattr("mir2_swarm.gate.STOP_NODE_GRACE_S", 0.5)
    stage.call(True)
    stage.kill(stage.button)
    heard = ""

    def says(text):
        nonlocal heard
        heard += "".join(capfd.readouterr())
        return text in heard

    stage.b.spin_until(lambda: says("no emergency-stop node for"), "the gate misses the button")
    assert says("the robot still holds the emergency stop")
    stage.stays(stand=True)
    stage.start_button()
    stage.b.spin_until(lambda: says("the emergency-stop node is back"), "the gate sees it again")
