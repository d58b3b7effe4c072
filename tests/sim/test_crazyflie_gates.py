"""Crazyflies behind their gates, in real physics, all of which want to be where the others are."""

import math

import numpy as np
import pytest
from mir2_core.gate import CommandGate, GateLimits
from mir2_core.robots import CRAZYFLIE
from mir2_core.start_poses import non_overlapping_poses
from mir2_core.types import FloatArray

from tests.sim.conftest import MakeWorld
from tests.sim.honest_gates import let_through

LIMITS = GateLimits(arena_m=2.0, period_s=0.1, command_timeout_s=0.5, state_timeout_s=0.5)
DRONES, SECONDS, PARTS = 10, 12.0, 4
FIRST, SECOND = np.triu_indices(DRONES, 1)


def toward_the_others(poses: FloatArray, own: int, v_mps: float) -> tuple[float, float]:
    """Body velocity of a drone that flies at the centroid of the others."""
    east_m, north_m = np.delete(poses[:, :2], own, axis=0).mean(axis=0) - poses[own, :2]
    off_rad = math.remainder(math.atan2(north_m, east_m) - poses[own, 2], math.tau)
    return v_mps * max(0.0, math.cos(off_rad)), 3.0 * off_rad


@pytest.mark.parametrize(("v_mps", "seed"), [(0.15, 0), (0.5, 1)])
def test_a_crowd_of_drones_comes_together_and_nobody_touches(make_world: MakeWorld, v_mps: float, seed: int) -> None:
    starts = non_overlapping_poses(np.random.default_rng(seed), DRONES, LIMITS.arena_m, 0.18)
    world = make_world(starts, models=CRAZYFLIE)
    gates = [CommandGate(CRAZYFLIE, LIMITS) for _ in range(DRONES)]
    nearest_m = math.inf
    for step in range(round(SECONDS / LIMITS.period_s)):
        now_s, poses = LIMITS.period_s * step, world.poses()
        asked = np.array([toward_the_others(poses, i, v_mps) for i in range(DRONES)])
        twists = let_through(gates, now_s, poses, asked)
        for _ in range(PARTS):
            world.step(twists, LIMITS.period_s / PARTS)
            places = world.poses()[:, :2]
            nearest_m = min(nearest_m, float(np.linalg.norm(places[FIRST] - places[SECOND], axis=-1).min()))
            assert world.contacts() == set()
    assert nearest_m - 2.0 * CRAZYFLIE.radius_m > 0.005
    gathered_m = np.linalg.norm(world.poses()[:, :2] - world.poses()[:, :2].mean(axis=0), axis=-1)
    assert gathered_m.max() < 0.6
