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
    """The cross-checks of all robots but the suspect, which have been at work since before time 0."""
    names = [SUSPECT, *(f"r{k}" for k in range(1, count))]
    trust = TrustSettings(traitors=traitors)
    made = {own: CrossCheck({name: EPUCK2 for name in names if name != own}, trust) for own in names[1:]}
    for check in made.values():
        check.judge(-2.0, ())
    return made


def told(check: CrossCheck, x_m: float, stamp_s: float = 0.0) -> None:
    check.hear(SUSPECT, RobotState(stamp_s, x_m, 1.0, 0.0))


def judge(check: CrossCheck, time_s: float) -> list[str]:
    return check.judge(time_s, check.allies)


def exchange(robots: dict[str, CrossCheck], time_s: float = 0.0) -> None:
    said = {name: check.hearsay(time_s) for name, check in robots.items()}
    for own, check in robots.items():
        for witness in said.keys() - {own}:
            check.listen(witness, said[witness])
        judge(check, time_s)


def believing(robots: dict[str, CrossCheck]) -> set[str]:
    return {name for name, check in robots.items() if SUSPECT not in check.two_faced}


def accusing(time_s: float) -> Hearsay:
    return Hearsay(time_s, {}, {SUSPECT})


team = st.integers(0, 3).flatmap(
    lambda traitors: st.tuples(st.just(traitors), st.integers(max(2, 3 * traitors + 1), 3 * traitors + 5))
)


def anything(time_s: float) -> st.SearchStrategy[Hearsay]:
    places = st.lists(st.tuples(*[st.floats(allow_nan=True)] * 4), min_size=1, max_size=3)
    return st.builds(
        lambda places, found: Hearsay(time_s, {SUSPECT: np.array(places)}, {SUSPECT} if found else set()),
        places,
        st.booleans(),
    )


@settings(max_examples=100)
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
    for time_s in (0.0, 1.0):
        for check in honest.values():
            for liar in liars:
                check.listen(liar, data.draw(anything(time_s)))
        exchange(honest, time_s)
    assert len({heard[name] for name in believing(honest)}) <= 1
    if is_honest:
        assert believing(honest) == set(honest)


@settings(max_examples=100)
@given(st.integers(0, 2**32 - 1), st.integers(0, 3))
def test_nobody_is_convicted_by_those_who_speak_in_the_names_of_others(seed, traitors):
    draw = np.random.default_rng(seed)
    robots = checks(3 * traitors + 1 + int(draw.integers(1, 5)), traitors)
    liars = set(draw.choice(list(robots), traitors, replace=False))
    honest = {name: check for name, check in robots.items() if name not in liars}
    for check in honest.values():
        told(check, 0.0)

    def lie(time_s):
        places = draw.uniform(-3.0, 3.0, (int(draw.integers(0, 3)), 4))
        of_s = time_s + float(draw.integers(-1, 3))
        return Hearsay(of_s, {SUSPECT: places}, {SUSPECT} if draw.random() < 0.5 else set())

    for time_s in (0.0, 1.0, 2.0):
        said = {name: check.hearsay(time_s) for name, check in honest.items()}
        for own, check in honest.items():
            lies = [(name, lie(time_s)) for name in draw.choice(check.allies, 3 * len(robots))]
            voices = [*lies, *((name, true) for name, true in said.items() if name != own)]
            for index in draw.permutation(len(voices)):
                check.listen(*voices[index])
            judge(check, time_s)
    assert believing(honest) == set(honest)


def test_two_voices_in_one_name_count_for_nothing_and_are_named():
    check = checks(4, 1)["r1"]
    for witness in ("r2", "r3"):
        check.listen(witness, accusing(0.0))
        check.listen(witness, accusing(0.0))
    check.listen("r3", Hearsay(0.0, {}, ()))
    check.listen("r3", accusing(0.0))
    assert judge(check, 0.0) == []
    assert check.two_voices == {"r3"}, "what is said twice is said once"
    for time_s in (1.0, 2.0, 3.0):
        check.listen("r2", accusing(time_s))
        check.listen("r3", accusing(time_s))
        assert judge(check, time_s) == [], "for as long as it is remembered"
        assert not check.two_voices
    check.listen("r2", accusing(4.0))
    check.listen("r3", accusing(4.0))
    assert judge(check, 4.0) == [SUSPECT]


def test_in_the_names_of_robots_that_are_not_there_nobody_can_testify():
    check = checks(4, 1)["r1"]
    for witness in ("r2", "r3"):
        check.listen(witness, accusing(0.0))
    assert check.judge(0.0, ["r2"]) == []
    assert check.judge(1.0, ["r2", "r3"]) == [SUSPECT]


@pytest.mark.parametrize("before_s", [-math.inf, -6.0, 3.0], ids=["new", "paused", "clock set back"])
def test_what_was_said_while_a_robot_did_not_listen_counts_for_nothing(before_s):
    check = CrossCheck(dict.fromkeys((SUSPECT, "r2", "r3"), EPUCK2), TrustSettings())
    check.judge(before_s, ())
    for time_s in (-1.0, 0.0, 1.0):
        for witness in ("r2", "r3"):
            check.listen(witness, accusing(time_s))
        assert judge(check, time_s) == ([SUSPECT] if time_s == 1.0 else [])


def test_what_is_told_late_or_far_ahead_is_not_kept():
    check = checks(4, 1)["r1"]
    judge(check, 0.0)
    for witness in ("r2", "r3"):
        for time_s in (-0.9, 0.0, 0.9, 1e9, *range(9, 2000)):
            check.listen(witness, accusing(time_s))
    assert all(judge(check, float(time_s)) == [] for time_s in range(1, 4))


def test_a_robot_that_divides_the_team_is_found_by_all_and_stays_found():
    robots = checks(4, 1)
    for k, check in enumerate(robots.values()):
        told(check, 0.1 * k)
    exchange(robots)
    assert not believing(robots)
    assert all(judge(check, 100.0) == [] for check in robots.values())
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
    assert all(judge(check, time_s) == [] for time_s in (1.0, 2.0, 3.0, MEMORY_S))
    for witness in ("r2", "r3"):
        check.listen(witness, accusing(5.5))
    assert judge(check, 5.0) == [SUSPECT], "that they find it so again counts"


@pytest.mark.parametrize("time_s", [-1e9, 1e9, math.nan])
def test_hearsay_of_another_time_counts_for_nothing(time_s):
    check = checks(4, 1)["r1"]
    for witness in ("r2", "r3"):
        check.listen(witness, accusing(time_s))
    assert judge(check, 0.0) == []


def test_what_is_remembered_is_bounded_and_told_once():
    check = checks(4, 1)["r1"]
    for step in range(10 * MOST_REPORTS):
        told(check, 0.0, 0.1 * step)
    assert 10 <= len(check.hearsay(0.1 * (10 * MOST_REPORTS - 1)).heard[SUSPECT]) <= 16
