"""Returns of a deterministic policy."""

from collections.abc import Callable
from typing import Any

import numpy as np
from mir2_core.tasks import Rendezvous
from mir2_core.tasks.geometry import Array
from numpy.typing import NDArray

Act = Callable[[Array], Array]  # observations (B, N, O) -> actions (B, N, A)


def episode_returns(task: Rendezvous, act: Act, episodes: int, seed: int) -> NDArray[np.float64]:
    """Undiscounted return of each episode; a team that has gathered earns nothing more, as nothing follows."""
    poses = task.asarray(task.reset(np.random.default_rng(seed), episodes))
    total, going = 0.0 * poses[:, 0, 0], poses[:, 0, 0] >= 0.0
    for _ in range(task.params.horizon):
        actions = act(task.observe(poses))
        poses = task.step(poses, actions)
        total = total + task.reward(poses, actions) * going
        going = going & ~task.gathered(poses, task.velocities(poses, actions))
    return np.asarray(total.tolist(), dtype=np.float64)


def summary(returns: NDArray[np.float64], seed: int) -> dict[str, Any]:
    """Mean return, its standard error, and how it was measured."""
    return {
        "return_mean": round(float(returns.mean()), 4),
        "return_standard_error": round(float(returns.std(ddof=1) / np.sqrt(len(returns))), 4),
        "episodes": len(returns),
        "seed": seed,
    }
