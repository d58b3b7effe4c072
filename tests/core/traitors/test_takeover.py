"""One robot under a fault does what the same traitor does in a batch."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mir2_core.allies import AllyTracker, Reports, TrustSettings, Verdict
from mir2_core.robots import EPUCK2, EPUCK2_POINT
from mir2_core.traitors import ACTS, FAULTS
from mir2_core.traitors.takeover import Takeover
from mir2_core.traitors.traitor import Deed
from mir2_core.types import Command, RobotState

from tests.core.traitors.situations import ARRAYS, situation

each_act = pytest.mark.parametrize("kind", ACTS)
POLICY = Command(5.0, 0.05, 0.3)
STATES = [RobotState(5.0, 0.5, 1.0 + 0.1 * index, 0.7 * index) for index in range(5)]


def takeover(kind, body=EPUCK2, index=1, seed=3):
    return Takeover(FAULTS[kind], ARRAYS, body, index, seed)


def states_at(poses):
    return [RobotState(5.0, *map(float, pose)) for pose in poses]


@each_act
def test_equals_a_row_of_the_batch(kind):
    batch = situation(robots=(1,), step=7, seed=3)
    alone = takeover(kind, body=EPUCK2_POINT)
    for age, step in ((1, 6), (0, 7)):
        moment = batch.memory.ago(age)
        policy = Command(5.0, *map(float, ARRAYS.action_to_twist(moment.wanted[0, 0])))
        command = alone.command(5.0, step, policy, states_at(moment.poses[0]))
    wanted = ARRAYS.action_to_twist(ACTS[kind](batch).actions[0, 0])
    np.testing.assert_allclose((command.v_mps, command.omega_radps), wanted, atol=1e-12)


def test_a_plausible_liar_says_what_a_tracker_believes():
    def far(situation):
        return Deed(reported=situation.constant([2.0, 0.0, 3.0]), plausible=True)

    liar = Takeover(far, ARRAYS, EPUCK2_POINT, 1, 0)
    tracker = AllyTracker(np, EPUCK2_POINT, 2.0, 0.1, TrustSettings())
    beliefs = tracker.nobody(np.zeros(1))
    places = []
    for step in range(200):
        (told,) = liar.reports(step, [replace(state, stamp_s=5.0 + 0.1 * step) for state in STATES])
        report = told.state
        heard = Reports(np.array([True]), np.array([report.stamp_s]), np.array([report.pose]), np.zeros((1, 2)))
        beliefs, verdicts = tracker.hear(beliefs, heard, report.stamp_s, np.zeros(3))
        assert verdicts == [Verdict.BELIEVED]
        places.append(report.pose)
    np.testing.assert_allclose(places[0], STATES[1].pose)
    np.testing.assert_allclose(places[-1], (2.0, 0.0, 3.0), atol=1e-6)


def test_one_that_is_silent_says_nothing():
    def silent(situation):
        return Deed(silent=situation.constant([0.0])[..., 0] >= situation.step % 2)

    mute = Takeover(silent, ARRAYS, EPUCK2_POINT, 1, 0)
    assert [len(mute.reports(step, STATES)) for step in range(4)] == [0, 1, 0, 1]


def test_stop_and_reverse():
    assert takeover("stop").command(5.0, 0, POLICY, STATES) == Command(5.0, 0.0, 0.0)
    command = takeover("reverse").command(6.0, 0, POLICY, STATES)
    assert (command.stamp_s, command.v_mps, command.omega_radps) == pytest.approx((6.0, -0.05, -0.3))


def test_freeze_holds_the_command_of_the_beginning():
    fault = takeover("freeze")
    for step in range(300):
        command = fault.command(5.0 + step, step, Command(5.0 + step, 0.05 - 1e-4 * step, 0.3), STATES)
        assert (command.stamp_s, command.v_mps, command.omega_radps) == pytest.approx((5.0 + step, 0.05, 0.3))


def test_random_depends_on_seed_robot_and_step_alone():
    def drawn(step=7, **changes):
        return takeover("random", **changes).command(5.0, step, None, [None] * 5)

    assert drawn() == drawn()
    assert len({drawn(), drawn(step=8), drawn(index=2), drawn(seed=4)}) == 4


@given(kind=st.sampled_from(sorted(ACTS)), step=st.integers(0, 10**6), heading=st.floats(-10, 10))
def test_every_fault_stays_within_what_the_robot_can_do(kind, step, heading):
    states = [*STATES[:1], RobotState(5.0, 1.0, 1.0, heading), *STATES[2:]]
    command = takeover(kind).command(5.0, step, POLICY, states)
    assert EPUCK2.speed_scale(command.v_mps, command.omega_radps) == pytest.approx(1.0)


@each_act
def test_without_knowledge_it_stands_unless_it_needs_none(kind):
    command = takeover(kind).command(5.0, 0, None, [None] * 5)
    assert command.stamp_s == 5.0
    assert (math.hypot(command.v_mps, command.omega_radps) > 0.0) == (kind in ("random", "circle"))


@each_act
def test_a_command_does_not_depend_on_messages_that_repeat(kind):
    once, twice = takeover(kind), takeover(kind)
    for step in range(3):
        policy = Command(5.0 + 0.1 * step, 0.01 * step, 0.3)
        twice.command(5.0, step, POLICY, STATES)
        assert once.command(5.0, step, policy, STATES) == twice.command(5.0, step, policy, STATES)


def told(kind, steps=1, x_m=1.0):
    """What is reported in each of the first steps by a robot that drives along x."""
    fault = takeover(kind)
    for step in range(steps):
        states = [RobotState(5.0 + 0.1 * step, x_m + 0.01 * step, 1.0, 0.5, 0.1, 0.0)] * 5
        reports = fault.reports(step, states)
        assert all(told.listener is None for told in reports)
        yield [told.state for told in reports]


def test_reports_carry_the_stamp_and_the_twist_of_the_truth():
    ((report,),) = told("offset")
    assert report == RobotState(5.0, 1.3, 1.0, 0.5, 0.1, 0.0)
    (nothing,) = told("silence")
    assert nothing == []
    ((report,),) = told("nan")
    assert report.stamp_s == 5.0
    assert not report.is_finite()
    ((report,),) = told("future")
    assert report == RobotState(3605.0, 1.0, 1.0, 0.5, 0.1, 0.0)
    (flood,) = told("flood")
    assert flood == [RobotState(5.0, 1.0, 1.0, 0.5, 0.1, 0.0)] * 50
    assert takeover("offset").reports(0, [None] * 5) == []


def test_late_reports_tell_what_was_true_at_their_stamps():
    first, second, third, *later = told("delayed", steps=6)
    assert first == second == third == []
    for step, (report,) in enumerate(later):
        assert (report.stamp_s, report.x_m) == pytest.approx((5.0 + 0.1 * step, 1.0 + 0.01 * step))


def test_a_two_faced_traitor_of_several_tells_each_ally_another_place_in_its_own_part():
    def traitor(situation):
        assert situation.robots == [3, 1]
        reported = np.arange(2 * 5 * 3, dtype=float).reshape(1, 2, 5, 3)
        return Deed(np.array([[[0.1, 0.1], [0.5, 0.5]]]), reported)

    fault = Takeover(traitor, ARRAYS, EPUCK2, 1, 0, robots=[3, 1])
    told = fault.reports(0, STATES)
    assert [each.listener for each in told] == [0, 2, 3, 4]
    assert [each.state.x_m for each in told] == [15.0, 21.0, 24.0, 27.0]
    assert {each.state.stamp_s for each in told} == {5.0}
    command = fault.command(5.0, 0, None, STATES)
    assert (command.v_mps, command.omega_radps) == pytest.approx((0.5 * EPUCK2.max_v_mps, 0.0))


def test_frozen_reports_hold_the_pose_of_the_beginning_with_stamps_of_now():
    for step, (report,) in enumerate(told("frozen", steps=4)):
        assert (report.stamp_s, report.x_m) == pytest.approx((5.0 + 0.1 * step, 1.0))
