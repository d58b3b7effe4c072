"""The picture of a run: paths, pair distances and reward over time, compromised robots marked."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from mir2_core.recorder import Recorder

BENIGN, TRAITOR = "#2a6f97", "#d1495b"


def plot_run(path: Path, recorder: Recorder, facts: dict[str, Any]) -> None:
    """Draw a run with at least one step into a PNG file."""
    figure = plt.figure(figsize=(12, 6), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(1, 1.1))
    _paths(figure.add_subplot(grid[:, 0]), recorder)
    _distances(figure.add_subplot(grid[0, 1]), recorder)
    _rewards(figure.add_subplot(grid[1, 1]), recorder)
    traitors = ", ".join(sorted(recorder.ever_compromised)) or "none"
    figure.suptitle(
        f"{facts['task']} · {len(recorder.names)} robots · {facts['policy']} · {facts['backend']}, {facts['mode']}, "
        f"seed {facts['seed']} · compromised: {traitors}"
    )
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _paths(axes: Axes, recorder: Recorder) -> None:
    assert recorder.start_poses is not None
    poses = np.stack([recorder.start_poses, *(step.poses for step in recorder.steps)])
    faulty = np.array([[name in step.compromised for name in recorder.names] for step in recorder.steps])
    for row, name in enumerate(recorder.names):
        x, y = poses[:, row, 0], poses[:, row, 1]
        traitor = name in recorder.ever_compromised
        axes.plot(x, y, color=BENIGN, linewidth=1.0, alpha=0.7, zorder=2)
        if traitor:
            under_fault = np.append(faulty[:1, row], faulty[:, row])
            axes.plot(
                np.where(under_fault, x, np.nan), np.where(under_fault, y, np.nan),
                color=TRAITOR, linewidth=2.0, zorder=3, label=f"{name} while compromised",
            )  # fmt: skip
        color = TRAITOR if traitor else BENIGN
        axes.plot(x[0], y[0], "o", markerfacecolor="white", markeredgecolor=color, markersize=6, zorder=4)
        axes.plot(x[-1], y[-1], "o", color=color, markersize=7, zorder=5)
        axes.annotate(name.removeprefix("robot_"), (x[0], y[0]), (4, 4), textcoords="offset points", fontsize=8)
    side = recorder.task.params.arena_m
    axes.set(xlim=(0, side), ylim=(0, side), aspect="equal", xlabel="x (m)", ylabel="y (m)")
    axes.set_title("paths: open circles start, filled circles end", fontsize=10)
    if recorder.ever_compromised:
        axes.legend(loc="best", fontsize=8)


def _distances(axes: Axes, recorder: Recorder) -> None:
    time_s = [step.time_s for step in recorder.steps]
    axes.plot(time_s, [step.mean_distance_m for step in recorder.steps], color="black", label="mean of all pairs")
    axes.plot(
        time_s, [step.max_distance_m for step in recorder.steps], color="black", linestyle=":", label="widest pair"
    )
    if recorder.ever_compromised:
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
    dt_s = recorder.task.params.dt_s
    for step in recorder.steps:
        if step.compromised:
            axes.axvspan(step.time_s - dt_s, step.time_s, color=TRAITOR, alpha=0.12, linewidth=0)
