"""What training and attacking have in common: go on until a budget is used, evaluate, keep the best, survive a kill."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

from mir2_core.errors import UserError
from mir2_core.files import locked, writable_folder
from numpy.typing import NDArray
from torch import nn

from mir2_policies.evaluation.returns import mean_and_error
from mir2_policies.learners.config import EvaluatedConfig
from mir2_policies.learners.learner import Metrics
from mir2_policies.training.checkpoint import CHECKPOINT_FILE, load_checkpoint, save_checkpoint, save_config
from mir2_policies.training.progress import Evaluation, Progress


class Budget(NamedTuple):
    """When to stop, counted from the very start of a run, resumed or not."""

    minutes: float = math.inf
    transitions: float = math.inf

    def used(self, minutes: float, transitions: int) -> float:
        """The used fraction."""
        return max(minutes / self.minutes, transitions / self.transitions)


class Stateful(Protocol):
    """What a checkpoint can hold."""

    def state_dict(self) -> dict[str, Any]: ...  # noqa: D102

    def load_state_dict(self, state: dict[str, Any]) -> Any: ...  # noqa: D102


class TrainingRun(ABC):
    """A run in a folder; everything it needs to go on after a kill is in the folder's checkpoint.

    The actor is evaluated and kept at its best; the weights of all `networks` must stay finite. A checkpoint holds
    `parts` and the counters.
    """

    command: ClassVar[str]
    log_every_updates: ClassVar[int]
    remedy: ClassVar[str]  # after a number that is not finite
    larger_is_better: ClassVar[bool]

    def __init__(
        self,
        directory: Path,
        config: EvaluatedConfig,
        actor: nn.Module,
        networks: Sequence[nn.Module],
        parts: Mapping[str, Stateful],
    ) -> None:
        self.config = config
        self.directory = directory
        self.transitions = 0
        self.minutes = 0.0
        self.actor = actor
        self._networks = networks
        self._parts = parts
        self._updates = 0
        self._evaluated_at: int | None = None
        self._best: dict[str, Any] = {"return_mean": None, "transitions": 0, "actor": self.actor.state_dict()}

    @abstractmethod
    def returns(self) -> NDArray[Any]:
        """Returns (episodes,) of the actor as it is, from the starts of `SELECTION_SEED`."""

    @abstractmethod
    def advance(self, used: float) -> Metrics | None:
        """Collect, count the transitions and, if there is enough to learn from, update."""

    def begin(self) -> bool:
        """Prepare a run that is not resumed; whether the actor is worth an evaluation already."""
        return False

    @property
    def best_transitions(self) -> int:
        """When the best evaluation was."""
        return int(self._best["transitions"])

    def resume(self) -> None:
        """Go on from the folder's checkpoint, if it was reached."""
        if not (self.directory / CHECKPOINT_FILE).exists():
            return
        state = load_checkpoint(self.directory, self.command)
        counters = ("transitions", "minutes", "updates")
        try:
            for name, part in self._parts.items():
                part.load_state_dict(state[name])
            self.transitions, self.minutes, self._updates = (state[key] for key in counters)
            self._best, self._evaluated_at = state["best"], state["evaluated_at"]
        except KeyError as missing:
            raise UserError(
                f"{self.directory / CHECKPOINT_FILE}: written by another version, without {missing}; go on with that "
                "version, or start another --output"
            ) from None

    def run(self, budget: Budget, quiet: bool = False) -> None:
        """Train until the budget is used; the actor is then as in its best evaluation."""
        writable_folder(self.directory)
        with locked(self.directory / ".lock", wait=False, what=f"'{self.command}'"):
            save_config(self.directory, self.config)
            used, best = budget.used(self.minutes, self.transitions), max if self.larger_is_better else min
            progress = Progress(self.directory, self.transitions, used, quiet, best=best)
            try:
                self._loop(budget, progress)
            finally:
                progress.close()
        self.take_best()

    def take_best(self) -> None:
        """Make the actor what it was in its best evaluation."""
        self.actor.load_state_dict(self._best["actor"])

    def _loop(self, budget: Budget, progress: Progress) -> None:
        clock = time.monotonic() - 60.0 * self.minutes
        if self._evaluated_at is None and self.begin():
            self._evaluate(progress)
        self._save()
        saved = time.monotonic()
        while (used := budget.used(self.minutes, self.transitions)) < 1.0:
            before = self.transitions
            metrics = self.advance(used)
            self.minutes = (time.monotonic() - clock) / 60.0
            if metrics is not None:
                self._check_finite(metrics)
                if self._updates % self.log_every_updates == 0:
                    progress.log(self.transitions, metrics | {"minutes": self.minutes})
                    progress.show(used, self.transitions)
                self._updates += 1
            if self.transitions // self.config.evaluation_interval > before // self.config.evaluation_interval:
                self._evaluate(progress)
            if time.monotonic() - saved >= self.config.checkpoint_interval_s:
                self._save()
                saved = time.monotonic()
        if self._evaluated_at != self.transitions:
            self._evaluate(progress)
        self._save()
        progress.show(1.0, self.transitions)

    def _evaluate(self, progress: Progress) -> None:
        mean, error = mean_and_error("return", self.returns()).values()
        progress.evaluated(Evaluation(self.transitions, round(self.minutes, 4), mean, error))
        self._evaluated_at = self.transitions
        best = self._best["return_mean"]
        if best is None or (mean > best if self.larger_is_better else mean < best):
            weights = {name: value.clone() for name, value in self.actor.state_dict().items()}
            self._best = {"return_mean": mean, "transitions": self.transitions, "actor": weights}

    def _check_finite(self, metrics: Metrics) -> None:
        for name, value in metrics.items():
            if not math.isfinite(value):
                raise UserError(
                    f"{self.directory}: '{self.command}' stopped at transition {self.transitions}: {name} is {value}; "
                    f"the checkpoint before it is kept; {self.remedy}"
                )

    def _save(self) -> None:
        """Save everything, unless an update has just broken the weights: then the last good checkpoint stays."""
        weights = [weight for network in self._networks for weight in network.parameters()]
        self._check_finite({"a weight": 0.0 if all(bool(weight.isfinite().all()) for weight in weights) else math.nan})
        counters = {"transitions": self.transitions, "minutes": self.minutes, "updates": self._updates}
        states = {name: part.state_dict() for name, part in self._parts.items()}
        kept = {"best": self._best, "evaluated_at": self._evaluated_at}
        save_checkpoint(self.directory, states | counters | kept)
