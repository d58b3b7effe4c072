"""The worst that a suite of attacks found against every policy, with every family behind it, and a picture of it."""

import html
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from mir2_core.config import StrictModel, read_text
from mir2_core.errors import UserError
from mir2_core.files import write_text, writing
from pydantic import TypeAdapter, ValidationError

from mir2_policies.attacks.families import FAMILIES
from mir2_policies.attacks.theory import is_beyond, robots_needed
from mir2_policies.attacks.threats import THREATS
from mir2_policies.evaluation.report import html_page, html_picture, html_table, markdown_table

WORST_FILE = "worst.json"
WORST_PAGE = "worst.html"
WORST_PICTURE = "worst.png"
NOTES = (
    "Lost is the benign robots' return against the same starts with a loyal team, to the worst of all families: a "
    "lower bound on the harm. Of several runs, the mean and, in brackets, the least and the most. Lines are in the "
    "order of team sizes, and for each in that of what the worst run loses.",
    "Beyond theory (†): no rule can promise loyal robots to agree; it takes {same} robots where all hear the same, and "
    "{other} where each may hear something else, with F traitors.",
    "A figure in parentheses is not final in one run at least: half of the time would have found less than nine tenths "
    "of it.",
)


class Found(StrictModel):
    """What the suite found against one policy of one run."""

    policy: str  # as in the table of returns: its runs share the name
    rule: bool = False  # whether nobody trained it
    seed: int
    team: int
    threat: str
    tracker: bool
    robots: list[int]
    worst: str  # family
    loss: float
    standard_error: float
    settled: bool
    minutes: float
    families: dict[str, float]  # what each lost

    @property
    def victims(self) -> tuple[int, str, str, bool, int]:
        """What is put together: runs of one policy, as teams of one size, under one threat by so many traitors."""
        return self.team, self.policy, *self.attackers

    @property
    def attackers(self) -> tuple[str, bool, int]:
        """The threat, whether victims judge what they hear, and how many traitors there are."""
        return self.threat, self.tracker, len(self.robots)

    @property
    def heard(self) -> str:
        """The threat in words."""
        return self.threat + (", tracked" if self.tracker else "")


FOUND = TypeAdapter(list[Found])


def grouped(found: Iterable[Found]) -> list[list[Found]]:
    """What is put together, smallest teams first, and for each the worst first."""
    groups: dict[tuple[int, str, str, bool, int], list[Found]] = {}
    for each in found:
        groups.setdefault(each.victims, []).append(each)
    return sorted(groups.values(), key=lambda group: (group[0].team, -max(each.loss for each in group)))


def read_worst(path: Path) -> list[Found]:
    """What `write_worst` has written as JSON."""
    try:
        return FOUND.validate_json(read_text(path, "the worst attacks of a study"))
    except ValidationError:
        raise UserError(f"{path}: not the worst attacks of a study; let 'mir2 study' report them anew") from None


def merged(found: Iterable[Found]) -> list[Found]:
    """Where one policy of one seed was attacked alike in several studies, the worse attack counts."""
    worst: dict[tuple[object, ...], Found] = {}
    for each in found:
        key = (*each.victims, *each.robots, each.seed)
        worst[key] = max(worst.get(key, each), each, key=lambda one: one.loss)
    return list(worst.values())


def write_worst(found: Sequence[Found], directory: Path) -> None:
    """As JSON, as a Markdown table, as a picture and as a page."""
    from mir2_policies.studies.worst_plot import plot_worst

    with writing(directory):
        directory.mkdir(parents=True, exist_ok=True)
        write_text(directory / WORST_FILE, FOUND.dump_json(list(found), indent=1).decode() + "\n")
        header, rows = table(found)
        notes = [note.format(same="2F + 1", other="3F + 1") for note in NOTES]
        write_text(
            directory / "worst.md", "\n\n".join(["# Worst attacks", markdown_table(header, rows), *notes]) + "\n"
        )
        plot_worst(grouped(found), directory / WORST_PICTURE)
        picture = html_picture(directory / WORST_PICTURE, "What is lost to the worst attack")
        notes_shown = [f"<p>{html.escape(note)}</p>" for note in notes]
        parts = ["<h1>Worst attacks</h1>", picture, html_table(header, rows), *notes_shown]
        write_text(directory / WORST_PAGE, html_page("Worst attacks", parts))


def table(found: Sequence[Found]) -> tuple[list[str], list[list[str]]]:
    """Header and rows, the worst attack first and then every family."""
    families = [name for name in FAMILIES if any(name in each.families for each in found)]
    header = ["policy", "threat", "robots", "traitors", "runs", "worst: lost", "to", *families, "minutes"]
    return header, [_row(group, families) for group in grouped(found)]


def _row(group: Sequence[Found], families: Sequence[str]) -> list[str]:
    first, runs = group[0], len({each.seed for each in group})
    threat = THREATS[first.threat]
    beyond = is_beyond(first.team, len(first.robots), threat)
    needed = f"† of {robots_needed(len(first.robots), threat)}" if beyond else ""
    lost = _spread([each.loss for each in group])
    worst = max(group, key=lambda each: each.loss)
    if len(group) == 1:
        lost += f" ± {worst.standard_error:.2f}"
    each_family = [
        _spread([each.families[name] for each in group if name in each.families] or [np.nan]) for name in families
    ]
    return [
        first.policy,
        first.heard,
        str(first.team),
        f"{len(first.robots)} {needed}".strip(),
        str(runs),
        lost if all(each.settled for each in group) else f"({lost})",
        worst.worst,
        *each_family,
        f"{sum(each.minutes for each in group):.1f}",
    ]


def _spread(values: Sequence[float]) -> str:
    if np.isnan(values).any():
        return ""
    mean = f"{np.mean(values):.2f}"
    return mean if len(values) == 1 else f"{mean} [{min(values):.2f}, {max(values):.2f}]"
