"""The training loop: collect, update, evaluate, save."""

import math
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from mir2_core.errors import UserError
from mir2_sim.batched import BatchedWorld, torch_task

from mir2_policies.algorithms import algorithm
from mir2_policies.checkpoint import CHECKPOINT_FILE, load_checkpoint, save_checkpoint, save_config
from mir2_policies.config import MaddpgConfig
from mir2_policies.evaluate import episode_returns, summary
from mir2_policies.maddpg import Metrics
from mir2_policies.progress import Evaluation, Progress
from mir2_policies.replay import Batch, Replay

EVALUATION_SEED = 10_001  # the same episodes each time, so that evaluations compare
FINAL_SEED = 20_002  # fresh episodes for the figure that is reported
LOG_EVERY_UPDATES = 100


class Budget(NamedTuple):
    """When to stop, counted from the very start of a run, resumed or not."""

    minutes: float = math.inf
    transitions: float = math.inf

    def used(self, minutes: float, transitions: int) -> float:
        """The used fraction."""
        return max(minutes / self.minutes, transitions / self.transitions)


class Trainer:
    """A run in a folder; everything it needs to go on after a kill is in the folder's checkpoint."""

    def __init__(self, config: MaddpgConfig, directory: Path, device: str = "cpu") -> None:
        torch.set_num_threads(config.threads)
        self.config = config
        self._directory = directory
        rng = np.random.default_rng(config.seed)
        task = torch_task(config.task, config.task_parameters, device)
        self._learner = algorithm(config.algorithm).learner(config, task, rng, device)
        self._world = BatchedWorld(task, config.worlds, rng)
        self._replay = Replay(config.replay_transitions, task.params.robots, task.action_size, device)
        self._fresh = torch.ones(config.worlds, dtype=torch.bool, device=device)
        self._transitions = 0
        self._minutes = 0.0
        self._evaluated_at = 0
        self._best: dict[str, Any] = {"return_mean": -math.inf, "actor": self._learner.actor.state_dict()}

    def resume(self) -> None:
        """Go on from the folder's checkpoint, if it was reached."""
        if not (self._directory / CHECKPOINT_FILE).exists():
            return
        state = load_checkpoint(self._directory)
        self._learner.load_state_dict(state["learner"])
        self._world.load_state_dict(state["world"])
        self._replay.load_state_dict(state["replay"])
        self._fresh = state["fresh"].to(self._fresh)
        self._transitions, self._minutes = state["transitions"], state["minutes"]
        self._best, self._evaluated_at = state["best"], state["evaluated_at"]

    def run(self, budget: Budget, quiet: bool = False) -> dict[str, Any]:
        """Train until the budget is used; returns the final evaluation of the best policy seen."""
        self._directory.mkdir(parents=True, exist_ok=True)
        save_config(self._directory, self.config)
        used = budget.used(self._minutes, self._transitions)
        progress = Progress(self._directory, self._transitions, used, quiet)
        try:
            self._loop(budget, progress)
        finally:
            progress.close()
        return self._finish()

    def _loop(self, budget: Budget, progress: Progress) -> None:
        clock = time.monotonic() - 60.0 * self._minutes
        self._save()
        saved = time.monotonic()
        while (used := budget.used(self._minutes, self._transitions)) < 1.0:
            self._collect()
            if self._transitions >= self.config.warmup_transitions:
                metrics = self._checked(self._learner.update(self._replay))
                if self._learner.updates % LOG_EVERY_UPDATES == 1:
                    self._learner.anneal(used)
                    progress.log(self._transitions, metrics | {"minutes": self._minutes})
                    progress.show(used, self._transitions)
            self._minutes = (time.monotonic() - clock) / 60.0
            if self._transitions % self.config.evaluation_interval < self.config.worlds:
                self._evaluate(progress)
            if time.monotonic() - saved >= self.config.checkpoint_interval_s:
                self._save()
                saved = time.monotonic()
        if self._evaluated_at != self._transitions:
            self._evaluate(progress)
        self._save()
        progress.show(1.0, self._transitions)

    def _collect(self) -> None:
        poses = self._world.poses
        warm = self._transitions >= self.config.warmup_transitions
        actions = self._learner.explore(poses, self._fresh) if warm else self._learner.random_actions(poses)
        step = self._world.step(actions)
        over = step.gathered | step.truncated if self.config.time_limit_is_terminal else step.gathered
        self._replay.add(Batch(poses, actions, step.reward, step.poses, (~over).float()))
        self._fresh = step.gathered | step.truncated
        self._transitions += self.config.worlds

    def _checked(self, metrics: Metrics) -> Metrics:
        for name, value in metrics.items():
            if not math.isfinite(value):
                raise UserError(
                    f"{self._directory}: training stopped at transition {self._transitions}: {name} is {value}; the "
                    f"checkpoint before it is kept; train again with lower learning rates or another seed"
                )
        return metrics

    @torch.no_grad()
    def _evaluate(self, progress: Progress) -> None:
        learner, config = self._learner, self.config
        result = summary(
            episode_returns(learner.task, learner.actor, config.evaluation_episodes, EVALUATION_SEED), EVALUATION_SEED
        )
        row = Evaluation(
            self._transitions, round(self._minutes, 4), result["return_mean"], result["return_standard_error"]
        )
        progress.evaluated(row)
        self._evaluated_at = self._transitions
        if row.return_mean > self._best["return_mean"]:
            weights = {name: value.clone() for name, value in learner.actor.state_dict().items()}
            self._best = {"return_mean": row.return_mean, "actor": weights}

    def _save(self) -> None:
        """Save everything, unless an update has just broken the weights: then the last good checkpoint stays."""
        weights = [*self._learner.actor.parameters(), *self._learner.critic.parameters()]
        if not all(bool(weight.isfinite().all()) for weight in weights):
            self._checked({"a weight": math.nan})
        save_checkpoint(
            self._directory,
            {
                "learner": self._learner.state_dict(),
                "world": self._world.state_dict(),
                "replay": self._replay.state_dict(),
                "fresh": self._fresh,
                "transitions": self._transitions,
                "minutes": self._minutes,
                "best": self._best,
                "evaluated_at": self._evaluated_at,
            },
        )

    @torch.no_grad()
    def _finish(self) -> dict[str, Any]:
        self._learner.actor.load_state_dict(self._best["actor"])
        episodes = self.config.final_evaluation_episodes
        returns = episode_returns(self._learner.task, self._learner.actor, episodes, FINAL_SEED)
        return summary(returns, FINAL_SEED) | {
            "transitions": self._transitions,
            "minutes": round(self._minutes, 2),
        }
