"""The picture of a ladder: benign return over the rungs, with what it loses from each to the next."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mir2_policies.studies.ladder_report import FIGURES, Ladder

DPI = 120
COLUMNS = 3
WIDTH = 0.5  # that the policies of one rung take up, of the distance to the next
BENIGN = FIGURES[1]


def plot_ladder(ladder: Ladder, path: Path) -> None:
    """One panel a condition, one line a policy."""
    conditions = list(dict.fromkeys(label for _, label in ladder.cases))
    policies = list(dict.fromkeys(policy for policy, _ in ladder.cases))
    columns = min(COLUMNS, len(conditions))
    rows = -(-len(conditions) // columns)
    figure = Figure(figsize=(1.5 + 3.6 * columns, 1.2 + 3.0 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for panel, condition in zip(panels, conditions, strict=False):
        for index, policy in enumerate(policies):
            found = [
                (place, estimate)
                for place, rung in enumerate(ladder.rungs)
                if (estimate := ladder.estimate(policy, condition, [rung], BENIGN))
            ]
            beside = WIDTH * ((index + 0.5) / len(policies) - 0.5)
            values = np.array([estimate for _, estimate in found]).reshape(-1, 3)
            spread = np.abs(values[:, 1:] - values[:, :1]).T
            places = [place + beside for place, _ in found]
            panel.errorbar(places, values[:, 0], spread, fmt="o-", markersize=4, capsize=2, label=policy)
        panel.set_title(condition, fontsize=10)
        panel.set_xticks(range(len(ladder.rungs)), [str(rung) for rung in ladder.rungs])
        panel.grid(axis="y", alpha=0.3)
    for panel in panels[len(conditions) :]:
        panel.set_visible(False)
    titles = "   ".join(f"{rung}: {title}" for rung, title in ladder.rungs.items())
    figure.supxlabel(titles, fontsize=8)
    figure.supylabel("benign return, larger is better", fontsize=10)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=9)
    figure.savefig(path, dpi=DPI)
