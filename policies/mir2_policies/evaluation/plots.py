"""Pictures of an evaluation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from mir2_core.pictures import draw_arena, draw_intervals, draw_paths, draw_reports
from mir2_core.traitors.traitor import benign_robots

from mir2_policies.evaluation.episodes import Episodes, FloatArray
from mir2_policies.evaluation.statistics import Estimate
from mir2_policies.evaluation.table import CLEAN, Summary

DPI = 120
ROW_INCHES = 0.17
MARKERS = "os^"
FAR_QUARTILES = 3.0  # from the middle half of all values, in its widths


def plot_returns(summaries: Sequence[Summary], path: Path) -> None:
    """Team and benign returns of every policy in every condition, with their intervals."""
    panels = [
        ("return of the team, as published", [row.team for row in summaries]),
        ("return over benign robots", [row.benign for row in summaries]),
    ]
    _plot_estimates(summaries, panels, "larger is better; bars: 95 % bootstrap intervals", path, zoom=True)


def plot_gap(summaries: Sequence[Summary], path: Path) -> None:
    """What each policy loses to each kind of traitor."""
    attacked = [row for row in summaries if row.condition != CLEAN]
    panel = ("benign return lost against loyal teams", [row.gap for row in attacked])
    _plot_estimates(attacked, [panel], "smaller is better; bars: 95 % bootstrap intervals", path)


def plot_paths(episodes: Sequence[tuple[str, Episodes]], arena_m: float, path: Path) -> None:
    """The first episode of each record side by side."""
    figure = Figure(figsize=(4.6 * len(episodes), 5.0), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(episodes), sharex=True, sharey=True))
    for axes, (title, record) in zip(panels, episodes, strict=True):
        _draw_paths(axes, record)
        draw_arena(axes, arena_m)
        axes.set_title(title)
        axes.label_outer()
        axes.grid(alpha=0.2)
    handles: dict[str, Any] = {}
    for axes in panels:
        handles |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=len(handles))
    figure.savefig(path, dpi=DPI)


def _draw_paths(axes: Any, record: Episodes) -> None:
    """The first episode as long as it lasted, and what its traitors said where that was not the truth."""
    lasted = int(record.going[:, 0].sum())
    poses = record.poses[: lasted + 1, 0]
    names = [f"robot_{row}" for row in range(poses.shape[1])]
    traitors = np.zeros((lasted, len(names)), dtype=np.bool_)
    traitors[:, list(record.robots)] = True
    draw_paths(axes, poses, traitors, names)
    told, truth = record.reported[:lasted, 0], poses[:-1, list(record.robots)]
    if told.ndim == 4:  # another lie to each benign robot
        told, truth = (values.reshape(lasted, -1, 3) for values in _to_benign(told, truth, record.robots))
    if record.robots and not np.allclose(told, truth):
        draw_reports(axes, told)


def _to_benign(told: FloatArray, truth: FloatArray, robots: Sequence[int]) -> tuple[FloatArray, FloatArray]:
    """What benign robots are told (T, K, M, 3) of what all are (T, K, N, 3), and the truth (T, K, 3) beside it."""
    heard = told[:, :, benign_robots(told.shape[2], robots)]
    return heard, np.broadcast_to(truth[:, :, None], heard.shape)


def _plot_estimates(
    summaries: Sequence[Summary],
    panels: Sequence[tuple[str, Sequence[Estimate]]],
    note: str,
    path: Path,
    *,
    zoom: bool = False,
) -> None:
    """One block of rows per condition, one row in it per policy."""
    policies = list(dict.fromkeys(row.policy for row in summaries))
    conditions = list(dict.fromkeys(row.condition for row in summaries))
    spacing = len(policies) + 1.0
    places = [conditions.index(row.condition) * spacing + policies.index(row.policy) for row in summaries]
    height = 1.6 + ROW_INCHES * spacing * len(conditions) + 0.2 * np.ceil(len(policies) / 4)
    figure = Figure(figsize=(2.5 + 4.2 * len(panels), float(height)), layout="constrained")
    columns = np.atleast_1d(figure.subplots(1, len(panels), sharey=True))
    for axes, (title, estimates) in zip(columns, panels, strict=True):
        for index, policy in enumerate(policies):
            mine = [k for k, row in enumerate(summaries) if row.policy == policy]
            marker = MARKERS[index // 10 % len(MARKERS)]  # colours repeat after ten
            heights, style = [places[k] for k in mine], {"fmt": marker, "color": f"C{index}", "label": policy}
            draw_intervals(axes, [estimates[k] for k in mine], heights, **style)
        if zoom:
            _zoom(axes, [estimate.value for estimate in estimates], places)
        axes.set_title(title, fontsize=11)
        axes.grid(axis="x", alpha=0.3)
        for border in range(1, len(conditions)):
            axes.axhline(border * spacing - 1.0, color="black", alpha=0.15, linewidth=0.8)
    middle = 0.5 * (len(policies) - 1.0)
    columns[0].set_yticks([k * spacing + middle for k in range(len(conditions))], conditions)
    columns[0].set_ylim(len(conditions) * spacing - 1.0, -1.0)
    figure.supxlabel(note, fontsize=9)
    handles, labels = columns[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=min(4, len(labels)), fontsize=9)
    figure.savefig(path, dpi=DPI)


def _zoom(axes: Any, values: Sequence[float], places: Sequence[float]) -> None:
    """Show where most values lie; what is far off is written at the edge."""
    first, third = np.percentile(values, [25, 75])
    margin = FAR_QUARTILES * max(third - first, 1e-3)
    seen = [value for value in values if first - margin <= value <= third + margin]
    pad = 0.05 * max(max(seen) - min(seen), 1e-3)
    low, high = min(seen) - pad, max(seen) + pad
    if len(seen) < len(values):
        axes.set_xlim(low, high)
    for value, place in zip(values, places, strict=True):
        if not low <= value <= high:
            edge, text = (0.01, f"← {value:.3g}") if value < low else (0.99, f"{value:.3g} →")
            side = "left" if value < low else "right"
            white = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
            style = {"ha": side, "va": "center", "fontsize": 7, "bbox": white}
            axes.text(edge, place, text, transform=axes.get_yaxis_transform(), **style)
