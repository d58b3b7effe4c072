"""Returns of a deterministic policy."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from mir2_core.disturbance import Disturbance
from mir2_core.rollout import play
from mir2_core.tasks import Task
from mir2_core.tasks.geometry import Array
from mir2_sim.disturbed import Disturbed
from numpy.typing import NDArray

SELECTION_SEED = 10_001  # of the episodes by which a run chooses its best policy: the same each time
FINAL_SEED = 20_002  # of the episodes that are used for nothing but the figure that is reported

Act = Callable[[Array], Array]  # observations (B, N, O) -> actions (B, N, A)


def episode_returns(
    task: Task, act: Act, episodes: int, seed: int, *, disturbance: Disturbance | None = None
) -> NDArray[np.float64]:
    """Undiscounted return of each episode; a team that is done earns nothing more, as nothing follows.

    What a team is worth depends on where its robots are and on what they ask for, not on what they know and get.
    """
    rng = np.random.default_rng(seed)
    starts = task.asarray(task.reset(rng, episodes))
    total = 0.0 * starts[:, 0, 0]
    if disturbance is None or disturbance.off:
        played = play(task, lambda _, state: act(task.observe(state)), starts, task.params.horizon)
    else:
        disturbed, new = Disturbed(disturbance, task, rng), total == 0.0
        played = play(
            task,
            lambda step, state: act(disturbed.heard(state, new & (step == 0)).observed(task)),
            starts,
            task.params.horizon,
            lambda step, actions: disturbed.moves(actions, new & (step == 0)),
        )
    for step in played:
        total = total + step.reward * step.going
    return np.asarray(total.tolist(), dtype=np.float64)


def team_returns(
    task: Task, act: Act, teams: Sequence[int], episodes: int, seed: int
) -> dict[int, NDArray[np.float64]]:
    """The same for teams of several sizes."""
    return {robots: episode_returns(task.of_size(robots), act, episodes, seed) for robots in teams}


def summary(returns: NDArray[np.float64], seed: int) -> dict[str, Any]:
    """Mean return, its standard error, and how it was measured."""
    return mean_and_error("return", returns) | {"episodes": len(returns), "seed": seed}


def summaries(returns: Mapping[int, NDArray[np.float64]], seed: int) -> dict[str, Any]:
    """The summary of the first team size, and those of all where there are several."""
    each = {str(robots): summary(values, seed) for robots, values in returns.items()}
    first = next(iter(each.values()))
    return first | {"teams": each} if len(each) > 1 else first


def mean_and_error(name: str, values: NDArray[np.float64]) -> dict[str, float]:
    """Mean of one value an episode and its standard error, to four places."""
    error = float(values.std(ddof=1) / np.sqrt(len(values)))
    return {f"{name}_mean": round(float(values.mean()), 4), f"{name}_standard_error": round(error, 4)}
