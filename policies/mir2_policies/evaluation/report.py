"""Write an evaluation down: tables, pictures, and one page that needs nothing beside it."""

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mir2_core.files import write_text, writing

from mir2_policies.evaluation.episodes import Episodes
from mir2_policies.evaluation.plots import plot_gap, plot_paths, plot_returns
from mir2_policies.evaluation.statistics import Estimate
from mir2_policies.evaluation.table import CLEAN, Rank, Summary, Table, rank, summarise

TABLE_FILE = "table.json"
REPORT_FILE = "report.html"
HEADER = (
    "policy",
    "condition",
    "runs",
    "team return",
    "benign return",
    "worst place",
    "gap",
    "time to rendezvous (s)",
    "success",
    "information (nats)",
    "CLUB (nats)",
)
NOTES = {
    "team return": "sum of the rewards of an episode, as published: all pairs of robots, traitors included",
    "benign return": "the same formula over the benign robots, their pairs and their actions alone",
    "worst place": "benign return with the worst of the traitors' indices that were tried",
    "gap": "what the same benign robots return in a loyal team, from the same starts, minus their return under attack",
    "time to rendezvous": "mean time until all benign robots are first within 10 cm of each other, bodies apart from "
    "what a packed team needs; an episode in which they never are counts with its whole length",
    "success": "share of episodes at whose end all benign robots are as close as that",
    "information": "how strongly a robot reacts to what it sees of its allies: an estimate of the mutual information "
    "between that and its action with Gaussian noise of standard deviation 0.1, in nats per robot and step. A network "
    "predicts the mean action on one half of the episodes; on the other half the estimate is half the logarithm of the "
    "determinant of the actions' covariance over that of the prediction's errors. Exact for normal "
    "variables; a little below zero where nothing can be predicted",
    "CLUB": "the contrastive log-ratio upper bound (Cheng et al., ICML 2020) with the same prediction, normal with the "
    "covariance of its errors, on the same held-out half. It is looser the better actions can be predicted",
    "all conditions with traitors": "of teams of several sizes, those of which all policies were measured",
    "intervals": "95 %. Of several training runs: interquartile mean of the runs' scores (one per condition and place "
    "of the traitors) with bootstrap over runs, each with all of its scores (after Agarwal et al., "
    "NeurIPS 2021). Of one training run: mean and bootstrap over starts, which says nothing about "
    "other runs of that algorithm",
    "beats": "chance that a run of the policy on the left has a larger benign return than one of the policy above, "
    "in the conditions with traitors that both were measured in; left out where there is one run of each",
}
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 92rem; padding: 0 1rem; color: #1a1a1a }
table { border-collapse: collapse; margin: 1rem 0; font-size: 13px; display: block; overflow-x: auto }
th, td { padding: .25rem .6rem; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap }
th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left }
th { background: #f3f3f3 } img { max-width: 100%; height: auto } dt { font-weight: 600 } dd { margin: 0 0 .5rem 1rem }
"""
Rows = Sequence[Sequence[str]]


def write_report(table: Table, paths: Sequence[tuple[str, Episodes]], directory: Path) -> None:
    """Write `table.json`, `table.md`, the pictures and `report.html`."""
    with writing(directory):
        _write(table, paths, directory)


def markdown(table: Table) -> str:
    """The summary as a Markdown table, one section per condition."""
    blocks = ["# " + _title(table), _provenance(table)]
    if ranks := _rank_rows(rank(table)):
        blocks += ["## All conditions with traitors", markdown_table(*ranks)]
    summaries = summarise(table)
    for condition in table.conditions:
        rows = [_cells(row) for row in summaries if row.condition == condition]
        blocks += [f"## {condition}", markdown_table(HEADER, rows)]
    blocks += ["## What the columns mean", "\n".join(f"- {name}: {text}." for name, text in NOTES.items())]
    return "\n\n".join(blocks) + "\n"


def page(table: Table, pictures: Mapping[str, Path]) -> str:
    """One HTML page with the pictures inside; `pictures` maps captions to PNG files."""
    parts = [f"<h1>{html.escape(_title(table))}</h1>", f"<p>{html.escape(_provenance(table))}</p>"]
    if ranks := _rank_rows(rank(table)):
        parts += ["<h2>All conditions with traitors</h2>", html_table(*ranks)]
    for caption, path in pictures.items():
        parts.append(f"<h2>{html.escape(caption)}</h2>{html_picture(path, caption)}")
    parts += ["<h2>Figures</h2>", html_table(HEADER, [_cells(row) for row in summarise(table)])]
    notes = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(text)}.</dd>" for name, text in NOTES.items())
    parts += ["<h2>What the columns mean</h2>", f"<dl>{notes}</dl>", "<h2>Policies</h2>", _files(table)]
    return html_page(_title(table), parts)


def html_page(title: str, parts: Iterable[str]) -> str:
    """A page of these parts that opens from disk."""
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(parts) + "\n</body></html>\n"


def html_picture(path: Path, caption: str) -> str:
    """A PNG file inside a page."""
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<img alt="{html.escape(caption)}" src="data:image/png;base64,{data}">'


def _write(table: Table, paths: Sequence[tuple[str, Episodes]], directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    summaries = summarise(table)
    pictures = {"Returns": directory / "returns.png"}
    plot_returns(summaries, pictures["Returns"])
    if any(row.condition != CLEAN for row in summaries):
        pictures["Robustness gap"] = directory / "gap.png"
        plot_gap(summaries, pictures["Robustness gap"])
    if paths:
        pictures["Paths of one episode"] = directory / "paths.png"
        plot_paths(paths, table.task_parameters["arena_m"], pictures["Paths of one episode"])
    table.write(directory / TABLE_FILE)
    write_text(directory / "table.md", markdown(table))
    write_text(directory / REPORT_FILE, page(table, pictures))


def _title(table: Table) -> str:
    return f"{table.task.capitalize()} of {', '.join(map(str, table.teams))} robots: loyal teams and traitors"


def _provenance(table: Table) -> str:
    seeds = ", ".join(map(str, table.seeds))
    places = sorted({tuple(row.robots) for row in table.measurements if row.robots})
    traitors = "; ".join(",".join(map(str, robots)) for robots in places) or "none"
    task = {key: value for key, value in table.task_parameters.items() if key != "robots" or len(table.teams) == 1}
    return (
        f"Played {table.played}. Episodes per seed ({seeds}), policy, condition and set of traitors: {table.episodes}. "
        "Traitors' indices: "
        f"{traitors}. Task: " + ", ".join(f"{key} {value}" for key, value in task.items()) + "."
    )


def _cells(row: Summary) -> list[str]:
    return [
        row.policy,
        row.condition,
        str(row.runs),
        _interval(row.team),
        _interval(row.benign),
        _number(row.worst_benign),
        "" if row.condition == CLEAN else _interval(row.gap),
        f"{row.rendezvous_s:.1f}",
        f"{100.0 * row.success_rate:.0f} %",
        "" if row.gaussian_nats is None else _number(row.gaussian_nats),
        "" if row.club_nats is None else _number(row.club_nats),
    ]


def _rank_rows(ranks: Sequence[Rank]) -> tuple[Sequence[str], Rows] | None:
    if not ranks:
        return None
    names = [row.policy for row in ranks]
    header = ["policy", "runs", "benign return", *(f"beats {name}" for name in names)]
    rows = []
    for row in ranks:
        chances = [row.improvement.get(name) for name in names]
        shown = ["" if chance is None else _interval(chance) for chance in chances]
        rows.append([row.policy, str(row.runs), _interval(row.attacked), *shown])
    return header, rows


def _interval(estimate: Estimate) -> str:
    return f"{_number(estimate.value)} [{_number(estimate.low)}, {_number(estimate.high)}]"


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def markdown_table(header: Sequence[str], rows: Rows) -> str:
    """A table of Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def html_table(header: Sequence[str], rows: Rows) -> str:
    """A table of a page."""

    def line(tag: str, cells: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    return "<table>" + line("th", header) + "".join(line("td", row) for row in rows) + "</table>"


def _files(table: Table) -> str:
    files = {(row.policy, str(row.seed), "/".join(Path(row.file).parts[-2:])): None for row in table.measurements}
    return html_table(("policy", "seed", "file"), list(files))
