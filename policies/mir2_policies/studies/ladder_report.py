"""Write a ladder down: differences between rungs, the figures of each, a picture, and one page that holds it all."""

import html
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mir2_core.config import StrictModel
from mir2_core.ending import MISSED_SHARE
from mir2_core.files import write_text, writing
from pydantic import Field

from mir2_policies.evaluation.report import html_page, html_picture, html_table, markdown_table
from mir2_policies.evaluation.rungs import EQUAL, Outcome, Twins
from mir2_policies.evaluation.statistics import Estimate, mean_interval

DATA_FILE, TABLE_FILE, PAGE_FILE, PICTURE_FILE = "ladder.json", "ladder.md", "ladder.html", "ladder.png"
NOTES = {
    "differences": "later rung minus earlier one, of episodes with the same start, seed and traitors; below 0 the "
    "later rung is worse, but for the time to rendezvous, where more is worse",
    "intervals": "95 %, in brackets: bootstrap over starts, each with the mean of its training runs and places of "
    "traitors; they say nothing about other training runs",
    "team return": "sum of the rewards of an episode; from rung 1 on for the actions that gates let through",
    "benign return": "the same formula over the benign robots, their pairs and their actions alone",
    "success": "share of episodes at whose end all benign robots are within 10 cm of each other, bodies apart from "
    "what a packed team needs",
    "time to rendezvous": "until they first are; an episode in which they never are counts with its whole length",
    "collisions": "how often a body began to touch another one, or a wall, as seen ten times a second",
    "interventions": "what gates changed: robots, steps and reasons, added up",
    "age": "of the newest report that was believed of each ally that is not absent, by its stamp, when the gate "
    "decided; what a disturbance delays before it is stamped is not in it. Mean of the percentiles of episodes",
    "missed deadlines": "robots and steps whose command came more than a control period after the state, or never",
}
Value = Callable[[Outcome], float | None]


class Figure(NamedTuple):
    """A column: its header, the number of an episode, and how it is written."""

    header: str
    value: Value
    scale: float = 1.0
    digits: int = 2


FIGURES = (
    Figure("team return", lambda each: each.team_return),
    Figure("benign return", lambda each: each.benign_return),
    Figure("success (%)", lambda each: each.success, 100.0, 0),
    Figure("time to rendezvous (s)", lambda each: each.rendezvous_s, digits=1),
    Figure("collisions", lambda each: each.collisions, digits=1),
    Figure("interventions", lambda each: each.interventions, digits=0),
    Figure("age p50 (ms)", lambda each: each.ally_age_ms_p50, digits=0),
    Figure("age p99 (ms)", lambda each: each.ally_age_ms_p99, digits=0),
    Figure("missed deadlines", lambda each: each.missed_deadlines, digits=1),
)
COMPARED = FIGURES[:4]


class Ladder(StrictModel):
    """Every episode on every rung."""

    task: str
    task_parameters: dict[str, Any]
    seeds: list[int]
    rungs: dict[int, str]
    twins: list[Twins]
    episodes: list[Outcome] = Field(min_length=1)

    @property
    def cases(self) -> list[tuple[str, str]]:
        """Policies with conditions, in order of appearance."""
        return list(dict.fromkeys((each.policy, each.label) for each in self.episodes))

    def estimate(self, policy: str, label: str, rungs: Sequence[int], figure: Figure) -> Estimate | None:
        """A figure on a rung, or what is added to it from the first of two rungs to the second; None if not there."""
        by_rung = [self._by_start(policy, label, rung, figure) for rung in rungs]
        common = [seed for seed in self.seeds if all(seed in starts for starts in by_rung)]
        if not common:
            return None
        values = np.array([[starts[seed] for seed in common] for starts in by_rung])
        return Estimate(
            *(
                figure.scale * each
                for each in mean_interval(np.diff(values, axis=0)[0] if len(rungs) > 1 else values[0])
            )
        )

    def _by_start(self, policy: str, label: str, rung: int, figure: Figure) -> dict[int, float]:
        """The mean of each seed's episodes."""
        found: dict[int, list[float]] = {}
        for each in self.episodes:
            value = figure.value(each)
            if (each.policy, each.label, each.rung) == (policy, label, rung) and value is not None:
                found.setdefault(each.seed, []).append(value)
        return {seed: float(np.mean(values)) for seed, values in found.items()}


class Difference(NamedTuple):
    """What changes from one rung to a later one; the estimates are in the order of `COMPARED`."""

    policy: str
    condition: str
    rungs: tuple[int, int]
    estimates: tuple[Estimate, ...]

    @property
    def steps(self) -> str:
        """The rungs in words."""
        return f"{self.rungs[0]} → {self.rungs[1]}"

    @property
    def benign(self) -> Estimate:
        """That of the benign return."""
        return self.estimates[1]


