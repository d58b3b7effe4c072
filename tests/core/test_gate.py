import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mir2_core.gate import CommandGate, GateLimits, Reason
from mir2_core.robots import ROBOTS, robot_model
from mir2_core.types import Command, RobotState

LIMITS = GateLimits(arena_m=2.0, period_s=0.1, command_timeout_s=0.5, state_timeout_s=0.5)
EPUCK2 = robot_model("epuck2")
MIDDLE = RobotState(10.0, 1.0, 1.0, 0.0)
anything = st.floats(allow_nan=True, allow_infinity=True)
speed = st.floats(-1.0, 1.0)
turn = st.floats(-20.0, 20.0)


def gate(kind: str = "epuck2") -> CommandGate:
    return CommandGate(robot_model(kind), LIMITS)


def settled(command: Command, state: RobotState, **kwargs):
    """The decision once acceleration plays no part any more."""
    g = gate()
    for _ in range(30):
        decision = g.step(command.stamp_s, command, state, **kwargs)
    return decision


def test_a_reasonable_command_passes_unchanged():
    decision = settled(Command(10.0, 0.05, 0.5), MIDDLE)
    assert decision.reason == Reason.PASS
    assert (decision.command.v_mps, decision.command.omega_radps) == (0.05, 0.5)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("field", ["v_mps", "omega_radps", "stamp_s"])
def test_a_command_that_is_not_finite_stops(bad, field):
    values = {"stamp_s": 10.0, "v_mps": 0.1, "omega_radps": 0.1, field: bad}
    decision = gate().step(10.0, Command(**values), MIDDLE)
    assert (decision.command.v_mps, decision.command.omega_radps) == (0.0, 0.0)
    assert decision.reason == Reason.NON_FINITE


def test_emergency_stop_comes_before_age():
    decision = gate().step(99.0, Command(10.0, 0.1, 0.0), MIDDLE, emergency_stop=True)
    assert decision.reason == Reason.EMERGENCY_STOP
    assert decision.command.v_mps == 0.0


@pytest.mark.parametrize(
    ("command", "state", "reason"),
    [
        (None, MIDDLE, Reason.COMMAND_AGE),
        (Command(9.4, 0.1, 0.0), MIDDLE, Reason.COMMAND_AGE),
        (Command(10.6, 0.1, 0.0), MIDDLE, Reason.COMMAND_AGE),
        (Command(10.0, 0.1, 0.0), None, Reason.STATE_AGE),
        (Command(10.0, 0.1, 0.0), RobotState(9.4, 1.0, 1.0, 0.0), Reason.STATE_AGE),
    ],
)
def test_old_missing_and_future_information_stops(command, state, reason):
    decision = gate().step(10.0, command, state)
    assert decision.reason == reason
    assert (decision.command.v_mps, decision.command.omega_radps) == (0.0, 0.0)


def test_the_fence_stops_driving_out_but_not_turning_away():
    at_wall = RobotState(10.0, 2.0 - 0.045, 1.0, 0.0)
    decision = settled(Command(10.0, 0.1, 1.0), at_wall)
    assert decision.reason == Reason.FENCE
    assert decision.command.v_mps == pytest.approx(0.0, abs=1e-12)
    assert decision.command.omega_radps == 1.0
    assert settled(Command(10.0, -0.1, 0.0), at_wall).reason == Reason.PASS


def test_a_neighbour_ahead_stops_and_one_behind_does_not():
    ahead, behind = RobotState(10.0, 1.08, 1.0, 0.0), RobotState(10.0, 0.92, 1.0, 0.0)
    assert settled(Command(10.0, 0.1, 0.0), MIDDLE, neighbours=[ahead]).reason == Reason.NEIGHBOUR
    assert settled(Command(10.0, 0.1, 0.0), MIDDLE, neighbours=[behind]).reason == Reason.PASS


def test_a_point_robot_knows_neither_fence_nor_neighbour():
    g = gate("epuck2_point")
    at_wall = RobotState(10.0, 2.0, 1.0, 0.0)
    decision = g.step(10.0, Command(10.0, 0.15, 0.0), at_wall, [RobotState(10.0, 2.0, 1.0, 0.0)])
    assert decision.reason == Reason.PASS


def test_too_fast_keeps_the_curvature():
    decision = settled(Command(10.0, 1.0, 4.0), MIDDLE)
    assert decision.reason == Reason.SPEED
    assert decision.command.omega_radps / decision.command.v_mps == pytest.approx(4.0)
    wheels = EPUCK2.wheels(decision.command.v_mps, decision.command.omega_radps)
    assert max(map(abs, wheels)) == pytest.approx(EPUCK2.max_wheel_radps)


def test_a_full_reversal_takes_more_than_one_period():
    g = gate()
    for _ in range(30):
        g.step(10.0, Command(10.0, 0.138, 0.0), MIDDLE)
    decision = g.step(10.0, Command(10.0, -0.138, 0.0), MIDDLE)
    assert decision.reason == Reason.ACCELERATION
    assert -0.138 < decision.command.v_mps < 0.138


@given(v=anything, omega=anything, x=anything, y=anything, heading=anything, stamp=anything)
def test_whatever_comes_in_a_finite_reachable_command_goes_out(v, omega, x, y, heading, stamp):
    g = gate()
    for _ in range(3):
        decision = g.step(10.0, Command(stamp, v, omega), RobotState(10.0, x, y, heading))
        assert decision.command.is_finite()
        wheels = EPUCK2.wheels(decision.command.v_mps, decision.command.omega_radps)
        assert max(map(abs, wheels)) <= EPUCK2.max_wheel_radps * (1 + 1e-6)


@given(commands=st.lists(st.tuples(speed, turn), min_size=1, max_size=20), kind=st.sampled_from(sorted(ROBOTS)))
def test_wheels_never_accelerate_beyond_the_model(commands, kind):
    g, model, last = gate(kind), robot_model(kind), (0.0, 0.0)
    for v, omega in commands:
        decision = g.step(10.0, Command(10.0, v, omega), MIDDLE)
        wheels = model.wheels(decision.command.v_mps, decision.command.omega_radps)
        for now, was in zip(wheels, last, strict=True):
            assert abs(now - was) <= model.max_wheel_radps2 * LIMITS.period_s * (1 + 1e-6) + 1e-9
        last = wheels


@given(v=speed, omega=turn, x=st.floats(0.05, 1.95), y=st.floats(0.05, 1.95), heading=st.floats(0, 6.28))
def test_one_period_never_crosses_the_fence(v, omega, x, y, heading):
    decision = settled(Command(10.0, v, omega), RobotState(10.0, x, y, heading))
    for position, direction in ((x, math.cos(heading)), (y, math.sin(heading))):
        moved = position + decision.command.v_mps * direction * LIMITS.period_s
        assert 0.045 - 1e-9 <= moved <= 1.955 + 1e-9
