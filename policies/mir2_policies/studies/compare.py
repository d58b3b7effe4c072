"""Measure every policy in every condition and write the report."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError
from mir2_core.files import writable_folder
from mir2_core.traitors.trained import AdversaryBundle
from tqdm import tqdm

from mir2_policies.evaluation import through_nodes
from mir2_policies.evaluation.episodes import Episodes
from mir2_policies.evaluation.measure import (
    Scenario,
    Settings,
    check_comparable,
    load_adversaries,
    measure,
    play,
    policy_names,
    scripted_scenarios,
    trained_scenarios,
)
from mir2_policies.evaluation.report import REPORT_FILE, TABLE_FILE, write_report
from mir2_policies.evaluation.table import CLEAN, Measurement, Table, rank
from mir2_policies.evaluation.through_nodes import Nodes, Planned

Adversaries = dict[str, list[AdversaryBundle]]


class Measured(NamedTuple):
    """A policy, what it was measured in, and what came of it."""

    bundle: PolicyBundle
    scenarios: Sequence[Scenario]
    measurements: list[Measurement]


def compare(
    bundles: Sequence[PolicyBundle],
    adversaries: Sequence[Path],
    settings: Settings,
    output: Path,
    *,
    quiet: bool = False,
) -> dict[str, Any]:
    """Measure policies and write the report into the folder; where it lies and how the policies rank."""
    check_comparable(bundles)
    settings.check(bundles[0].metadata.task_parameters["robots"])
    against = load_adversaries(adversaries, bundles)
    directory = writable_folder(output)
    torch.set_num_threads(1)
    names = policy_names([bundle.metadata for bundle in bundles])
    scenarios = [policy_scenarios(bundle, against, settings) for bundle in bundles]
    with tqdm(total=sum(map(len, scenarios)), disable=quiet, unit=" conditions") as bar:
        measured = [
            Measured(bundle, own, measure_policy(bundle, name, own, settings, bar.update))
            for bundle, name, own in zip(bundles, names, scenarios, strict=True)
        ]
    return _outcome(report(measured, settings, directory), directory)


def compare_through_nodes(
    bundles: Sequence[PolicyBundle],
    adversaries: Sequence[Path],
    settings: Settings,
    output: Path,
    nodes: Nodes,
    *,
    resume: bool = False,
    quiet: bool = False,
) -> dict[str, Any]:
    """The same with every episode a run of its own, which the folder keeps below `runs`."""
    check_comparable(bundles)
    settings.check(bundles[0].metadata.task_parameters["robots"], through_nodes.check_condition)
    through_nodes.check(settings, nodes)
    against = load_adversaries(adversaries, bundles)
    directory = writable_folder(output)
    if (directory / through_nodes.RUNS).exists() and not resume:
        raise UserError(f"{directory}: already holds runs; give --resume to go on with them, or another --output")
    names = policy_names([bundle.metadata for bundle in bundles])

    def planned(bundle: PolicyBundle, scenario: Scenario) -> list[Planned]:
        return through_nodes.plan(bundle, scenario, settings, nodes, directory)

    def scenarios(bundle: PolicyBundle) -> list[Scenario]:
        trained = trained_scenarios(against[bundle.metadata.file_sha256])
        return [*through_nodes.fault_scenarios(settings), *trained]

    def episodes(bundle: PolicyBundle, scenario: Scenario) -> Episodes:
        return through_nodes.episodes(bundle, scenario, [each.record() for each in planned(bundle, scenario)])

    # Clean runs come first: they are what all others are compared with, whether or not they are a condition.
    todo = {
        each.folder: each
        for bundle in bundles
        for scenario in [Scenario(CLEAN), *scenarios(bundle)]
        for each in planned(bundle, scenario)
    }
    with tqdm(total=len(todo), disable=quiet, unit=" runs") as bar:
        through_nodes.play_all(list(todo.values()), nodes.jobs, bar.update)
    measured = []
    for bundle, name in zip(bundles, names, strict=True):
        loyal, own = episodes(bundle, Scenario(CLEAN)), scenarios(bundle)
        rows = [measure(bundle, name, each, [episodes(bundle, each)], [loyal], informed=False) for each in own]
        measured.append(Measured(bundle, own, rows))
    table = _table(measured, settings._replace(episodes=1), played=nodes.in_words)
    shown = [(title, episodes(*each)) for title, each in _shown(table, measured)]
    write_report(table, shown, directory)
    return _outcome(table, directory)


def policy_scenarios(bundle: PolicyBundle, adversaries: Adversaries, settings: Settings) -> list[Scenario]:
    """Everything that a policy is measured in."""
    return [*scripted_scenarios(settings), *trained_scenarios(adversaries[bundle.metadata.file_sha256])]


def measure_policy(
    bundle: PolicyBundle,
    name: str,
    scenarios: Sequence[Scenario],
    settings: Settings,
    done: Callable[[], Any] = lambda: None,
) -> list[Measurement]:
    """One measurement a scenario; `done` is called after each."""

    def episodes(scenario: Scenario) -> list[Episodes]:
        return [play(bundle, scenario, settings.episodes, seed) for seed in settings.seeds]

    loyal = episodes(Scenario(CLEAN))
    measurements = []
    for scenario in scenarios:
        measurements.append(measure(bundle, name, scenario, episodes(scenario) if scenario.robots else loyal, loyal))
        done()
    return measurements


def report(measured: Sequence[Measured], settings: Settings, directory: Path) -> Table:
    """Write everything into the folder; returns the table, which is of the task of the first policy."""
    table = _table(measured, settings)
    shown = [
        (title, play(bundle, scenario, 1, settings.seeds[0])) for title, (bundle, scenario) in _shown(table, measured)
    ]
    write_report(table, shown, directory)
    return table


def _table(measured: Sequence[Measured], settings: Settings, **how: str) -> Table:
    metadata = measured[0].bundle.metadata
    return Table(
        task=metadata.task,
        task_parameters=metadata.task_parameters,
        episodes=settings.episodes,
        seeds=list(settings.seeds),
        measurements=[row for each in measured for row in each.measurements],
        **how,
    )


def _shown(table: Table, measured: Sequence[Measured]) -> list[tuple[str, tuple[PolicyBundle, Scenario]]]:
    """What the picture of paths shows: the best policy, with a loyal team and in the condition that costs it most."""
    ranks = rank(table)
    best = ranks[0].policy if ranks else table.policies[0]
    rows = [(row, each) for each in measured for row in each.measurements if row.policy == best]
    worst, of = min(rows, key=lambda pair: float(np.mean(pair[0].benign_returns)))
    shown = [(f"{best}, {CLEAN}", Scenario(CLEAN))]
    for scenario in of.scenarios:
        if (scenario.condition, list(scenario.robots)) == (worst.condition, worst.robots) and worst.robots:
            shown.append((f"{best}, {worst.label}", scenario))
    return [(title, (of.bundle, scenario)) for title, scenario in shown]


def _outcome(table: Table, directory: Path) -> dict[str, Any]:
    ranks = {row.policy: [round(value, 4) for value in row.attacked] for row in rank(table)}
    return {
        "report": str(directory / REPORT_FILE),
        "table": str(directory / TABLE_FILE),
        "benign_return_with_traitors": ranks,
    }
