import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mir2_core.allies import Presence, TrustSettings, Verdict
from mir2_core.listener import Heard, Listener
from mir2_core.robots.epuck2 import EPUCK2
from mir2_core.types import RobotState

NAMES = ["a", "b", "c", "d"]
OWN = RobotState(0.0, 0.1, 0.1, 0.5)


def listener(**settings):
    return Listener(NAMES, "b", model=EPUCK2, arena_m=2.0, period_s=0.1, settings=TrustSettings(**settings))


def hear(ears, ally, state, arrived_s, own):
    return ears.hear({ally: Heard(arrived_s, state)}, own)[ally]


def test_the_team_is_in_order_and_an_absent_ally_is_where_the_others_are_on_average():
    ears = listener()
    hear(ears, "a", RobotState(0.0, 0.4, 1.0, 1.0), 0.0, OWN)
    hear(ears, "d", RobotState(0.0, 0.8, 0.6, 2.0), 0.0, OWN)
    team = ears.team(OWN, 0.05)
    assert team.present.tolist() == [True, True, False, True]
    np.testing.assert_allclose(team.poses, [[0.4, 1.0, 1.0], OWN.pose, [0.6, 0.8, 0.5], [0.8, 0.6, 2.0]])
    assert [state.pose for state in ears.states(0.05).values()] == [(0.4, 1.0, 1.0), (0.8, 0.6, 2.0)]


def test_alone_a_robot_takes_its_own_place_for_the_others():
    team = listener().team(OWN, 0.0)
    np.testing.assert_allclose(team.poses, [OWN.pose] * 4)
    assert team.present.tolist() == [False, True, False, False]


def test_refusals_are_counted_by_name_and_reason():
    ears = listener()
    hear(ears, "a", RobotState(0.0, 0.4, 1.0, 1.0), 0.0, OWN)
    assert hear(ears, "a", RobotState(0.1, math.nan, 1.0, 1.0), 0.1, OWN) == Verdict.NON_FINITE
    assert hear(ears, "a", RobotState(0.2, 1e9, 1.0, 1.0), 0.2, OWN) == Verdict.OUTSIDE
    assert hear(ears, "c", RobotState(9.0, 1.0, 1.0, 1.0), 0.2, OWN) == Verdict.FUTURE
    assert ears.refused == {"a": {"non_finite": 1, "outside": 1}, "c": {"future": 1}, "d": {}}
    assert ears.presence(0.2) == {"a": Presence.COASTING, "c": Presence.ABSENT, "d": Presence.ABSENT}


@pytest.mark.parametrize("own", [None, OWN])
def test_a_robot_that_does_not_know_where_it_is_still_listens(own):
    ears = listener()
    assert hear(ears, "a", RobotState(0.0, 0.4, 1.0, 1.0), 0.0, own) == Verdict.BELIEVED


reports = st.builds(
    RobotState, st.floats(0.0, 1.0), *[st.floats(-0.5, 2.5)] * 2, st.floats(-3.0, 3.0), st.floats(-1.0, 1.0)
)


@given(st.lists(st.tuples(*[st.none() | reports] * 3), min_size=1, max_size=6))
def test_what_comes_at_once_is_judged_as_one_after_another(rounds):
    together, apart = listener(), listener()
    for k, row in enumerate(rounds):
        heard = {ally: Heard(0.2 * k, each) for ally, each in zip("acd", row, strict=True) if each is not None}
        if not heard:
            continue
        assert together.hear(heard, OWN) == {
            ally: hear(apart, ally, state, now_s, OWN) for ally, (now_s, state) in heard.items()
        }
        assert together.refused == apart.refused
        assert together.states(0.2 * k) == apart.states(0.2 * k)
