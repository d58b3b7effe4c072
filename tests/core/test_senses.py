"""What proximity sensors say of robot-sized bodies around, whatever the noise."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mir2_core.robots import EPUCK2, EPUCK2_POINT
from mir2_core.senses import NOISES, ranges_to, ranges_to_walls, senses_of

TOUCHING_M = 2.0 * EPUCK2.radius_m
NOISE_M = EPUCK2.proximity[0].noise_m
SENSES = senses_of(EPUCK2)
NOTHING = [math.inf] * 8
bearings = st.floats(-math.pi, math.pi)


def place(bearing_rad: float, gap_m: float) -> tuple[float, float]:
    distance_m = TOUCHING_M + gap_m
    return distance_m * math.cos(bearing_rad), distance_m * math.sin(bearing_rad)


def read(seed: int, *bodies: tuple[float, float]) -> np.ndarray:
    """What the sensors read, noise included, with bodies at these places."""
    ranges_m = np.min([ranges_to(EPUCK2, body) for body in bodies], axis=0)
    noise = np.clip(np.random.default_rng(seed).standard_normal(8), -NOISES, NOISES)
    return np.where(ranges_m < 0.06, ranges_m + NOISE_M * noise, math.inf)


def test_the_sensors_are_those_of_the_robot():
    degrees = [round(math.degrees(sensor.bearing_rad)) for sensor in EPUCK2.proximity]
    assert degrees == [-15, -45, -90, -150, 150, 90, 45, 15]
    assert [sensor.name for sensor in EPUCK2.proximity] == [f"ps{i}" for i in range(8)]
    assert EPUCK2_POINT.proximity == ()


@pytest.mark.parametrize("index", range(8))
def test_a_body_before_a_sensor_is_read_at_its_distance(index):
    ranges_m = ranges_to(EPUCK2, place(EPUCK2.proximity[index].bearing_rad, 0.03))
    assert ranges_m[index] == pytest.approx(0.03)
    assert ranges_m.argmin() == index


@given(bearing_rad=bearings, gap_m=st.floats(0.0, 0.045))
def test_no_direction_is_blind(bearing_rad, gap_m):
    assert ranges_to(EPUCK2, place(bearing_rad, gap_m)).min() < 0.06


@given(bearing_rad=bearings, gap_m=st.floats(0.0, 0.08), seed=st.integers(0, 1000))
def test_who_says_where_it_is_is_never_contradicted(bearing_rad, gap_m, seed):
    honest = place(bearing_rad, gap_m)
    assert not SENSES.contradict(SENSES.look(read(seed, honest)), honest)


@given(x_m=st.floats(allow_nan=True, allow_infinity=True), y_m=st.floats(allow_nan=True, allow_infinity=True))
def test_free_floor_contradicts_every_claim_that_is_near(x_m, y_m):
    contradicted = SENSES.contradict(SENSES.look(NOTHING), (x_m, y_m))
    distance_m = math.hypot(x_m, y_m)
    assert contradicted or distance_m > TOUCHING_M + 0.037
    assert not (contradicted and TOUCHING_M + 0.06 < distance_m < math.inf)


def test_a_claim_behind_another_body_is_not_contradicted_but_one_beside_it_is():
    view = SENSES.look(read(0, place(0.0, 0.01)))
    assert not SENSES.contradict(view, place(0.0, 0.03))
    assert SENSES.contradict(view, place(math.pi / 2, 0.01))


def test_silent_sensors_contradict_nobody():
    assert not SENSES.contradict(SENSES.look([math.nan] * 8), place(0.0, 0.01))
    assert len(SENSES.look([math.nan] * 8).echoes) == 0
    one_silent = SENSES.look([math.nan, *NOTHING[1:]])
    assert SENSES.contradict(one_silent, place(math.pi, 0.01))


@given(
    bearing_rad=bearings, gap_m=st.floats(0.0, 0.045), seed=st.integers(0, 1000), other_rad=bearings,
    other_m=st.floats(0.0, 0.06),
)  # fmt: skip
def test_nothing_seen_is_farther_than_it_is(bearing_rad, gap_m, seed, other_rad, other_m):
    view = SENSES.look(read(seed, place(bearing_rad, gap_m), place(other_rad, other_m)))
    assert SENSES.way_m(view, (bearing_rad, bearing_rad)) <= gap_m + 1e-9


@given(gap_m=st.floats(0.009, 0.05), seed=st.integers(0, 1000))
def test_a_body_to_the_side_leaves_the_way_ahead_open(gap_m, seed):
    view = SENSES.look(read(seed, place(math.pi / 2, gap_m)))
    assert SENSES.way_m(view, (0.0, 0.0)) > 0.03


def test_a_claim_that_explains_an_echo_says_where_the_body_is():
    there = place(0.2, 0.012)
    view = SENSES.look(read(3, there))
    assert SENSES.way_m(view, (0.0, 0.0)) < 0.02
    assert SENSES.way_m(view, (0.0, 0.0), SENSES.explained(view, [there])) == math.inf
    others = SENSES.explained(view, [place(0.2, 0.03), place(1.2, 0.012)])
    assert SENSES.way_m(view, (0.0, 0.0), others) < 0.02


def test_what_no_robot_could_look_like_counts_as_right_before_its_sensor():
    view = SENSES.look([0.02, *NOTHING[1:]])
    assert view.echoes.sum() == 1
    assert SENSES.way_m(view, (math.radians(-15),) * 2) == pytest.approx(0.02, abs=2e-3)


@pytest.mark.parametrize("reading", [-1.0, 0.0, -math.inf])
def test_a_reading_below_zero_is_touching(reading):
    view = SENSES.look([reading, *NOTHING[1:]])
    assert SENSES.way_m(view, (math.radians(-15),) * 2) == pytest.approx(0.0, abs=1e-3)


def test_a_kind_without_sensors_sees_nothing():
    blind = replace(EPUCK2, proximity=())
    view = senses_of(blind).look([])
    assert not senses_of(blind).contradict(view, (0.08, 0.0))


@pytest.mark.parametrize("heading_rad", [0.0, 1.0, -2.5, math.pi / 2])
def test_known_walls_are_no_echo_and_do_not_hide_what_stands_before_them(heading_rad):
    pose = (0.05, 1.0, heading_rad)
    walls_m = ranges_to_walls(EPUCK2, pose, 2.0)
    assert walls_m.min() == pytest.approx(0.015, abs=0.006)
    assert len(SENSES.look(walls_m, walls_m).echoes) == 0
    body = place(math.pi / 2 - heading_rad, 0.012)  # along the wall
    both_m = np.minimum(np.where(ranges_to(EPUCK2, body) < 0.06, ranges_to(EPUCK2, body), math.inf), walls_m)
    towards_rad = math.pi / 2 - heading_rad
    assert SENSES.way_m(SENSES.look(both_m, walls_m), (towards_rad, towards_rad)) <= 0.012


def test_far_walls_are_not_seen():
    assert np.isinf(ranges_to_walls(EPUCK2, (1.0, 1.0, 0.3), 2.0)).all()
