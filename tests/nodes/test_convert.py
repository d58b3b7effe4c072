import math

import numpy as np
from builtin_interfaces.msg import Time
from hypothesis import given
from hypothesis import strategies as st
from mir2_core.allies import Presence
from mir2_core.cross_check import MOST_REPORTS
from mir2_core.cross_check import Hearsay as Told
from mir2_core.suspicion import Opinion
from mir2_core.traitors.schedule import FOREVER, FaultSpec
from mir2_core.types import Command, RobotState
from mir2_interfaces.msg import AllyArray, AllyStatus, HeardReports, Hearsay
from mir2_swarm.convert import (
    seconds,
    stamp,
    to_command,
    to_fault_array,
    to_faults,
    to_hearsay,
    to_hearsay_message,
    to_odometry,
    to_opinions,
    to_state,
    to_twist_stamped,
)

time_s = st.one_of(st.floats(0, 1e4), st.floats(1.7e9, 2.1e9))
number = st.floats(-1e3, 1e3)


@given(time_s=time_s)
def test_stamps_survive_the_round_trip(time_s):
    once = seconds(stamp(time_s))
    assert abs(once - time_s) < 1e-6
    assert seconds(stamp(once)) == once
    assert 0 <= stamp(time_s).nanosec < 10**9


@given(st.integers(-(2**31), 2**31 - 1), st.integers(0, 2**32 - 1))
def test_no_stamp_that_a_message_can_hold_is_too_much(sec, nanosec):
    again = stamp(seconds(Time(sec=sec, nanosec=nanosec)))
    assert -(2**31) <= again.sec < 2**31
    assert 0 <= again.nanosec < 10**9


def test_reasons_that_nobody_could_have_refused_for_are_no_opinion():
    status = AllyStatus(robot="a", presence=2, refusal_reasons=["future", "x" * 1000], refusal_counts=[3, 4])
    strangers = [AllyStatus(robot="nobody", presence=2), AllyStatus(robot="b", presence=77)]
    assert to_opinions(AllyArray(allies=[status, *strangers]), ["a", "b"]) == [
        ("a", Opinion(Presence.PRESENT, {"future": 3}))
    ]


columns = st.lists(st.floats(width=32), max_size=MOST_REPORTS + 2)


@given(st.lists(st.floats(), max_size=3), columns, columns, columns)
def test_whatever_hearsay_holds_is_harmless(stamp_s, x_m, y_m, heading_rad):
    reports = HeardReports(robot="a", stamp_s=stamp_s, x_m=x_m, y_m=y_m, heading_rad=heading_rad)
    stranger = HeardReports(robot="nobody", stamp_s=stamp_s)
    told = to_hearsay(Hearsay(allies=[reports, stranger], two_faced=["b", "nobody"]), ["a", "b"])
    assert told.two_faced == {"b"}
    assert set(told.heard) <= {"a"}
    assert all(rows.shape == (len(rows), 4) and len(rows) <= MOST_REPORTS for rows in told.heard.values())


def test_hearsay_survives_the_round_trip():
    rows = np.array([[1.5, 0.25, 0.5, 6.0], [2.0, 1.0, 0.75, -1.0]])
    told = to_hearsay(to_hearsay_message("c", Told(3.0, {"a": rows, "b": rows[:1]}, {"b"})), ["a", "b"])
    assert (told.time_s, told.two_faced) == (3.0, {"b"})
    np.testing.assert_array_equal(told.heard["a"], rows)
    np.testing.assert_array_equal(told.heard["b"], rows[:1])


@given(time_s=time_s, x=number, y=number, heading=st.floats(0, 2 * math.pi, exclude_max=True), v=number, omega=number)
def test_states_survive_the_round_trip(time_s, x, y, heading, v, omega):
    back = to_state(to_odometry(RobotState(seconds(stamp(time_s)), x, y, heading, v, omega), "robot_0"))
    assert (back.stamp_s, back.x_m, back.y_m, back.v_mps, back.omega_radps) == (seconds(stamp(time_s)), x, y, v, omega)
    assert math.isclose(math.cos(back.heading_rad - heading), 1.0, abs_tol=1e-12)


@given(v=number, omega=number)
def test_commands_survive_the_round_trip(v, omega):
    message = to_twist_stamped(Command(3.5, v, omega), "robot_0")
    assert to_command(message) == Command(3.5, v, omega)
    assert message.header.frame_id == "robot_0/base_link"


def test_faults_survive_the_round_trip():
    faults = [
        FaultSpec("stop", "robot_0", 5.0, 8.5),
        FaultSpec("offset", "robot_1", 6.25, FOREVER, "{x_m: 1}", False, True),
    ]
    message = to_fault_array(faults, 6.0)
    assert to_faults(message) == faults
    assert seconds(message.header.stamp) == 6.0
    assert [fault.active for fault in message.faults] == [True, False]
    assert to_faults(to_fault_array([], 0.0)) == []
