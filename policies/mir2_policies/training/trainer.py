"""The training of a team: explore, learn, now and then evaluate."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mir2_sim.batched import Worlds, torch_task
from numpy.typing import NDArray

from mir2_policies.evaluation.returns import FINAL_SEED, SELECTION_SEED, summaries, team_returns
from mir2_policies.learners.config import RunConfig
from mir2_policies.learners.learner import Metrics
from mir2_policies.learners.registry import new_learner
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
        self._worlds = Worlds(self._task, config.worlds, rng, config.randomisation, disturbance=config.disturbance)
        self._teams = config.randomisation.evaluated(self._task.params.robots)
        parts: dict[str, Stateful] = {"learner": self._learner, "worlds": self._worlds}
        super().__init__(directory, config, self._learner.actor, self._learner.networks, parts)

    def advance(self, used: float) -> Metrics | None:
        """Let the worlds of a team size make steps, and the learner learn from it."""
        metrics = self._learner.advance(self._worlds.draw(), used)
        self.transitions += self._learner.steps * self.config.worlds
        return metrics

    def returns(self) -> NDArray[np.float64]:
        """Team returns of the current policy, those of all evaluated team sizes one after another."""
        return np.concatenate(list(self._returns(self.config.evaluation_episodes, SELECTION_SEED).values()))

    def measure(self) -> dict[str, Any]:
        """The policy's return on fresh episodes, and what it took to get there."""
        result = summaries(self._returns(self.config.final_evaluation_episodes, FINAL_SEED), FINAL_SEED)
        return result | {"transitions": self.transitions, "minutes": round(self.minutes, 2)}

    @torch.no_grad()
    def _returns(self, episodes: int, seed: int) -> dict[int, NDArray[np.float64]]:
        actor = self._learner.actor.eval()
        returns = team_returns(self._task, actor, self._teams, episodes, seed)
        actor.train()
        return returns
