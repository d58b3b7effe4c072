"""The picture of a suite of attacks: what each family had found when."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure


def plot_suite(families: Sequence[dict[str, Any]], title: str, aim: str, path: Path) -> None:
    """Learning curves on the left, the figures on fresh starts on the right."""
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    curves, bars = figure.subplots(1, 2, width_ratios=(3, 2), sharey=True)
    before = 0.0
    for index, family in enumerate(families):
        seconds, losses = zip(*family["curve"], strict=True)
        style = {"color": f"C{index}", "marker": ".", "label": family["family"]}
        curves.plot([(before + second) / 60.0 for second in seconds], losses, **style)
        bars.bar(index, family["loss_mean"], yerr=family["loss_standard_error"], color=f"C{index}", capsize=3)
        before += family["seconds"]
    curves.set_xlabel("minutes since the suite began")
    curves.set_ylabel(f"{aim} return lost, best so far")
    curves.legend(fontsize=8)
    bars.set_xticks(range(len(families)), [family["family"] for family in families], rotation=30)
    bars.set_title("on fresh starts, with standard errors", fontsize=10)
    for axes in (curves, bars):
        axes.grid(alpha=0.3)
    figure.suptitle(title, fontsize=11)
    figure.savefig(path, dpi=120)
