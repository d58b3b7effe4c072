"""Proximity sensors in PyBullet against the same sensors in the plane."""

from dataclasses import replace

import numpy as np
import pytest
from mir2_core.robots.epuck2 import EPUCK2
from mir2_core.senses import ranges_to

from tests.sim.conftest import MakeWorld

RANGE_M = EPUCK2.proximity[0].range_m
QUIET = replace(EPUCK2, proximity=tuple(replace(sensor, noise_m=0.0) for sensor in EPUCK2.proximity))


@pytest.mark.parametrize("heading_rad", [0.0, 2.0, -1.0])
@pytest.mark.parametrize("index", range(8))
def test_a_robot_before_a_sensor_is_seen_by_it(make_world: MakeWorld, index: int, heading_rad: float) -> None:
    bearing_rad = heading_rad + EPUCK2.proximity[index].bearing_rad
    other = 1.0 + 0.1 * np.array([np.cos(bearing_rad), np.sin(bearing_rad)])
    world = make_world([(1.0, 1.0, heading_rad), (*other, 0.0)], models=QUIET)
    seen = world.proximity()[0]
    assert seen[index] == pytest.approx(0.03, abs=5e-4)
    expected = ranges_to(EPUCK2, 0.1 * np.array([np.cos(bearing_rad - heading_rad), np.sin(bearing_rad - heading_rad)]))
    surely = expected < RANGE_M - 0.02  # the others see it at a grazing angle
    np.testing.assert_allclose(seen[surely], expected[surely], atol=1e-3)


def test_own_body_is_not_seen_and_free_floor_is_silent(make_world: MakeWorld) -> None:
    world = make_world([(1.0, 1.0, 0.3), (1.0, 1.3, 0.0)])
    assert [ranges.tolist() for ranges in world.proximity()] == [[np.inf] * 8] * 2


@pytest.mark.parametrize("heading_rad", [0.0, np.pi / 2, np.pi, -np.pi / 2])
def test_a_wall_is_seen(make_world: MakeWorld, heading_rad: float) -> None:
    place = 1.0 + 0.945 * np.array([np.cos(heading_rad), np.sin(heading_rad)])
    (ranges,) = make_world([(*place, heading_rad)], models=QUIET).proximity()
    straight_m = 0.055 - 0.035 * np.cos(np.radians(15))
    assert ranges[[0, 7]] == pytest.approx([straight_m / np.cos(np.radians(15))] * 2, abs=2e-3)
    assert np.isinf(ranges[[3, 4]]).all()


def test_noise_is_that_of_the_model_and_repeats_with_the_seed(make_world: MakeWorld) -> None:
    def readings(seed: int) -> np.ndarray:
        world = make_world([(1.0, 1.0, 0.0), (1.0, 1.1, 0.0)], seed=seed)
        taken = []
        for _ in range(100):
            world.step(np.zeros((2, 2)), 1.0 / 240.0)
            taken.append(world.proximity()[0][5])
        return np.array(taken)

    first = readings(1)
    np.testing.assert_array_equal(first, readings(1))
    assert not np.array_equal(first, readings(2))
    assert first.mean() == pytest.approx(0.03, abs=1e-3)
    assert 0.0005 < first.std() < 0.002


def test_looking_twice_shows_the_same_and_disturbs_nothing(make_world: MakeWorld) -> None:
    poses = [(1.0, 1.0, 0.0), (1.1, 1.0, 1.0)]
    looking, blind = make_world(poses), make_world(poses)
    for _ in range(5):
        for seen, again in zip(looking.proximity(), looking.proximity(), strict=True):
            np.testing.assert_array_equal(seen, again)
        looking.step([[0.05, 1.0], [-0.05, 0.0]], 0.1)
        blind.step([[0.05, 1.0], [-0.05, 0.0]], 0.1)
    np.testing.assert_array_equal(looking.poses(), blind.poses())


def test_each_robot_has_the_sensors_of_its_own_model(make_world: MakeWorld) -> None:
    none, two = replace(QUIET, proximity=()), replace(QUIET, proximity=QUIET.proximity[:2])
    world = make_world([(0.5, 0.5, 0.0), (1.0, 1.0, 0.0), (1.1, 1.0, 0.0)], models=[none, two, QUIET])
    assert [len(ranges) for ranges in world.proximity()] == [0, 2, 8]
    assert world.proximity()[1][0] < RANGE_M
