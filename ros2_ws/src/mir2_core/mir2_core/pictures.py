"""What runs and evaluations draw alike: colours, paths, traitors and intervals, on the axes of a Matplotlib figure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mir2_core.types import FloatArray

BENIGN, TRAITOR, REPORTED = "#2a6f97", "#d1495b", "#e9a23b"

Axes = Any  # matplotlib.axes.Axes


def draw_arena(axes: Axes, side_m: float) -> None:
    """The square [0, side_m]² in metres."""
    axes.set(xlim=(0.0, side_m), ylim=(0.0, side_m), aspect="equal", xlabel="x (m)", ylabel="y (m)")


def draw_paths(axes: Axes, poses: FloatArray, traitors: NDArray[np.bool_], names: Sequence[str]) -> None:
    """Paths of poses (T + 1, N, 3), red where traitors (T, N); open circles at the start, filled ones at the end."""
    for row, name in enumerate(names):
        x, y = poses[:, row, 0], poses[:, row, 1]
        red = np.append(traitors[:1, row], traitors[:, row])
        traitor = bool(red.any())
        axes.plot(x, y, color=BENIGN, linewidth=1.0, alpha=0.7, zorder=2)
        if traitor:
            x_red, y_red = np.where(red, x, np.nan), np.where(red, y, np.nan)
            label = f"{name} as a traitor"
            axes.plot(x_red, y_red, color=TRAITOR, linewidth=2.0, zorder=3, label=label)
        colour = TRAITOR if traitor else BENIGN
        axes.plot(x[0], y[0], "o", markerfacecolor="white", markeredgecolor=colour, markersize=6, zorder=4)
        axes.plot(x[-1], y[-1], "o", color=colour, markersize=7, zorder=5)
        axes.annotate(name.removeprefix("robot_"), (x[0], y[0]), (4, 4), textcoords="offset points", fontsize=8)


def draw_reports(axes: Axes, reported: FloatArray) -> None:
    """Where traitors (T, K, 3) say they are."""
    for row in range(reported.shape[1]):
        label = "reported by the traitor" if row == 0 else None
        axes.plot(*reported[:, row, :2].T, ".", color=REPORTED, markersize=3, alpha=0.6, label=label)


def shade_traitors(axes: Axes, time_s: ArrayLike, turned: NDArray[np.bool_]) -> None:
    """Shade the steps (T,) that end at `time_s` (T,) in which any robot was a traitor, `turned` (T,)."""
    ends = np.asarray(time_s, dtype=np.float64)
    begins = np.concatenate([[0.0], ends[:-1]])
    for begin, end in zip(begins[turned], ends[turned], strict=True):
        axes.axvspan(begin, end, color=TRAITOR, alpha=0.12, linewidth=0)


def draw_intervals(axes: Axes, estimates: ArrayLike, places: Sequence[float], **style: Any) -> None:
    """Estimates (K, 3) of value, low and high as points with bars at the heights `places` (K,)."""
    values = np.asarray(estimates, dtype=np.float64)
    spread = np.abs(values[:, 1:] - values[:, :1]).T
    axes.errorbar(values[:, 0], places, xerr=spread, markersize=4, capsize=2, linewidth=1.4, **style)
