"""A network of the traitors that is trained against the frozen team, as `mir2 attack` does without `--suite`."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor

from mir2_policies.attacks.duel import Duel
from mir2_policies.attacks.families.family import Family, Known, clock_s, named
from mir2_policies.attacks.trainer import AttackTrainer
from mir2_policies.evaluation.returns import FINAL_SEED
from mir2_policies.training.progress import read_progress
from mir2_policies.training.run import Budget

NETWORK_FOLDER = "network"
SHORTEST_S = 1.0
BEGINNINGS = 8  # at most so many of the rules that are known
ROUNDS = 6  # in which its time is used, so that there is a curve


class Network(Family):
    """The only family whose attacker is a bundle that runs anywhere; without gradients it is the best rule alone."""

    share = 0.15

    def __init__(self, duel: Duel, known: Known) -> None:
        super().__init__(duel, known)
        numbers = [each for _, each in known.numbers[:BEGINNINGS]]
        self.trainer = AttackTrainer(duel.config, duel.victim, known.directory / NETWORK_FOLDER, numbers)
        self.trainer.resume()

    def search(self, seconds: float) -> Iterator[float]:
        """Go on training; the learning rate falls in each round anew."""
        begun, seconds = clock_s(), max(seconds, SHORTEST_S)
        self.exhausted = bool(self.duel.no_gradients)
        if self.exhausted:
            self.trainer.run(Budget(transitions=1), quiet=True)
        while not self.exhausted and clock_s() - begun < seconds:
            self.trainer.run(Budget(minutes=self.trainer.minutes + seconds / 60.0 / ROUNDS), quiet=True)
            yield min(row.return_mean for row in read_progress(self.trainer.directory))
        yield min(row.return_mean for row in read_progress(self.trainer.directory))

    def returns(self) -> Tensor:
        """Of the network at its best."""
        return self.duel.aimed(self.trainer.play(self.episodes, FINAL_SEED))

    def found(self) -> dict[str, Any]:
        """How long it was trained, and the numbers of the rule that it goes beyond, if any."""
        actor = self.trainer.attacker.actor
        trained = {"transitions": self.trainer.transitions, "best_transitions": self.trainer.best_transitions}
        return trained | ({"beyond": named(actor.numbers)} if actor.follows else {})
