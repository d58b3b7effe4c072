"""What a run leaves behind: metrics.json, trajectories.npz, events.jsonl and run.png."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from mir2_core.errors import UserError
from mir2_core.recorder import Recorder, summary


class EventLog:
    """Appends one JSON object a line, at once, so that nothing is lost when the process dies."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "events.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.path.write_text("")
        except OSError as error:
            raise UserError(
                f"{folder}: the run folder cannot be written ({error.strerror}); choose another output"
            ) from None

    def add(self, time_s: float, event: str, **details: Any) -> None:
        """Write an event; `time_s` counts from the run's start."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"time_s": round(time_s, 3), "event": event, **details}) + "\n")


def write_run_folder(folder: Path, recorder: Recorder, facts: dict[str, Any]) -> None:
    """Write figures, trajectories and the picture of a run."""
    metrics = {**facts, **summary(recorder)}
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    if recorder.start_poses is None or not recorder.steps:
        return
    steps = recorder.steps
    np.savez_compressed(
        folder / "trajectories.npz",
        names=np.array(recorder.names),
        time_s=np.array([0.0, *(step.time_s for step in steps)]),
        poses=np.stack([recorder.start_poses, *(step.poses for step in steps)]),
        twists=np.stack([step.twists for step in steps]),
        reward=np.array([step.reward for step in steps]),
        compromised=np.array([[name in step.traitors for name in recorder.names] for step in steps]),
    )
    from mir2_swarm.run_plot import plot_run

    plot_run(folder / "run.png", recorder, facts)
