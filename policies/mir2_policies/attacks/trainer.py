"""The training of an attack: begin as the most harmful rule, then update against the frozen team."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mir2_core.bundle import PolicyBundle
from mir2_core.config import load_yaml
from mir2_core.errors import UserError
from mir2_core.traitors.traitor import Deed, Situation
from mir2_sim.batched import BatchedWorld
from torch import Tensor

from mir2_policies.attacks.attacker import Attacker
from mir2_policies.attacks.config import AttackConfig
from mir2_policies.attacks.duel import Duel
from mir2_policies.attacks.starts import starts
from mir2_policies.evaluation.episodes import Episodes, FloatArray, run_episodes
from mir2_policies.evaluation.returns import FINAL_SEED, SELECTION_SEED, mean_and_error
from mir2_policies.learners.learner import Metrics
from mir2_policies.training.checkpoint import CHECKPOINT_FILE, CONFIG_FILE
from mir2_policies.training.run import Stateful, TrainingRun


class AttackTrainer(TrainingRun):
    """An attack on one frozen policy by one set of traitors."""

    command = "mir2 attack"
    log_every_updates = 10
    remedy = "attack again with another --seed"
    larger_is_better = False
    config: AttackConfig

    def __init__(
        self, config: AttackConfig, victim: PolicyBundle, directory: Path, known: Sequence[Tensor] = ()
    ) -> None:
        torch.set_num_threads(config.threads)
        self.duel = Duel(victim, config)
        rng = np.random.default_rng(config.seed)
        self.attacker = Attacker(config, self.duel, rng)
        self._world = BatchedWorld(self.duel.task, config.worlds, rng)
        self._known = known  # numbers (K, SIZE) of rules that it may begin as
        actor = self.attacker.actor
        parts: dict[str, Stateful] = {"attacker": self.attacker, "world": self._world}
        super().__init__(directory, config, actor, [actor], parts)

    def begin(self) -> bool:
        """Begin as the rule that hurts this victim most."""
        duel, actor = self.duel, self.attacker.actor
        rules = starts(duel.task, self.config.robots, duel.threat.reports(duel.task.params.robots), duel.threat.mute)
        ways = [partial(actor.begin_as, rule) for rule in rules]
        ways += [partial(actor.begin_as_numbers, numbers) for numbers in self._known]
        left = []
        for begin_as in ways:
            begin_as()
            left.append(self._aimed_at(self.play(self.config.start_episodes, self.config.seed)).mean())
        ways[int(np.argmin(left))]()
        return True

    def advance(self, used: float) -> Metrics | None:
        """Let a window of time pass in every world, and follow its gradient; without any, there is nothing to do."""
        if self.duel.no_gradients:
            self.transitions += 1
            return None
        metrics = self.attacker.update(self._world, used)
        self.transitions += self.config.window * self.config.worlds
        return metrics

    def returns(self) -> FloatArray:
        """The returns that the threat is aimed at, under the attack as it is."""
        return self._aimed_at(self.play(self.config.evaluation_episodes, SELECTION_SEED))

    @torch.no_grad()
    def play(self, episodes: int, seed: int, attacked: bool = True) -> Episodes:
        """Episodes with the traitors, or with nobody attacked from the same starts."""
        robots, traitor = (self.config.robots, self._traitor) if attacked else ((), None)
        duel, tracker = self.duel, attacked and self.config.tracker
        return run_episodes(duel.task, duel.victims, episodes, seed, robots=robots, traitor=traitor, tracker=tracker)

    def _traitor(self, situation: Situation) -> Deed:
        return self.attacker(situation)._replace(plausible=self.duel.threat.plausible)

    def _aimed_at(self, played: Episodes) -> FloatArray:
        return played.benign_return if self.duel.threat.benign_only else played.team_return

    def measure(self) -> dict[str, Any]:
        """Returns on fresh episodes, and how much the attack costs compared with the same starts unattacked."""
        episodes = self.config.final_evaluation_episodes
        attacked, clean = self.play(episodes, FINAL_SEED), self.play(episodes, FINAL_SEED, attacked=False)
        lost = {"team": clean.team_return - attacked.team_return}
        lost["benign"] = self.duel.arena.benign_return(clean) - attacked.benign_return
        result: dict[str, Any] = {
            "threat": self.config.threat,
            "tracker": self.config.tracker,
            "robots": list(self.config.robots),
        }
        for name, returns in (("team", attacked.team_return), ("benign", attacked.benign_return)):
            result |= mean_and_error(f"{name}_return", returns) | mean_and_error(f"{name}_loss", lost[name])
        spent: dict[str, Any] = {"best_transitions": self.best_transitions, "transitions": self.transitions}
        spent |= {"minutes": round(self.minutes, 2)}  # best_transitions 0: the rule was not improved on
        return result | {"episodes": episodes, "seed": FINAL_SEED} | spent


def open_attack(config: AttackConfig, victim: PolicyBundle, directory: Path, resume: bool) -> AttackTrainer:
    """A new attack, or one that goes on; an attack that was not begun yet begins."""
    begun = (directory / CHECKPOINT_FILE).exists()
    if begun and not resume:
        raise UserError(f"{directory}: already holds an attack; give --resume to go on with it, or another --output")
    if not begun:
        return _with_gradients(AttackTrainer(config, victim, directory))
    found = load_yaml(directory / CONFIG_FILE, AttackConfig, "the settings of an attack")
    for key in ("victim_sha256", "threat", "tracker", "robots", "seed"):
        ours, theirs = getattr(config, key), getattr(found, key)
        if ours != theirs:
            raise UserError(
                f"{directory}: {key} is {ours!r} but this attack has {theirs!r}; resume it with the same options, or "
                "start another --output"
            )
    trainer = _with_gradients(AttackTrainer(found, victim, directory))
    trainer.resume()
    return trainer


def _with_gradients(trainer: AttackTrainer) -> AttackTrainer:
    """The trainer, unless there is nothing that it could follow."""
    if trainer.duel.no_gradients:
        raise UserError(trainer.duel.no_gradients)
    return trainer
