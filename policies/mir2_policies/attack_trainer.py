"""The attack's training loop: begin as the most harmful rule, update against the frozen team, evaluate, save."""

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mir2_core.bundle import PolicyBundle
from mir2_core.config import parse
from mir2_core.errors import UserError
from mir2_core.tasks import RendezvousParams
from mir2_sim.batched import BatchedWorld, torch_task

from mir2_policies.attack import Attacker
from mir2_policies.attack_config import AttackConfig
from mir2_policies.attack_starts import starts
from mir2_policies.attack_victim import TorchVictim
from mir2_policies.checkpoint import CHECKPOINT_FILE, load_checkpoint, save_checkpoint, save_config
from mir2_policies.episodes import Arena, Episodes, run_episodes
from mir2_policies.evaluate import mean_and_error
from mir2_policies.progress import Evaluation, Progress
from mir2_policies.trainer import EVALUATION_SEED, FINAL_SEED, Budget

COMMAND = "mir2 attack"
LOG_EVERY_UPDATES = 10


class AttackTrainer:
    """An attack in a folder; everything it needs to go on after a kill is in the folder's checkpoint."""

    def __init__(self, config: AttackConfig, victim: PolicyBundle, directory: Path) -> None:
        torch.set_num_threads(config.threads)
        self.config = config
        self.victim = victim
        self.victims = TorchVictim(victim)
        self._directory = directory
        rng = np.random.default_rng(config.seed)
        params = parse(victim.metadata.task_parameters, RendezvousParams, str(victim.path))
        self.arena = Arena(torch_task(victim.metadata.task, params), config.robots)
        self.attacker = Attacker(config, self.arena, self.victims, rng)
        self._world = BatchedWorld(self.arena.task, config.worlds, rng)
        self.transitions = 0
        self.minutes = 0.0
        self._evaluated_at = -1
        self._best: dict[str, Any] = {
            "return_mean": math.inf,
            "transitions": 0,
            "actor": self.attacker.actor.state_dict(),
        }

    def resume(self) -> None:
        """Go on from the folder's checkpoint, if it was reached."""
        if not (self._directory / CHECKPOINT_FILE).exists():
            return
        state = load_checkpoint(self._directory, COMMAND)
        self.attacker.load_state_dict(state["attacker"])
        self._world.load_state_dict(state["world"])
        self.transitions, self.minutes = state["transitions"], state["minutes"]
        self._best, self._evaluated_at = state["best"], state["evaluated_at"]

    def run(self, budget: Budget, quiet: bool = False) -> None:
        """Train until the budget is used; the attacker then acts as in its best evaluation."""
        self._directory.mkdir(parents=True, exist_ok=True)
        save_config(self._directory, self.config)
        used = budget.used(self.minutes, self.transitions)
        progress = Progress(self._directory, self.transitions, used, quiet, best=min)
        try:
            self._loop(budget, progress)
        finally:
            progress.close()
        self.attacker.actor.load_state_dict(self._best["actor"])

    @torch.no_grad()
    def play(self, episodes: int, seed: int, attacked: bool = True) -> Episodes:
        """Episodes with the traitors, or with nobody attacked from the same starts."""
        robots, adversary = (self.config.robots, self.attacker) if attacked else ((), None)
        return run_episodes(self.arena.task, self.victims, episodes, seed, robots=robots, adversary=adversary)

    def _aimed_at(self, played: Episodes) -> Any:
        """The returns (B,) that the threat is aimed at."""
        return played.benign_return if self.attacker.threat.benign_only else played.team_return

    def measure(self) -> dict[str, Any]:
        """Returns on fresh episodes, and how much the attack costs compared with the same starts unattacked."""
        episodes = self.config.final_evaluation_episodes
        attacked, clean = self.play(episodes, FINAL_SEED), self.play(episodes, FINAL_SEED, attacked=False)
        lost = {"team": clean.team_return - attacked.team_return}
        lost["benign"] = self.arena.benign_return(clean) - attacked.benign_return
        result: dict[str, Any] = {"threat": self.config.threat, "robots": list(self.config.robots)}
        for name, returns in (("team", attacked.team_return), ("benign", attacked.benign_return)):
            result |= mean_and_error(f"{name}_return", returns) | mean_and_error(f"{name}_loss", lost[name])
        spent: dict[str, Any] = {"best_transitions": self._best["transitions"], "transitions": self.transitions}
        spent |= {"minutes": round(self.minutes, 2)}  # best_transitions 0: the rule was not improved on
        return result | {"episodes": episodes, "seed": FINAL_SEED} | spent

    def _loop(self, budget: Budget, progress: Progress) -> None:
        clock = time.monotonic() - 60.0 * self.minutes
        per_update = self.config.window * self.config.worlds
        if self._evaluated_at < 0:
            self._begin(progress)
        self._save()
        saved = time.monotonic()
        while (used := budget.used(self.minutes, self.transitions)) < 1.0:
            self.attacker.anneal(used)
            metrics = self._checked(self.attacker.update(self._world))
            self.transitions += per_update
            if self.transitions // per_update % LOG_EVERY_UPDATES == 1:
                progress.log(self.transitions, metrics)
                progress.show(used, self.transitions)
            self.minutes = (time.monotonic() - clock) / 60.0
            if self.transitions % self.config.evaluation_interval < per_update:
                self._evaluate(progress)
            if time.monotonic() - saved >= self.config.checkpoint_interval_s:
                self._save()
                saved = time.monotonic()
        if self._evaluated_at != self.transitions:
            self._evaluate(progress)
        self._save()
        progress.show(1.0, self.transitions)

    def _begin(self, progress: Progress) -> None:
        """Begin as the rule that hurts this victim most."""
        rules = starts(self.arena.task, self.config.robots, self.attacker.threat.lies)
        left = []
        for rule in rules:
            self.attacker.begin_as(rule)
            left.append(self._aimed_at(self.play(self.config.start_episodes, self.config.seed)).mean())
        self.attacker.begin_as(rules[int(np.argmin(left))])
        self._evaluate(progress)

    def _checked(self, metrics: dict[str, float]) -> dict[str, float]:
        for name, value in metrics.items():
            if not math.isfinite(value):
                raise UserError(
                    f"{self._directory}: the attack stopped at transition {self.transitions}: {name} is {value}; "
                    "attack again with another --seed"
                )
        return metrics

    def _evaluate(self, progress: Progress) -> None:
        played = self.play(self.config.evaluation_episodes, EVALUATION_SEED)
        mean, error = mean_and_error("return", self._aimed_at(played)).values()
        progress.evaluated(Evaluation(self.transitions, round(self.minutes, 4), mean, error))
        self._evaluated_at = self.transitions
        if mean < self._best["return_mean"]:
            weights = {name: value.clone() for name, value in self.attacker.actor.state_dict().items()}
            self._best = {"return_mean": mean, "transitions": self.transitions, "actor": weights}

    def _save(self) -> None:
        save_checkpoint(
            self._directory,
            {
                "attacker": self.attacker.state_dict(),
                "world": self._world.state_dict(),
                "transitions": self.transitions,
                "minutes": self.minutes,
                "best": self._best,
                "evaluated_at": self._evaluated_at,
            },
        )
