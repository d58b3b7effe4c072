"""What each policy and rule loses to the worst attack, over the size of the team."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mir2_policies.attacks.theory import is_beyond
from mir2_policies.attacks.threats import THREATS
from mir2_policies.studies.worst import Found

DPI = 120
LINEAR_UNTIL = 1.0  # of a loss; beyond it the axis is logarithmic
TICKS = (-100, -10, -1, -0.5, 0, 0.5, 1, 2, 5, 10, 20, 50, 100, 200)
LETTERS = 13  # of the note in an inch
WIDTH = 0.7  # that the policies of one size take up, of the distance to the next
NOTE = (
    "smaller is better; bars: least and most of several runs, or the standard error of one; hollow: not final in one "
    "run at least; grey: too few robots for any rule"
)
Group = Sequence[Found]


def plot_worst(groups: Sequence[Group], path: Path) -> None:
    """One panel for each threat and number of traitors; each group is runs of one policy at one size."""
    firsts = [group[0] for group in groups]
    policies = sorted({(each.rule, each.policy) for each in firsts})
    threats = sorted({(list(THREATS).index(each.threat), each.tracker, each.threat, each.heard) for each in firsts})
    counts, teams = sorted({len(each.robots) for each in firsts}), sorted({each.team for each in firsts})
    size = (2.0 + max(2.6, 0.55 * len(teams)) * len(threats), 1.4 + 2.9 * len(counts) + 0.2 * (len(policies) // 5))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(counts), len(threats), sharex=True, sharey=True, squeeze=False)
    for row, count in enumerate(counts):
        for column, (_, tracker, threat, heard) in enumerate(threats):
            axes = panels[row][column]
            mine = [group for group in groups if group[0].attackers == (threat, tracker, count)]
            _draw(axes, mine, policies, teams)
            for place, team in enumerate(teams):
                if is_beyond(team, count, THREATS[threat]):
                    axes.axvspan(place - 0.5, place + 0.5, color="black", alpha=0.07, linewidth=0)
            axes.set_title(f"{heard}, {count} {'traitor' if count == 1 else 'traitors'}", fontsize=10)
            axes.set_yscale("symlog", linthresh=LINEAR_UNTIL)
            low, high = axes.get_ylim()
            axes.set_yticks([tick for tick in TICKS if low <= tick <= high], minor=False)
            axes.yaxis.set_major_formatter("{x:g}")
            axes.set_xticks(range(len(teams)), list(map(str, teams)))
            axes.set_xlim(-0.5, len(teams) - 0.5)
            axes.grid(axis="y", alpha=0.3)
            axes.label_outer()
    figure.supxlabel(f"robots of the team\n{fill(NOTE, round(LETTERS * size[0]))}", fontsize=9)
    figure.supylabel("benign return lost to the worst attack", fontsize=10)
    handles: dict[str, Any] = {}
    for axes in panels.flat:
        handles |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    names = [policy for _, policy in policies]
    figure.legend([handles[name] for name in names], names, loc="outside upper center", ncols=5, fontsize=9)
    figure.savefig(path, dpi=DPI)


def _draw(axes: Any, groups: Sequence[Group], policies: Sequence[tuple[bool, str]], teams: Sequence[int]) -> None:
    """Every policy of a panel as a line through its sizes, side by side; rules dashed."""
    for index, (rule, policy) in enumerate(policies):
        mine = [group for group in groups if group[0].policy == policy]
        if not mine:
            continue
        beside = WIDTH * ((index + 0.5) / len(policies) - 0.5)
        places = [teams.index(group[0].team) + beside for group in mine]
        means, spreads = zip(*map(_mean_and_spread, mine), strict=True)
        style = {"color": f"C{index % 10}", "linestyle": "--" if rule else "-", "linewidth": 1.2}
        axes.errorbar(places, means, yerr=np.transpose(spreads), capsize=2, label=policy, **style)
        for place, mean, group in zip(places, means, mine, strict=True):
            filled = style["color"] if all(each.settled for each in group) else "white"
            marker = {"marker": "s" if rule else "o", "markersize": 4, "markerfacecolor": filled}
            axes.plot([place], [mean], color=style["color"], zorder=3, **marker)


def _mean_and_spread(group: Group) -> tuple[float, tuple[float, float]]:
    losses = [each.loss for each in group]
    if len(group) == 1:
        return losses[0], (group[0].standard_error,) * 2
    mean = float(np.mean(losses))
    return mean, (mean - min(losses), max(losses) - mean)
