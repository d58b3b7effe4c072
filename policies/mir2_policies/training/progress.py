"""What a training run shows and records: a progress bar, TensorBoard events and `progress.csv`."""

import csv
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

PROGRESS_FILE = "progress.csv"


class Evaluation(NamedTuple):
    """One row of `progress.csv`."""

    transitions: int
    minutes: float
    return_mean: float
    return_standard_error: float


class Progress:
    """Records from `transitions` on; rows that a killed run wrote beyond its last checkpoint are dropped."""

    def __init__(
        self,
        directory: Path,
        transitions: int,
        done: float,
        quiet: bool,
        best: Callable[[Iterable[float]], float] = max,
    ) -> None:
        self._best = best
        self._file = directory / PROGRESS_FILE
        kept = [row for row in read_progress(directory) if row.transitions <= transitions]
        self._write(kept)
        self._returns = [row.return_mean for row in kept]
        self._events = SummaryWriter(str(directory), purge_step=transitions + 1 if transitions else None)
        layout = "{l_bar}{bar}| {elapsed}, {remaining} left{postfix}"
        begun = 100.0 * min(done, 1.0)
        self._bar = tqdm(total=100.0, initial=begun, disable=quiet, bar_format=layout)

    def show(self, done: float, transitions: int) -> None:
        """Move the bar to the fraction `done` of the budget, with the latest and the best return beside it."""
        text = f"{transitions} steps"
        if self._returns:
            text += f", return {self._returns[-1]:.2f}, best {self._best(self._returns):.2f}"
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.update(100.0 * min(done, 1.0) - self._bar.n)

    def log(self, transitions: int, metrics: Mapping[str, float]) -> None:
        """Write scalars to TensorBoard."""
        for name, value in metrics.items():
            self._events.add_scalar(name, value, transitions)

    def evaluated(self, row: Evaluation) -> None:
        """Append an evaluation to both records."""
        self._returns.append(row.return_mean)
        with self._file.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow(row)
        self.log(row.transitions, {"evaluation/return": row.return_mean})

    def close(self) -> None:
        """Leave a clean screen and complete files."""
        self._bar.close()
        self._events.close()

    def _write(self, rows: list[Evaluation]) -> None:
        with self._file.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([Evaluation._fields, *rows])


def read_progress(directory: Path) -> list[Evaluation]:
    """The evaluations of a run; a last line cut off by a kill is left out."""
    path = directory / PROGRESS_FILE
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        lines = [row for row in csv.reader(file) if len(row) == len(Evaluation._fields)]
    return [Evaluation(int(row[0]), *(float(value) for value in row[1:])) for row in lines[1:]]
