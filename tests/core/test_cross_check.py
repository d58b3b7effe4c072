import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mir2_core.allies import TrustSettings
from mir2_core.cross_check import MEMORY_S, MOST_REPORTS, CrossCheck, Hearsay
from mir2_core.robots.epuck2 import EPUCK2
from mir2_core.types import RobotState

SUSPECT = "a"


def checks(count: int, traitors: int) -> dict[str, CrossCheck]:
    """The cross-checks of all robots but the suspect."""
    names = [SUSPECT, *(f"r{k}" for k in range(1, count))]
    trust = TrustSettings(traitors=traitors)
    return {own: CrossCheck([name for name in names if name != own], EPUCK2, trust) for own in names[1:]}


def told(check: CrossCheck, x_m: float, stamp_s: float = 0.0) -> None:
    check.hear(SUSPECT, RobotState(stamp_s, x_m, 1.0, 0.0))


def exchange(robots: dict[str, CrossCheck]) -> None:
    said = {name: check.hearsay(0.0) for name, check in robots.items()}
    for own, check in robots.items():
        for witness in said.keys() - {own}:
            check.listen(witness, said[witness])
        check.judge(0.0)


def believing(robots: dict[str, CrossCheck]) -> set[str]:
    return {name for name, check in robots.items() if SUSPECT not in check.two_faced}


team = st.integers(0, 3).flatmap(
    lambda traitors: st.tuples(st.just(traitors), st.integers(max(2, 3 * traitors + 1), 3 * traitors + 5))
)
anything = st.builds(
    lambda places, found: Hearsay(0.0, {SUSPECT: np.array(places)}, {SUSPECT} if found else set()),
    st.lists(st.tuples(*[st.floats(allow_nan=True)] * 4), min_size=1, max_size=3),
    st.booleans(),
)


@settings(max_examples=200)
@given(st.data(), team)
def test_all_that_go_on_believing_have_heard_the_same_and_no_honest_ally_is_found_two_faced(data, team):
    traitors, count = team
    robots = checks(count, traitors)
    is_honest = traitors == 0 or data.draw(st.booleans(), "the suspect is honest")
    liars = data.draw(st.sets(st.sampled_from(list(robots)), max_size=traitors if is_honest else traitors - 1))
    honest = {name: check for name, check in robots.items() if name not in liars}
    heard = {name: 0.0 if is_honest else data.draw(st.sampled_from([0.0, 0.5, 1.0])) for name in honest}
    for name, check in honest.items():
        told(check, heard[name])
    for _ in range(2):
        exchange(honest)
        for check in honest.values():
            for liar in liars:
                check.listen(liar, data.draw(anything))
            check.judge(0.0)
    assert len({heard[name] for name in believing(honest)}) <= 1
    if is_honest:
        assert believing(honest) == set(honest)


def test_a_robot_that_divides_the_team_is_found_by_all_and_stays_found():
    robots = checks(4, 1)
    for k, check in enumerate(robots.values()):
        told(check, 0.1 * k)
    exchange(robots)
    assert not believing(robots)
    assert all(check.judge(100.0) == [] for check in robots.values())
    assert not believing(robots)


def test_telling_different_robots_at_different_times_does_not_help():
    robots = checks(7, 2)
    for k, check in enumerate(robots.values()):
        for step in range(10):
            told(check, 0.3 * k, -0.1 * step - 0.01 * k)
    exchange(robots)
    assert not believing(robots)


def test_a_robot_that_drives_as_fast_as_it_can_contradicts_itself_nowhere():
    robots = checks(4, 0)
    for k, check in enumerate(robots.values()):
        for step in range(-10, 1):
            stamp_s = 0.1 * step + 0.02 * k
            check.hear(SUSPECT, RobotState(stamp_s, 1.0 + EPUCK2.max_v_mps * stamp_s, 1.0, math.tau - 0.01 * k))
    exchange(robots)
    assert believing(robots) == set(robots)


def test_among_three_robots_nobody_can_be_found():
    robots = checks(3, 1)
    for k, check in enumerate(robots.values()):
        told(check, 0.5 * k)
    exchange(robots)
    assert believing(robots) == set(robots)


def test_a_person_readmits_and_what_the_others_said_before_is_forgotten():
    robots = checks(4, 1)
    for k, check in enumerate(robots.values()):
        told(check, 0.5 * k)
    exchange(robots)
    check = robots["r1"]
    check.readmit(SUSPECT)
    assert check.judge(1.0) == []
    assert check.judge(MEMORY_S) == []
    for witness in ("r2", "r3"):
        check.listen(witness, Hearsay(5.5, {}, {SUSPECT}))
    assert check.judge(6.0) == [SUSPECT], "that they find it so again counts"


@pytest.mark.parametrize("time_s", [-1e9, 1e9, math.nan])
def test_hearsay_of_another_time_counts_for_nothing(time_s):
    check = checks(4, 1)["r1"]
    for witness in ("r2", "r3"):
        check.listen(witness, Hearsay(time_s, {}, {SUSPECT}))
    assert check.judge(10.0) == []


def test_what_is_remembered_is_bounded_and_told_once():
    check = checks(4, 1)["r1"]
    for step in range(10 * MOST_REPORTS):
        told(check, 0.0, 0.1 * step)
    assert 10 <= len(check.hearsay(0.1 * (10 * MOST_REPORTS - 1)).heard[SUSPECT]) <= 16
