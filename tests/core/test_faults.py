import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mir2_core.errors import UserError
from mir2_core.faults import FAULTS, FOREVER, FaultContext, FaultHistory, FaultSchedule, FaultSpec, parse_faults
from mir2_core.robots import robot_model
from mir2_core.types import Command, RobotState

MODEL = robot_model("epuck2")
ROBOTS = ["robot_0", "robot_1", "robot_3"]
POLICY = Command(5.0, 0.05, 0.3)
HERE = RobotState(5.0, 1.0, 1.0, 0.0)
OTHERS = [RobotState(5.0, 0.5, 1.0, 0.0), RobotState(5.0, 0.6, 1.0, 0.0)]


def context(**changes):
    values = {"now_s": 5.0, "step": 0, "policy": POLICY, "state": HERE, "others": OTHERS}
    return FaultContext(**{**values, **changes})


def test_stop_and_reverse():
    assert FAULTS["stop"](MODEL, [0]).command(context()) == Command(5.0, 0.0, 0.0)
    assert FAULTS["reverse"](MODEL, [0]).command(context()) == Command(5.0, -0.05, -0.3)


def test_freeze_holds_the_command_of_the_beginning():
    fault = FAULTS["freeze"](MODEL, [0])
    fault.command(context())
    assert fault.command(context(now_s=6.0, policy=Command(6.0, -0.1, 0.0))) == Command(6.0, 0.05, 0.3)


def test_random_depends_on_seed_and_step_alone():
    one, again, other = (
        FAULTS["random"](MODEL, [1, 2]),
        FAULTS["random"](MODEL, [1, 2]),
        FAULTS["random"](MODEL, [1, 3]),
    )
    assert one.command(context(step=7)) == again.command(context(step=7))
    assert one.command(context(step=7)) != one.command(context(step=8))
    assert one.command(context(step=7)) != other.command(context(step=7))


def test_flee_increases_the_distance_to_the_others():
    fault = FAULTS["flee"](MODEL, [0])
    x, y, heading = 1.0, 1.0, 2.5
    for _ in range(100):
        command = fault.command(context(state=RobotState(5.0, x, y, heading)))
        x += 0.1 * command.v_mps * math.cos(heading)
        y += 0.1 * command.v_mps * math.sin(heading)
        heading += 0.1 * command.omega_radps
    assert x > 1.8


@given(kind=st.sampled_from(sorted(FAULTS)), step=st.integers(0, 10**6), heading=st.floats(-10, 10))
def test_every_fault_stays_within_what_the_robot_can_do(kind, step, heading):
    command = FAULTS[kind](MODEL, [3]).command(context(step=step, state=RobotState(5.0, 1.0, 1.0, heading)))
    assert MODEL.speed_scale(command.v_mps, command.omega_radps) == pytest.approx(1.0)


def test_faults_without_knowledge_stand_still():
    for fault in (FAULTS["reverse"], FAULTS["freeze"], FAULTS["flee"]):
        command = fault(MODEL, [0]).command(context(policy=None, state=None, others=[]))
        assert (command.v_mps, command.omega_radps) == (0.0, 0.0)


def test_launch_line():
    assert parse_faults("", ROBOTS) == []
    assert parse_faults("random@robot_0:5", ROBOTS) == [FaultSpec("random", "robot_0", 5.0)]
    assert parse_faults("stop@robot_1:0:2.5, flee@robot_3:1", ROBOTS) == [
        FaultSpec("stop", "robot_1", 0.0, 2.5),
        FaultSpec("flee", "robot_3", 1.0, FOREVER),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("randm@robot_0:5", ["randm", "random"]),
        ("random@robot_9:5", ["robot_9", "robot_0"]),
        ("random@robot_0:-5", ["-5", "0 to 86400"]),
        ("random@robot_0:5:-1", ["-1", "0 to 86400"]),
        ("random@robot_0:1e12", ["1e12", "0 to 86400"]),
        ("random@robot_0:nan", ["nan"]),
        ("random@robot_0", ["kind@robot:start_s"]),
        ("random@robot_0:1,stop@robot_0:2", ["already has a fault"]),
    ],
)
def test_launch_line_mistakes_are_named(text, words):
    with pytest.raises(UserError) as error:
        parse_faults(text, ROBOTS)
    assert all(word in str(error.value) for word in words)


def test_schedule_replaces_expires_and_clears():
    schedule = FaultSchedule()
    schedule.inject(FaultSpec("stop", "robot_0", 0.0, 1.0))
    schedule.inject(FaultSpec("flee", "robot_0", 0.0, 2.0))
    schedule.inject(FaultSpec("stop", "robot_1", 0.0))
    assert [spec.kind for spec in schedule] == ["flee", "stop"]
    assert [spec.robot for spec in schedule.expire(2.0)] == ["robot_0"]
    assert schedule.clear("robot_0") == []
    assert [spec.robot for spec in schedule.clear()] == ["robot_1"]


def test_history_remembers_who_was_compromised():
    history = FaultHistory()
    history.update(0.0, [("robot_0", "stop", 5.0, 8.0), ("robot_1", "flee", 6.0, 0.0)])
    history.update(7.0, [("robot_0", "stop", 5.0, 8.0)])
    history.update(9.0, [])
    assert history.compromised_at(4.9) == set()
    assert history.compromised_at(6.5) == {"robot_0", "robot_1"}
    assert history.compromised_at(7.5) == {"robot_0"}
    assert history.compromised_at(8.5) == set()
