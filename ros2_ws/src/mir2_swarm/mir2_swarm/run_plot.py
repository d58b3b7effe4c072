"""The picture of a run: paths, pair distances and reward over time, traitors marked."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from mir2_core.pictures import BENIGN, draw_arena, draw_paths, shade_traitors
from mir2_core.recorder import Recorder
from numpy.typing import NDArray


def plot_run(path: Path, recorder: Recorder, facts: dict[str, Any]) -> None:
    """Draw a run with at least one step into a PNG file."""
    figure = plt.figure(figsize=(12, 6), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(1, 1.1))
    _paths(figure.add_subplot(grid[:, 0]), recorder)
    _distances(figure.add_subplot(grid[0, 1]), recorder)
    _rewards(figure.add_subplot(grid[1, 1]), recorder)
    traitors = ", ".join(sorted(recorder.all_traitors)) or "none"
    policy = f"{facts['policy']}, vote {facts['vote']}" if facts["vote"] else facts["policy"]
    figure.suptitle(
        f"{facts['task']} · {len(recorder.names)} robots · {policy} · {facts['backend']}, {facts['mode']}, "
        f"seed {facts['seed']} · traitors: {traitors}"
    )
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _paths(axes: Axes, recorder: Recorder) -> None:
    assert recorder.start_poses is not None
    poses = np.stack([recorder.start_poses, *(step.poses for step in recorder.steps)])
    draw_paths(axes, poses, _traitors(recorder), recorder.names)
    draw_arena(axes, recorder.task.params.arena_m)
    axes.set_title("paths: open circles start, filled circles end", fontsize=10)
    if recorder.all_traitors:
        axes.legend(loc="best", fontsize=8)


def _distances(axes: Axes, recorder: Recorder) -> None:
    time_s = [step.time_s for step in recorder.steps]
    axes.plot(time_s, [step.mean_distance_m for step in recorder.steps], color="black", label="mean of all pairs")
    axes.plot(
        time_s, [step.max_distance_m for step in recorder.steps], color="black", linestyle=":", label="widest pair"
    )
    if recorder.all_traitors:
        benign = [step.benign_mean_distance_m for step in recorder.steps]
        axes.plot(time_s, benign, color=BENIGN, label="mean of benign pairs")
    axes.axhline(recorder.rendezvous_m, color="grey", linewidth=0.8, linestyle="--")
    axes.set(ylabel="pair distance (m)", xlim=(0, time_s[-1]), ylim=(0, None))
    _shade_faults(axes, recorder)
    axes.legend(fontsize=8, loc="upper right")


def _rewards(axes: Axes, recorder: Recorder) -> None:
    time_s = [step.time_s for step in recorder.steps]
    axes.plot(time_s, [step.reward for step in recorder.steps], color="black")
    axes.set(xlabel="time (s)", ylabel="team reward per step", xlim=(0, time_s[-1]))
    axes.set_title(f"sum {recorder.steps[-1].cumulative_reward:.2f} over {len(time_s)} steps", fontsize=10)
    _shade_faults(axes, recorder)


def _shade_faults(axes: Axes, recorder: Recorder) -> None:
    anybody = np.array([bool(step.traitors) for step in recorder.steps])
    shade_traitors(axes, [step.time_s for step in recorder.steps], anybody)


def _traitors(recorder: Recorder) -> NDArray[np.bool_]:
    """Who (T, N) was a traitor in each step."""
    return np.array([[name in step.traitors for name in recorder.names] for step in recorder.steps])
