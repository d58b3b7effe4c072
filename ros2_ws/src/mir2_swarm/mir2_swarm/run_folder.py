"""What a run leaves behind: metrics.json, trajectories.npz, events.jsonl and run.png."""

import errno
import json
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mir2_core.digests import DIGESTS_FILE, note_digests
from mir2_core.errors import UserError
from mir2_core.files import writing
from mir2_core.recorder import Recorder, summary, write_trajectories

RESULTS = ("metrics.json", "trajectories.npz")
CUT_SHORT = "run_cut_short"
MOST_OF_A_KIND = 1000


def say(text: str) -> None:
    """Print a line, whether or not anybody still reads it."""
    with suppress(OSError):
        print(text, flush=True)


class EventLog:
    """Appends one JSON object a line, at once, so that nothing is lost when a process dies; several may write.

    What cannot be written is said on the screen. Of one kind of event a process writes `MOST_OF_A_KIND`, so that nobody
    fills the disk by causing them.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "events.jsonl"
        self._written: Counter[str] = Counter()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.path.touch()
        except OSError as error:
            raise UserError(
                f"{folder}: the run folder cannot be written ({error.strerror}); choose another output"
            ) from None

    def add(self, time_s: float, event: str, **details: Any) -> bool:
        """Write an event, unless it is one of too many; `time_s` counts from the run's start."""
        self._written[event] += 1
        if self._written[event] > MOST_OF_A_KIND:
            return False
        if self._written[event] == MOST_OF_A_KIND:
            details["more"] = "further events of this kind are not written down"
        line = json.dumps({"time_s": round(time_s, 3), "event": event, **details}) + "\n"
        try:
            self._append(line.encode())
        except OSError as error:
            say(f"{self.path}: cannot be written ({error.strerror}): {line.rstrip()}")
        return True

    def _append(self, line: bytes) -> None:
        """The whole line, or an error and nothing."""
        with self.path.open("ab", buffering=0) as file:
            end = file.tell()
            if file.write(line) < len(line):
                file.truncate(end)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def holds(self, event: str) -> bool:
        """Whether anybody has written down such an event."""
        try:
            return f'"event": "{event}"' in self.path.read_text(encoding="utf-8")
        except OSError:
            return False


def write_run_folder(folder: Path, recorder: Recorder, facts: dict[str, Any], made_of: Sequence[Path] = ()) -> None:
    """Write figures, trajectories and the picture of a run.

    Raises `UserError` for the first that cannot be written. What follows it is written if it can be, and figures that
    go to no file go to the screen.
    """
    metrics = json.dumps({**facts, **summary(recorder)}, indent=2)
    mistakes = []
    for name, write in (
        ("metrics.json", lambda path: path.write_text(metrics + "\n", encoding="utf-8")),
        ("trajectories.npz", lambda path: write_trajectories(path, recorder)),
        (
            DIGESTS_FILE,
            lambda _: note_digests(folder, [*made_of, *(name for name in RESULTS if (folder / name).exists())]),
        ),
        ("run.png", lambda path: _write_picture(path, recorder, facts)),
    ):
        try:
            with writing(folder / name):
                write(folder / name)
        except UserError as mistake:
            mistakes.append(mistake)
            if name == "metrics.json":
                say(metrics)
    if mistakes:
        raise mistakes[0]


def _write_picture(path: Path, recorder: Recorder, facts: dict[str, Any]) -> None:
    if recorder.start_poses is None or not recorder.steps:
        return
    from mir2_swarm.run_plot import plot_run

    plot_run(path, recorder, facts)