def differences(ladder: Ladder) -> list[Difference]:
    """From each rung to the next, and from the first to the last, in every case."""
    rungs = list(ladder.rungs)
    pairs = [*pairwise(rungs), *([(rungs[0], rungs[-1])] if len(rungs) > 2 else [])]
    found = []
    for policy, label in ladder.cases:
        for pair in pairs:
            estimates = [ladder.estimate(policy, label, pair, figure) for figure in COMPARED]
            there = tuple(each for each in estimates if each is not None)
            if len(there) == len(estimates):
                found.append(Difference(policy, label, pair, there))
    return found


def write_ladder(ladder: Ladder, directory: Path) -> None:
    """As data, as Markdown, as a picture and as a page."""
    from mir2_policies.studies.ladder_plot import plot_ladder

    with writing(directory):
        write_text(directory / DATA_FILE, ladder.model_dump_json(indent=1) + "\n")
        write_text(directory / TABLE_FILE, markdown(ladder))
        plot_ladder(ladder, directory / PICTURE_FILE)
        write_text(directory / PAGE_FILE, page(ladder, directory / PICTURE_FILE))


def markdown(ladder: Ladder) -> str:
    """Differences, then figures, one table of either for each case."""
    blocks = [f"# {_title(ladder)}", *_facts(ladder), "## Differences between rungs"]
    blocks.append(markdown_table(*_difference_table(ladder)))
    blocks += ["## Figures", markdown_table(*_figure_table(ladder)), "## What the columns mean"]
    blocks.append("\n".join(f"- {name}: {text}." for name, text in NOTES.items()))
    return "\n\n".join(blocks) + "\n"


def page(ladder: Ladder, picture: Path) -> str:
    """One HTML page."""
    parts = [f"<h1>{html.escape(_title(ladder))}</h1>", *(f"<p>{html.escape(each)}</p>" for each in _facts(ladder))]
    parts += ["<h2>Differences between rungs</h2>", html_table(*_difference_table(ladder))]
    parts += [html_picture(picture, "Benign return on every rung")]
    parts += ["<h2>Figures</h2>", html_table(*_figure_table(ladder)), "<h2>What the columns mean</h2>"]
    notes = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(text)}.</dd>" for name, text in NOTES.items())
    return html_page(_title(ladder), [*parts, f"<dl>{notes}</dl>"])


def _title(ladder: Ladder) -> str:
    return f"{ladder.task.capitalize()} of {ladder.task_parameters['robots']} robots, rung by rung"


def _facts(ladder: Ladder) -> list[str]:
    rungs = "; ".join(f"{rung}: {title}" for rung, title in ladder.rungs.items())
    facts = [f"Rungs: {rungs}.", f"Seeds of the starts: {', '.join(map(str, ladder.seeds))}."]
    for twins in ladder.twins:
        first, second = twins.rungs
        verdict = "are equal" if twins.equal else "ARE NOT EQUAL"
        facts.append(
            f"Rungs {first} and {second} {verdict}: places, headings and commands differ by at most "
            f"{twins.largest:.2g} (m, rad, m/s, rad/s) in {twins.episodes} episodes; allowed: {EQUAL:g}."
        )
    for rung, missed in _missed(ladder).items():
        if missed > MISSED_SHARE:
            facts.append(
                f"ON RUNG {rung}, {100.0 * missed:.0f} % OF ALL DEADLINES WERE MISSED: its figures, and differences "
                "to it, are those of a machine that was too slow or too busy, not of the policy."
            )
    return facts


def _missed(ladder: Ladder) -> dict[int, float]:
    """The share of robots and steps whose command was late, of each rung that has deadlines."""
    steps = ladder.task_parameters["robots"] * ladder.task_parameters["horizon"]
    by_rung: dict[int, list[int]] = {}
    for each in ladder.episodes:
        if each.missed_deadlines is not None:
            by_rung.setdefault(each.rung, []).append(each.missed_deadlines)
    return {rung: float(np.mean(missed)) / steps for rung, missed in by_rung.items()}


def _difference_table(ladder: Ladder) -> tuple[list[str], list[list[str]]]:
    header = ["policy", "condition", "rungs", *(figure.header for figure in COMPARED)]
    rows = [
        [
            each.policy,
            each.condition,
            each.steps,
            *(_cell(*pair, sign="+") for pair in zip(each.estimates, COMPARED, strict=True)),
        ]
        for each in differences(ladder)
    ]
    return header, rows


def _figure_table(ladder: Ladder) -> tuple[list[str], list[list[str]]]:
    header = ["policy", "condition", "rung", *(figure.header for figure in FIGURES)]
    rows = []
    for policy, label in ladder.cases:
        for rung, title in ladder.rungs.items():
            cells = [_cell(ladder.estimate(policy, label, [rung], figure), figure) for figure in FIGURES]
            if any(cells):
                rows.append([policy, label, f"{rung} {title}", *cells])
    return header, rows


def _cell(estimate: Estimate | None, figure: Figure, sign: str = "") -> str:
    """A figure with its interval, if it has one; nothing if it is not there."""
    if estimate is None:
        return ""
    value, low, high = (f"{each:{sign}.{figure.digits}f}".replace("-", "−") for each in estimate)
    return value if estimate.low == estimate.high else f"{value} [{low}, {high}]"
