"""The training of a team: explore, learn, now and then evaluate."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mir2_sim.batched import BatchedWorld, torch_task
from numpy.typing import NDArray

from mir2_policies.evaluation.returns import FINAL_SEED, SELECTION_SEED, episode_returns, summary
from mir2_policies.learners.config import RunConfig
from mir2_policies.learners.learner import Metrics
from mir2_policies.learners.registry import new_learner
from mir2_policies.learners.replay import Batch
from mir2_policies.training.run import Stateful, TrainingRun


class Trainer(TrainingRun):
    """A run of one algorithm."""

    command = "mir2 train"
    log_every_updates = 100
    remedy = "train again with lower learning rates or another seed"
    larger_is_better = True
    config: RunConfig

    def __init__(self, config: RunConfig, directory: Path, device: str = "cpu") -> None:
        torch.set_num_threads(config.threads)
        rng = np.random.default_rng(config.seed)
        self._task = torch_task(config.task, config.task_parameters, device)
        self._learner = new_learner(config, self._task, rng, device)
        self._world = BatchedWorld(self._task, config.worlds, rng)
        parts: dict[str, Stateful] = {"learner": self._learner, "world": self._world}
        super().__init__(directory, config, self._learner.actor, self._learner.networks, parts)

    def advance(self, used: float) -> Metrics | None:
        """Let every world make a step, and the learner learn from it."""
        state = self._world.state
        actions = self._learner.explore(state, self._world.begins)
        step = self._world.step(actions)
        over = step.done | step.truncated if self.config.time_limit_is_terminal else step.done
        self.transitions += self.config.worlds
        return self._learner.learn(Batch(state, actions, step.reward, step.state, (~over).float()), used)

    def returns(self) -> NDArray[np.float64]:
        """Team returns of the current policy."""
        return self._returns(self.config.evaluation_episodes, SELECTION_SEED)

    def measure(self) -> dict[str, Any]:
        """The policy's return on fresh episodes, and what it took to get there."""
        result = summary(self._returns(self.config.final_evaluation_episodes, FINAL_SEED), FINAL_SEED)
        return result | {"transitions": self.transitions, "minutes": round(self.minutes, 2)}

    @torch.no_grad()
    def _returns(self, episodes: int, seed: int) -> NDArray[np.float64]:
        actor = self._learner.actor.eval()
        returns = episode_returns(self._task, actor, episodes, seed)
        actor.train()
        return returns
