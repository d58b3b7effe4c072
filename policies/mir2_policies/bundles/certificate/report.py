"""A certificate as JSON, as a Markdown table, and as a page."""

import html
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mir2_core.files import write_text, writing

from mir2_policies.bundles.certificate.certificate import Certificate, Entry
from mir2_policies.evaluation.report import html_page, html_table, markdown_table

CERTIFICATE_FILE = "certificate.json"
PAGE_FILE = "certificate.html"
HEADER = (
    "condition",
    "decisions",
    "bound: mean",
    "half below",
    "nine of ten below",
    "largest",
    "attack: mean",
    "largest",
    "largest gap",
    "open",
    "boxes",
    "CPU s a state",
)
DETAILS = ("condition", "episode", "step", "robot", "bound", "attack", "liar", "its report", "boxes", "CPU s")
SHOWN = 20
NOTES = (
    "A decision is what one robot does in one control step. Its bound is proved: whatever one of its allies reports "
    "(any place in the arena, any heading, or nothing), no number of the action, each within [−1, 1], departs by more "
    "from what it is if that ally tells the truth. All other allies tell the truth.",
    "The attack is the largest change that was found, by a search and in the middles of boxes; the bundle itself was "
    "asked. Bound and attack hold what cannot be known better between them: the gap.",
    "Open decisions are those whose gap is larger than was asked for when their boxes were used up. Their bounds hold, "
    "and could be lower.",
    "A bound is one of a single decision. It says nothing of what many lies in a row do to an episode.",
)


def write_certificate(certificate: Certificate, directory: Path) -> None:
    """Write all three into the folder."""
    rows = table(certificate)
    worst = sorted(certificate.entries, key=lambda entry: -entry.bound)[:SHOWN]
    details = [_details(entry) for entry in worst]
    title, how = _title(certificate), _how(certificate)
    with writing(directory):
        directory.mkdir(parents=True, exist_ok=True)
        write_text(directory / CERTIFICATE_FILE, certificate.model_dump_json(indent=1) + "\n")
        blocks = [f"# {title}", how, markdown_table(HEADER, rows), "## The worst decisions"]
        notes = "\n".join(f"- {note}" for note in NOTES)
        blocks += [markdown_table(DETAILS, details), "## What this means", notes]
        write_text(directory / "certificate.md", "\n\n".join(blocks) + "\n")
        body = [
            f"<h1>{html.escape(title)}</h1><p>{html.escape(how)}</p>",
            html_table(HEADER, rows),
            f"<h2>The worst decisions</h2>{html_table(DETAILS, details)}",
            "<h2>What this means</h2>",
            *(f"<p>{html.escape(note)}</p>" for note in NOTES),
        ]
        write_text(directory / PAGE_FILE, html_page(title, body))


def table(certificate: Certificate) -> list[list[str]]:
    """A row for each condition, and one for all if there are several."""
    conditions = certificate.conditions
    groups = {name: [entry for entry in certificate.entries if entry.condition == name] for name in conditions}
    if len(groups) > 1:
        groups["all"] = certificate.entries
    return [_row(name, group, certificate.gap) for name, group in groups.items()]


def _row(name: str, entries: Sequence[Entry], gap: float) -> list[str]:
    bounds, attacks = (np.array([getattr(entry, field) for entry in entries]) for field in ("bound", "attack"))
    states = {(entry.condition, *entry.traitors, entry.episode) for entry in entries}
    is_open = bounds - attacks > gap + 1e-4  # what is rounded, and the margin for single precision
    return [
        name,
        str(len(entries)),
        *(f"{value:.3f}" for value in (bounds.mean(), *np.quantile(bounds, [0.5, 0.9], method="higher"), bounds.max())),
        *(f"{value:.3f}" for value in (attacks.mean(), attacks.max(), (bounds - attacks).max())),
        str(int(is_open.sum())),
        f"{np.mean([entry.boxes for entry in entries]):.0f}",
        f"{sum(entry.seconds for entry in entries) / len(states):.1f}",
    ]


def _details(entry: Entry) -> list[str]:
    traitors = f", robot {', '.join(map(str, entry.traitors))} the traitor" if entry.traitors else ""
    report = ", ".join(f"{value:.2f}" for value in entry.report) or "silence"
    numbers = [str(value) for value in (entry.episode, entry.step, entry.robot)]
    return [
        entry.condition + traitors,
        *numbers,
        f"{entry.bound:.3f}",
        f"{entry.attack:.3f}",
        str(entry.liar),
        report,
        str(entry.boxes),
        f"{entry.seconds:.2f}",
    ]


def _title(certificate: Certificate) -> str:
    vote = f", voting against {certificate.vote}" if certificate.vote else ""
    return f"{certificate.policy}{vote}: what one lying ally of {certificate.task_parameters['robots']} robots can do"


def _how(certificate: Certificate) -> str:
    return (
        f"SHA-256 of the policy {certificate.file_sha256}. States: {certificate.states} of each condition, one at "
        f"random of each of as many episodes, seed {certificate.seed}. Bounds within {certificate.gap:g} of an attack, "
        f"or after {certificate.boxes} boxes."
    )
