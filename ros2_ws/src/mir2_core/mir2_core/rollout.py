"""An episode inside one process, with the very arithmetic of the robots: each robot acts on its own observation."""

from dataclasses import dataclass

import numpy as np

from mir2_core.bundle import PolicyBundle
from mir2_core.tasks import Rendezvous
from mir2_core.types import FloatArray


@dataclass(frozen=True)
class Trajectory:
    """T steps of N robots: `poses` (T + 1, N, 3), `actions` (T, N, 2) and the shared `rewards` (T,)."""

    poses: FloatArray
    actions: FloatArray
    rewards: FloatArray


def rollout(task: Rendezvous, policy: PolicyBundle, start_poses: FloatArray, steps: int) -> Trajectory:
    """Run `steps` control steps from `start_poses` (N, 3), also beyond the task's own end."""
    poses = [start_poses[None]]
    actions: list[FloatArray] = []
    rewards: list[float] = []
    for _ in range(steps):
        observations = task.observe(poses[-1])[0]
        action = np.stack([policy.act(row[None])[0] for row in observations]).astype(np.float64)
        poses.append(task.step(poses[-1], action[None]))
        actions.append(action)
        rewards.append(float(task.reward(poses[-1], action[None])[0]))
    return Trajectory(np.concatenate(poses), np.stack(actions), np.array(rewards))
