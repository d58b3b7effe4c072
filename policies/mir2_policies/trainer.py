"""The training of a team: collect, update, now and then evaluate."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mir2_sim.batched import BatchedWorld, torch_task
from numpy.typing import NDArray

from mir2_policies.algorithms import algorithm
from mir2_policies.config import MaddpgConfig
from mir2_policies.evaluate import episode_returns, summary
from mir2_policies.maddpg import Metrics
from mir2_policies.replay import Batch, Replay
from mir2_policies.training_run import EVALUATION_SEED, FINAL_SEED, Stateful, TrainingRun

ANNEAL_EVERY_UPDATES = 100


class Trainer(TrainingRun):
    """A run of one algorithm."""

    command = "mir2 train"
    log_every_updates = 100
    remedy = "train again with lower learning rates or another seed"
    larger_is_better = True
    config: MaddpgConfig

    def __init__(self, config: MaddpgConfig, directory: Path, device: str = "cpu") -> None:
        torch.set_num_threads(config.threads)
        rng = np.random.default_rng(config.seed)
        task = torch_task(config.task, config.task_parameters, device)
        self._learner = algorithm(config.algorithm).learner(config, task, rng, device)
        self._world = BatchedWorld(task, config.worlds, rng)
        self._replay = Replay(config.replay_transitions, task.params.robots, task.action_size, device)
        networks = [self._learner.actor, self._learner.critic]
        parts: dict[str, Stateful] = {"learner": self._learner, "world": self._world, "replay": self._replay}
        super().__init__(directory, config, networks, parts)

    def advance(self, used: float) -> Metrics | None:
        """Let every world make a step, and learn once the first random steps are over."""
        warm = self.transitions >= self.config.warmup_transitions
        poses, fresh = self._world.poses, self._world.fresh
        actions = self._learner.explore(poses, fresh) if warm else self._learner.random_actions(poses)
        step = self._world.step(actions)
        over = step.gathered | step.truncated if self.config.time_limit_is_terminal else step.gathered
        self._replay.add(Batch(poses, actions, step.reward, step.poses, (~over).float()))
        self.transitions += self.config.worlds
        if self.transitions < self.config.warmup_transitions:
            return None
        metrics = self._learner.update(self._replay)
        if self._learner.updates % ANNEAL_EVERY_UPDATES == 1:
            self._learner.anneal(used)
        return metrics

    def returns(self) -> NDArray[np.float64]:
        """Team returns of the current policy."""
        return self._returns(self.config.evaluation_episodes, EVALUATION_SEED)

    def measure(self) -> dict[str, Any]:
        """The policy's return on fresh episodes, and what it took to get there."""
        result = summary(self._returns(self.config.final_evaluation_episodes, FINAL_SEED), FINAL_SEED)
        return result | {"transitions": self.transitions, "minutes": round(self.minutes, 2)}

    @torch.no_grad()
    def _returns(self, episodes: int, seed: int) -> NDArray[np.float64]:
        return episode_returns(self._learner.task, self._learner.actor, episodes, seed)
