"""A network of the traitors that is trained against the frozen team, as `mir2 attack` does without `--suite`."""

import itertools
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from mir2_policies.attacks.duel import Duel
from mir2_policies.attacks.families.family import Family, Known
from mir2_policies.attacks.trainer import AttackTrainer
from mir2_policies.evaluation.returns import FINAL_SEED
from mir2_policies.training.progress import read_progress
from mir2_policies.training.run import Budget

NETWORK_FOLDER = "network"
SHORTEST_S = 1.0
ROUNDS = 6  # in which its time is used, so that there is a curve


class Network(Family):
    """The only family whose attacker is a bundle that runs anywhere."""

    share = 0.15
    needs_gradients = True

    def __init__(self, duel: Duel, known: Known) -> None:
        super().__init__(duel, known)
        self.trainer = AttackTrainer(duel.config, duel.victim, known.directory / NETWORK_FOLDER)
        self.trainer.resume()

    def search(self, seconds: float) -> Iterator[float]:
        """Train, counting what an interrupted search has trained already."""
        minutes = max(seconds, SHORTEST_S) / 60.0
        for part in itertools.count(1):
            self.trainer.run(Budget(minutes=minutes * part / ROUNDS), quiet=True)
            yield min(row.return_mean for row in read_progress(self.trainer.directory))
            if part >= ROUNDS:
                return

    def returns(self) -> Tensor:
        """Of the network at its best."""
        played = self.trainer.play(self.episodes, FINAL_SEED)
        aimed = played.benign_return if self.duel.threat.benign_only else played.team_return
        return torch.as_tensor(aimed, dtype=torch.float32)

    def found(self) -> dict[str, Any]:
        """How long it was trained."""
        return {"transitions": self.trainer.transitions, "best_transitions": self.trainer.best_transitions}
