"""The team that the launch file starts meets although its robots have bodies."""

from pathlib import Path

import numpy as np
import pytest
from mir2_core.bundle import PolicyBundle
from mir2_core.gate import CommandGate, GateLimits
from mir2_core.recorder import met_within_m, pair_distances
from mir2_core.roster import Roster
from mir2_core.start_poses import start_poses
from mir2_core.tasks import on_floor
from mir2_sim.pybullet_world import PyBulletWorld

from tests.sim.honest_gates import let_through

ROOT = Path(__file__).parents[2]
LIMITS = GateLimits(arena_m=2.0, period_s=0.1, command_timeout_s=0.5, state_timeout_s=0.5)


@pytest.mark.parametrize("seed", [10, 11])
def test_the_shipped_team_packs_behind_its_gates(seed: int) -> None:
    roster = Roster.load(ROOT / "ros2_ws/src/mir2_swarm/config/rendezvous.yaml")
    policy = PolicyBundle.load(ROOT / f"policies/zoo/{roster.policy}.onnx")
    task = on_floor(policy.task(), roster.policy).of_size(len(roster.robots))
    models = [robot.model for robot in roster.robots]
    gates = [CommandGate(model, LIMITS) for model in models]
    with PyBulletWorld(start_poses(roster, task, seed), roster.arena.size_m, models=models, seed=seed) as world:
        for step in range(300):
            now_s, poses = 0.1 * step, world.poses()
            actions = policy.act(task.observe(poses[None])[0]).astype(np.float64)
            asked = np.stack(task.action_to_twist(actions), axis=-1)
            world.step(let_through(gates, now_s, poses, asked, world.proximity()), 0.1)
        assert world.contacts() == set()
        assert pair_distances(world.poses())[1] <= met_within_m(models)
