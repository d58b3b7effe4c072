"""What wheel steps, echoes and readings of the e-puck2 mean."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mir2_core.robots import EPUCK2
from mir2_hardware.epuck2 import units
from mir2_hardware.epuck2.odometry import LONGEST_GAP_S, Odometry, Step, difference

RATE_HZ = 50.0


def wrapped(steps: int) -> int:
    return (steps + 2**15) % 2**16 - 2**15


def drive(odometry, left, right, seconds, begin=(0, 0), start_s=0.0):
    """Drive at speeds in steps/s, with counters that wrap; the counters without wrapping at the end."""
    for k in range(round(seconds * RATE_HZ) + 1):
        counters = begin[0] + round(left * k / RATE_HZ), begin[1] + round(right * k / RATE_HZ)
        assert odometry.update(start_s + k / RATE_HZ, *map(wrapped, counters)) is Step.TAKEN
    return counters


@given(st.integers(-(2**15), 2**15 - 1), st.integers(-(2**15), 2**15 - 1))
def test_the_difference_of_counters_that_wrap_is_the_way(old, way):
    assert difference(wrapped(old + way), old) == way


@pytest.mark.parametrize("begin", [(0, 0), (32700, -32700), (-32768, 32767)])
def test_a_turn_of_both_wheels_is_straight_ahead_wherever_the_counters_stand(begin):
    odometry = Odometry((1.0, 0.5, math.pi / 2))
    drive(odometry, 500, 500, 4.0, begin)
    state = odometry.estimate.state
    assert (state.x_m, state.y_m) == pytest.approx((1.0, 0.5 + 2.0 * math.tau * EPUCK2.wheel_radius_m))
    assert (state.v_mps, state.omega_radps) == pytest.approx((0.5 * math.tau * EPUCK2.wheel_radius_m, 0.0), abs=1e-9)


def test_a_circle_ends_where_it_began():
    odometry = Odometry((0.0, 0.0, 0.0))
    left, right = 300, 600
    _, omega_radps = units.body_velocity(left, right)
    drive(odometry, left, right, math.tau / omega_radps)
    state = odometry.estimate.state
    assert math.hypot(state.x_m, state.y_m) < 0.002
    assert math.remainder(state.heading_rad, math.tau) == pytest.approx(0.0, abs=0.1)
    assert state.omega_radps == pytest.approx(omega_radps, rel=0.02)


def test_covariance_is_that_of_places_and_grows_with_the_way():
    odometry = Odometry((0.0, 0.0, 0.0))
    drive(odometry, 500, 500, 1.0)
    near = odometry.estimate.covariance
    drive(odometry, 500, 500, 30.0, (500, 500), 1.0)
    far = odometry.estimate.covariance
    assert (np.linalg.eigvalsh(far) > 0.0).all()
    assert np.diag(far).min() > np.diag(near).min()
    assert far[1, 1] > far[0, 0], "aside, where the heading is wrong"


def test_a_single_impossible_packet_moves_nobody():
    odometry = Odometry((0.0, 0.0, 0.0))
    drive(odometry, 100, 100, 1.0)
    before = odometry.estimate
    assert odometry.update(1.02, 20000, -7) is Step.IMPOSSIBLE
    assert odometry.estimate.state == before.state
    assert odometry.update(1.04, 104, 104) is Step.TAKEN
    assert odometry.estimate.state.x_m == pytest.approx(104 * units.M_PER_STEP)


@pytest.mark.parametrize("gap_s", [1.0, 5.0])
def test_a_robot_that_was_switched_off_and_on_goes_on_from_where_it_was_but_less_surely(gap_s):
    odometry = Odometry((0.0, 0.0, 0.0))
    drive(odometry, 500, 500, 4.0)
    before = odometry.estimate
    told = [odometry.update(4.0 + gap_s + 0.02 * k, 10 * k, 10 * k) for k in range(5)]
    assert told == [Step.IMPOSSIBLE] * 4 + [Step.BEGUN_ANEW]
    after = odometry.estimate
    assert after.state.pose == before.state.pose
    assert after.state.v_mps == 0.0
    assert after.covariance[0, 0] > before.covariance[0, 0] + 0.005
    assert odometry.update(4.2 + gap_s, 60, 60) is Step.TAKEN


def test_packets_that_come_late_and_at_once_are_believed():
    odometry = Odometry((0.0, 0.0, 0.0))
    drive(odometry, 1100, 1100, 1.0)
    for k in range(1, 41):  # of 0.8 s
        assert odometry.update(1.8, 1100 + 22 * k, 1100 + 22 * k) is Step.TAKEN
    assert odometry.estimate.state.x_m == pytest.approx(1980 * units.M_PER_STEP)


def test_what_was_remembered_goes_on_with_what_the_robot_has_driven_since():
    first, second = Odometry((1.0, 1.0, 0.0)), Odometry((0.0, 0.0, 0.0))
    second.recall(first.remember())
    assert second.estimate is None
    drive(first, 500, 500, 1.0)
    second.recall(first.remember())
    assert second.estimate.state.pose == first.estimate.state.pose
    assert second.update(2.0, 900, 900) is Step.TAKEN
    assert second.estimate.state.x_m == pytest.approx(1.0 + 900 * units.M_PER_STEP)


def test_after_a_gap_in_which_a_counter_may_have_gone_round_it_does_not_guess():
    odometry = Odometry((0.0, 0.0, 0.0))
    odometry.update(0.0, 0, 0)
    told = [odometry.update(LONGEST_GAP_S + 1.0 + 0.02 * k, 5, 5) for k in range(5)]
    assert told[-1] is Step.BEGUN_ANEW


@given(st.floats(-1.0, 1.0), st.floats(-20.0, 20.0))
def test_wheels_never_turn_faster_than_asked_and_keep_the_curve(v_mps, omega_radps):
    left, right = units.wheel_steps(v_mps, omega_radps)
    asked = np.array(EPUCK2.wheels(v_mps, omega_radps)) / units.RAD_PER_STEP
    assert max(abs(left), abs(right)) <= 1100
    assert (np.abs([left, right]) <= np.abs(asked) + 1e-6).all()
    scale = EPUCK2.speed_scale(v_mps, omega_radps)
    assert np.abs(np.array([left, right]) - scale * asked).max() <= 1.0


def test_steps_of_motors_come_at_whole_ticks_of_their_timer():
    assert [units.motor_steps_per_s(asked) for asked in (0, 1000, -1000, 500)] == [0.0, 1000.0, -1000.0, 500.0]
    assert units.motor_steps_per_s(1100) == pytest.approx(1111.1, abs=0.1)
    assert units.motor_steps_per_s(30000) == units.motor_steps_per_s(1100)


@given(st.floats(0.0, 0.059))
def test_an_echo_says_how_far_a_thing_is(distance_m):
    assert units.echo_to_m(units.m_to_echo(distance_m)) == pytest.approx(distance_m, abs=1e-3)


def test_what_is_far_is_no_echo():
    assert units.m_to_echo(math.inf) == 0
    assert units.echo_to_m(0) == units.echo_to_m(units.m_to_echo(0.065)) == math.inf


def test_a_battery_by_the_firmware_s_own_measure():
    assert units.battery_volts(units.LOW_COUNT) == pytest.approx(3.54, abs=0.01)
    assert units.battery_share(3441) == pytest.approx(1.0, abs=0.01)
    assert units.battery_share(units.OFF_COUNT) == 0.0


def test_inertial_sensors_in_the_robot_s_frame():
    assert units.acceleration_mps2((0, 0, 16384)) == pytest.approx((0.0, 0.0, 9.80665))
    assert units.acceleration_mps2((0, 16384, 0)) == pytest.approx((9.80665, 0.0, 0.0))
    assert units.turn_radps((0, 0, 13107)) == pytest.approx((0.0, 0.0, math.radians(100.0)), abs=1e-4)
