"""What a family of attacks is, and what families know of each other."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import torch
from mir2_core.files import replacing
from torch import Tensor

from mir2_policies.attacks.duel import Duel
from mir2_policies.attacks.numbers import Numbers
from mir2_policies.evaluation.returns import FINAL_SEED, SELECTION_SEED

DEEDS_FILE = "deeds.pt"
clock_s = time.process_time  # budgets are times of one core: on a machine with other work, attacks are as strong


@dataclass
class Known:
    """What earlier families have found: later ones begin with it."""

    directory: Path  # where a family may keep files
    numbers: list[tuple[float, Tensor]] = field(default_factory=list)  # the return that (K, SIZE) leave, in order
    deeds: Tensor | None = None  # (T, B, K, ...) what was played on the first of the fresh starts, and …
    deeds_left: Tensor | None = None  # … the returns (B,) that it left

    def keep(self, deeds: Tensor, left: Tensor) -> None:
        """Keep what was played, also for a suite that is resumed."""
        self.deeds, self.deeds_left = deeds, left
        with replacing(self.directory / DEEDS_FILE) as file:
            torch.save({"deeds": deeds, "left": left}, file)

    def recall(self) -> None:
        """What an interrupted suite kept."""
        if (self.directory / DEEDS_FILE).exists():
            kept = torch.load(self.directory / DEEDS_FILE, weights_only=True)
            self.deeds, self.deeds_left = kept["deeds"], kept["left"]

    def add(self, left: float, numbers: Tensor) -> None:
        """Keep numbers if they are among the sixteen most harmful."""
        self.numbers = sorted([*self.numbers, (left, numbers)], key=lambda pair: pair[0])[:16]


class Family(ABC):
    """One way to look for the traitors that hurt a frozen team most."""

    share: ClassVar[float]  # of the time
    needs_gradients: ClassVar[bool] = False
    on_fresh_starts: ClassVar[bool] = False  # it attacks single episodes, and may do so in those of the figure
    episodes: ClassVar[int] = 256  # fresh ones, of the figure
    selection_episodes: ClassVar[int] = 48

    def __init__(self, duel: Duel, known: Known) -> None:
        self.duel = duel
        self.known = known
        self.exhausted = False  # whether there is nothing left that it could try

    @abstractmethod
    def search(self, seconds: float) -> Iterator[float]:
        """Look for so long; after each round, the mean return that the best found so far leaves on known starts."""

    @abstractmethod
    def returns(self) -> Tensor:
        """The returns (episodes,) that what was found leaves on fresh starts, those of `FINAL_SEED`."""

    @abstractmethod
    def found(self) -> dict[str, Any]:
        """What was found, in words and numbers."""

    def selection_starts(self) -> Tensor:
        """The starts by which the family chooses."""
        return self.duel.starts(self.selection_episodes, SELECTION_SEED)

    def fresh_starts(self) -> Tensor:
        """The starts of the figure."""
        return self.duel.starts(self.episodes, FINAL_SEED)


def named(numbers: Tensor) -> list[dict[str, float]]:
    """Numbers (K, SIZE) with their names, one dictionary a traitor."""
    return [dict(zip(Numbers._fields, (round(value, 4) for value in row), strict=True)) for row in numbers.tolist()]
