"""Crazyflies in real PyBullet physics: they fly as told, and the air does to them what it should."""

from typing import Any

import numpy as np
import pytest
from mir2_core.robots import CRAZYFLIE, EPUCK2, TURTLEBOT3_BURGER
from mir2_core.types import FloatArray
from mir2_sim.pybullet_world import PyBulletWorld
from mir2_sim.robots.crazyflie.air import Air
from mir2_sim.robots.crazyflie.controller import Motion
from mir2_sim.robots.crazyflie.parameters import CF2X, GRAVITY_MPS2

from tests.sim.conftest import MakeWorld

CENTRE = (1.0, 1.0, 0.0)
WEIGHT_N = CF2X.mass_kg * GRAVITY_MPS2
LEVEL = np.eye(3)[:, :, None]


def heights_m(world: PyBulletWorld) -> FloatArray:
    return np.array([world.client.getBasePositionAndOrientation(robot.body)[0][2] for robot in world.robots])


def at(place: tuple[float, float, float], velocity: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Motion:
    """One drone, level."""
    moves = np.array(velocity)[:, None]
    return Motion(np.array(place)[:, None], moves, moves, np.zeros((3, 1)), LEVEL)


def test_a_drone_hovers_at_its_height_where_it_is(make_world: MakeWorld) -> None:
    world = make_world([CENTRE, (0.5, 0.5, 2.0)], models=[CRAZYFLIE, CRAZYFLIE.at(1.2)])
    for _ in range(50):
        world.step(np.zeros((2, 2)), 0.1)
        np.testing.assert_allclose(heights_m(world), [0.5, 1.2], atol=0.001)
    np.testing.assert_allclose(world.poses(), [CENTRE, (0.5, 0.5, 2.0)], atol=0.001)


@pytest.mark.parametrize("heading_rad", [0.0, 2.0, -3.0])
@pytest.mark.parametrize("v_mps", [0.12, 0.5, -0.1])
def test_it_flies_ahead_as_fast_as_told(make_world: MakeWorld, heading_rad: float, v_mps: float) -> None:
    world = make_world([(2.0, 2.0, heading_rad)], 4.0, models=CRAZYFLIE)
    world.step([[v_mps, 0.0]], 3.0)
    np.testing.assert_allclose(world.velocities(), [[v_mps, 0.0]], rtol=0.05, atol=0.002)
    ahead = np.array([np.cos(heading_rad), np.sin(heading_rad)])
    gone_m = world.poses()[0, :2] - 2.0
    assert gone_m @ ahead == pytest.approx(v_mps * (3.0 - 0.23), rel=0.06), "it lags by its velocity controller"
    assert abs(gone_m @ [-ahead[1], ahead[0]]) < 0.01
    assert heights_m(world)[0] == pytest.approx(0.5, abs=0.005)


@pytest.mark.parametrize("omega_radps", [3.0, -1.0])
def test_it_turns_in_place(make_world: MakeWorld, omega_radps: float) -> None:
    world = make_world([CENTRE], models=CRAZYFLIE)
    turned_rad, before_rad = 0.0, 0.0
    for _ in range(40):
        world.step([[0.0, omega_radps]], 0.1)
        now_rad = world.poses()[0, 2]
        turned_rad += (now_rad - before_rad + np.pi) % (2.0 * np.pi) - np.pi
        before_rad = now_rad
    assert turned_rad == pytest.approx(4.0 * omega_radps, rel=0.02)
    assert np.linalg.norm(world.poses()[0, :2] - 1.0) < 0.005


def test_it_flies_an_arc_of_the_radius_that_was_asked_for(make_world: MakeWorld) -> None:
    world = make_world([(2.0, 1.0, 0.0)], 4.0, models=CRAZYFLIE)
    world.step([[0.15, 0.5]], 3.0)
    path = []
    for _ in range(126):
        world.step([[0.15, 0.5]], 0.1)
        path.append(world.poses()[0, :2])
    middle = np.mean(path, axis=0)
    radii_m = np.linalg.norm(np.array(path) - middle, axis=-1)
    assert radii_m.mean() == pytest.approx(0.3, rel=0.08)
    assert np.ptp(radii_m) < 0.02


def test_what_is_too_fast_is_scaled_down_on_its_curve(make_world: MakeWorld) -> None:
    world = make_world([CENTRE, (0.5, 0.5, 0.0)], models=CRAZYFLIE)
    applied = world.step([[1.0, 2.0], [0.1, 0.3]], 0.1)
    assert applied[0, 0] / applied[0, 1] == pytest.approx(0.5)
    assert CRAZYFLIE.speed_scale(*applied[0]) == pytest.approx(1.0)
    assert max(CRAZYFLIE.wheels(*applied[0])) == pytest.approx(CRAZYFLIE.max_wheel_radps)
    np.testing.assert_array_equal(applied[1], [0.1, 0.3])


def test_rotors_give_the_thrust_and_torque_that_is_wanted_as_far_as_they_can() -> None:
    air, high = Air(CF2X), at((0.0, 0.0, 50.0))
    torque_nm = np.array([1e-4, -2e-4, 5e-5])[:, None]
    rotors_n = air.thrusts_n(np.array([WEIGHT_N]), torque_nm)
    force_n, torque_got_nm = air.wrench_b(rotors_n, high)
    np.testing.assert_allclose(force_n[:, 0], [0.0, 0.0, WEIGHT_N], atol=1e-9, rtol=1e-6)
    np.testing.assert_allclose(torque_got_nm, torque_nm, rtol=1e-5)
    most_n, _ = air.wrench_b(air.thrusts_n(np.array([9.0]), 0.0 * torque_nm), high)
    assert most_n[2, 0] == pytest.approx(2.25 * WEIGHT_N, rel=1e-4)
    least_n, _ = air.wrench_b(air.thrusts_n(np.array([-1.0]), 0.0 * torque_nm), high)
    assert least_n[2, 0] == 0.0


def test_hovering_takes_the_published_rotor_speed() -> None:
    rotor_rpm = np.sqrt(Air(CF2X).thrusts_n(np.array([WEIGHT_N]), np.zeros((3, 1))) / CF2X.thrust_n_per_rpm2)
    np.testing.assert_allclose(rotor_rpm, 14476.0, rtol=1e-3)


def test_the_ground_carries_and_the_air_brakes() -> None:
    air = Air(CF2X)
    rotors_n = air.thrusts_n(np.array([WEIGHT_N]), np.zeros((3, 1)))

    def lift(height_m: float) -> float:
        return float(air.wrench_b(rotors_n, at((0.0, 0.0, height_m)))[0][2, 0]) / WEIGHT_N - 1.0

    assert 0.0 < lift(1.0) < 0.001
    assert lift(0.1) == pytest.approx(CF2X.ground_effect * (CF2X.rotor_radius_m / 0.4) ** 2)
    assert lift(0.02) == lift(0.001) == pytest.approx(4.0 / 15.0)
    drag_n = air.wrench_b(rotors_n, at((0.0, 0.0, 9.0), (0.5, 0.0, 0.0)))[0][0, 0]
    assert drag_n == pytest.approx(-9.1785e-7 * 0.5 * 4 * 14476.0 * 2 * np.pi / 60, rel=1e-3)


def test_the_downwash_presses_on_what_is_below_and_on_nothing_else(make_world: MakeWorld) -> None:
    air = Air(CF2X)
    places = np.array([[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0], [1.7, 0.7, 0.6, 0.5]])
    pressed_n = air.downwash_n(places)
    alone_n = 2267.18 * (0.0231348 / 4.0) ** 2
    np.testing.assert_allclose(pressed_n, [0.0, alone_n, alone_n / 1.1**2, 0.0], rtol=1e-6, atol=1e-9)
    world = make_world([CENTRE, CENTRE], models=[CRAZYFLIE, CRAZYFLIE.at(1.5)])
    world.step(np.zeros((2, 2)), 0.25)
    lower_m, upper_m = heights_m(world)
    assert 0.5 - lower_m > 5.0 * abs(upper_m - 1.5) > 0.0
    world.step(np.zeros((2, 2)), 8.0)
    np.testing.assert_allclose(heights_m(world), [0.5, 1.5], atol=0.02)


def test_a_drone_that_was_turned_over_switches_its_motors_off(make_world: MakeWorld) -> None:
    world = make_world([CENTRE, (0.5, 0.5, 0.0)], models=CRAZYFLIE)
    upside_down = world.client.getQuaternionFromEuler([np.pi, 0.0, 0.0])
    world.client.resetBasePositionAndOrientation(world.robots[0].body, [1.0, 1.0, 0.5], upside_down)
    for _ in range(20):
        applied = world.step([[0.1, 0.0], [0.1, 0.0]], 0.1)
    np.testing.assert_array_equal(applied, [[0.0, 0.0], [0.1, 0.0]])
    lying_m, flying_m = heights_m(world)
    assert 0.0 < lying_m < 0.07
    assert flying_m == pytest.approx(0.5, abs=0.005)


def test_a_net_keeps_what_flies_inside(make_world: MakeWorld) -> None:
    world = make_world([(1.5, 1.0, 0.0), (1.0, 1.0, 0.0)], models=[CRAZYFLIE, EPUCK2])
    assert world.wall_contacts() == set()
    touched: set[int] = set()
    for _ in range(40):
        world.step([[0.3, 0.0], [0.0, 0.0]], 0.1)
        touched |= world.wall_contacts()
    assert touched == {0}
    assert world.poses()[0, 0] < 1.95


def test_drones_that_fly_into_each_other_touch(make_world: MakeWorld) -> None:
    world = make_world([(0.8, 1.0, 0.0), (1.2, 1.0, np.pi)], models=CRAZYFLIE)
    met: set[Any] = set()
    for _ in range(20):
        world.step([[0.2, 0.0]] * 2, 0.1)
        met |= world.contacts()
    assert met == {(0, 1)}


def mixed_flight(make_world: MakeWorld, seed: int) -> FloatArray:
    starts = [(0.4, 0.4, 0.0), (1.0, 1.0, 1.0), (1.6, 0.4, 2.0), (0.42, 0.4, 0.0), (1.6, 1.6, 3.0)]
    models = [EPUCK2, TURTLEBOT3_BURGER, EPUCK2, CRAZYFLIE, CRAZYFLIE.at(1.1)]
    world, rng = make_world(starts, models=models), np.random.default_rng(seed)
    path = []
    for _ in range(40):
        world.step(rng.uniform([-0.15, -3.0], [0.15, 3.0], (5, 2)), 0.1)
        path.append(np.concatenate([world.poses().ravel(), heights_m(world), *world.proximity()]))
    return np.array(path)


def test_mixed_teams_repeat_bit_for_bit(make_world: MakeWorld) -> None:
    first = mixed_flight(make_world, 1)
    np.testing.assert_array_equal(first, mixed_flight(make_world, 1))
    assert not np.array_equal(first, mixed_flight(make_world, 2))
