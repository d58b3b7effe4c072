"""The picture of a ladder: benign return on every rung, and what each rung adds to the one before."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mir2_policies.evaluation.statistics import Estimate
from mir2_policies.studies.ladder_report import FIGURES, Ladder

DPI = 120
WIDTH = 0.5  # that the policies of one rung take up, of the distance to the next
BENIGN = FIGURES[1]


def plot_ladder(ladder: Ladder, path: Path) -> None:
    """One column a condition, one colour a policy."""
    conditions = list(dict.fromkeys(label for _, label in ladder.cases))
    policies = list(dict.fromkeys(policy for policy, _ in ladder.cases))
    rungs, steps = [[rung] for rung in ladder.rungs], [list(pair) for pair in pairwise(ladder.rungs)]
    figure = Figure(figsize=(2.0 + 3.4 * len(conditions), 6.4), layout="constrained")
    panels = figure.subplots(2, len(conditions), sharey="row", squeeze=False)
    for column, condition in enumerate(conditions):
        for index, policy in enumerate(policies):
            beside = WIDTH * ((index + 0.5) / len(policies) - 0.5)
            for row, groups in enumerate((rungs, steps)):
                estimates = [ladder.estimate(policy, condition, group, BENIGN) for group in groups]
                _draw(panels[row][column], estimates, beside, color=f"C{index % 10}", label=policy)
        top, bottom = panels[:, column]
        top.set_title(condition, fontsize=10)
        top.set_xticks(range(len(rungs)), [str(rung) for (rung,) in rungs])
        bottom.set_xticks(range(len(steps)), [f"{first} → {second}" for first, second in steps])
        bottom.axhline(0.0, color="black", linewidth=0.8)
        bottom.set_xlabel("from rung to rung")
    panels[0][0].set_ylabel("benign return, larger is better")
    panels[1][0].set_ylabel("difference, same starts")
    titles = [f"{rung}: {title}" for rung, title in ladder.rungs.items()]
    figure.supxlabel("\n".join(titles), fontsize=8)
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=9)
    figure.savefig(path, dpi=DPI)


def _draw(panel: Any, estimates: Sequence[Estimate | None], beside: float, **style: str) -> None:
    """Points with their intervals, where there are any."""
    found = [(place + beside, estimate) for place, estimate in enumerate(estimates) if estimate]
    values = np.array([estimate for _, estimate in found]).reshape(-1, 3)
    spread = np.abs(values[:, 1:] - values[:, :1]).T
    panel.errorbar([place for place, _ in found], values[:, 0], spread, fmt="o", markersize=4, capsize=2, **style)
    panel.grid(axis="y", alpha=0.3)
