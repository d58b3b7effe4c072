"""Robots with bodies behind their gates, in real physics, when reports may say anything."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from mir2_core.gate import CommandGate, GateLimits
from mir2_core.robots.epuck2 import EPUCK2
from mir2_core.types import Command, Echo, FloatArray, RobotState
from mir2_sim.pybullet_world import PyBulletWorld

LIMITS = GateLimits(arena_m=2.0, period_s=0.1, command_timeout_s=0.5, state_timeout_s=0.5)
Lie = Callable[[FloatArray, int], tuple[float, float]]  # poses and listener: where the others claim to be


def elsewhere(poses: FloatArray, listener: int) -> tuple[float, float]:
    return (0.3, 1.7)


def on_top(poses: FloatArray, listener: int) -> tuple[float, float]:
    x_m, y_m, heading_rad = poses[listener].tolist()
    return x_m + 0.072 * math.cos(heading_rad), y_m + 0.072 * math.sin(heading_rad)


def drive(world: PyBulletWorld, wanted: Callable[[FloatArray], FloatArray], lie: Lie, steps: int) -> float:
    """Drive everybody through a gate; the nearest that two robots came, and nobody may have touched."""
    gates = [CommandGate(EPUCK2, LIMITS) for _ in world.robots]
    nearest_m = math.inf
    for step in range(steps):
        now_s, poses = 0.1 * step, world.poses()
        twists = []
        for i, (v_mps, omega_radps) in enumerate(wanted(poses).tolist()):
            claims = [RobotState(now_s, *lie(poses, i), 0.0)] * (len(poses) - 1)
            echoes = [Echo(now_s, range_m) for range_m in world.proximity()[i].tolist()]
            own, asked = RobotState(now_s, *poses[i].tolist()), Command(now_s, v_mps, omega_radps)
            command = gates[i].step(now_s, asked, own, claims, echoes).command
            twists.append((command.v_mps, command.omega_radps))
        world.step(twists, 0.1)
        assert world.contacts() == set()
        places = world.poses()[:, :2]
        apart_m = np.hypot(*(places[:, None] - places).transpose(2, 0, 1)) + 9.0 * np.eye(len(places))
        nearest_m = min(nearest_m, float(apart_m.min()))
    return nearest_m


@pytest.mark.parametrize("lie", [elsewhere, on_top])
@pytest.mark.parametrize("seed", range(4))
def test_two_that_drive_at_each_other_never_touch(lie: Lie, seed: int) -> None:
    rng = np.random.default_rng(seed)
    bearing_rad, off_m = rng.uniform(-math.pi, math.pi), rng.uniform(-0.04, 0.04)
    ahead, left = (
        np.array([math.cos(bearing_rad), math.sin(bearing_rad)]),
        (-math.sin(bearing_rad), math.cos(bearing_rad)),
    )
    other = 1.0 + 0.35 * ahead + off_m * np.array(left)
    way = (0.138, -0.138)[seed % 2]  # also backwards
    turned_rad = bearing_rad if way > 0 else bearing_rad + math.pi
    with PyBulletWorld([(1.0, 1.0, turned_rad), (*other, bearing_rad + math.pi)], 2.0, seed=seed) as world:
        assert drive(world, lambda _: np.array([(way, 0.0), (0.138, 0.0)]), lie, 50) < 0.1


@pytest.mark.parametrize("bearing_rad", [0.3, 2.1, -1.6])
def test_one_that_claims_to_be_elsewhere_runs_into_nobody(bearing_rad: float) -> None:
    def chase(poses: FloatArray) -> FloatArray:
        dx, dy = poses[0, :2] - poses[1, :2]
        off_rad = math.remainder(math.atan2(dy, dx) - poses[1, 2], math.tau)
        return np.array([(0.05, 0.4), (0.138 * max(0.0, math.cos(off_rad)), 6.0 * off_rad)])

    start = 1.0 + 0.3 * np.array([math.cos(bearing_rad), math.sin(bearing_rad)])
    with PyBulletWorld([(1.0, 1.0, 0.0), (*start, 0.0)], 2.0) as world:
        assert drive(world, chase, elsewhere, 80) < 0.09


def test_a_robot_that_a_liar_stands_on_goes_on() -> None:
    with PyBulletWorld([(0.5, 1.0, 0.0), (1.7, 1.7, 0.0)], 2.0) as world:
        drive(world, lambda _: np.array([(0.1, 0.0), (0.0, 0.0)]), on_top, 50)
        assert world.poses()[0, 0] > 0.95


@pytest.mark.parametrize("lie", [elsewhere, on_top])
@pytest.mark.parametrize("v_mps", [0.138, -0.138])
def test_two_that_meet_along_a_wall_never_touch(lie: Lie, v_mps: float) -> None:
    turned_rad = 0.0 if v_mps > 0 else math.pi
    with PyBulletWorld([(0.5, 0.046, turned_rad), (0.85, 0.05, math.pi)], 2.0) as world:
        assert drive(world, lambda _: np.array([(v_mps, 0.0), (0.138, 0.0)]), lie, 50) < 0.1


@pytest.mark.parametrize("v_mps", [0.12, -0.12])
def test_a_wall_beside_a_robot_does_not_hold_it_up(v_mps: float) -> None:
    with PyBulletWorld([(1.0, 0.045, 0.0), (1.0, 1.5, 0.0)], 2.0) as world:
        drive(world, lambda _: np.array([(v_mps, 0.0), (0.0, 0.0)]), elsewhere, 50)
        assert abs(world.poses()[0, 0] - 1.0) > 0.55
