"""Measure every policy in every condition and write the report."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mir2_core.bundle import PolicyBundle
from mir2_core.files import writable_folder
from mir2_core.traitors.trained import AdversaryBundle
from tqdm import tqdm

from mir2_policies.evaluation.episodes import Episodes
from mir2_policies.evaluation.measure import (
    Scenario,
    Settings,
    load_adversaries,
    load_policies,
    measure,
    play,
    policy_names,
    scripted_scenarios,
    trained_scenarios,
)
from mir2_policies.evaluation.report import REPORT_FILE, TABLE_FILE, write_report
from mir2_policies.evaluation.table import CLEAN, Measurement, Table, rank

Adversaries = dict[str, list[AdversaryBundle]]


def compare(
    policies: Sequence[Path], adversaries: Sequence[Path], settings: Settings, output: Path, *, quiet: bool = False
) -> dict[str, Any]:
    """Measure policies and write the report into the folder; where it lies and how the policies rank."""
    bundles = load_policies(policies)
    settings.check(bundles[0].metadata.task_parameters["robots"])
    against = load_adversaries(adversaries, bundles)
    directory = writable_folder(output)
    torch.set_num_threads(1)
    names = policy_names([bundle.metadata for bundle in bundles])
    scenarios = [policy_scenarios(bundle, against, settings) for bundle in bundles]
    measurements = []
    with tqdm(total=sum(map(len, scenarios)), disable=quiet, unit=" conditions") as bar:
        for bundle, name, own in zip(bundles, names, scenarios, strict=True):
            measurements += measure_policy(bundle, name, own, settings, bar.update)
    return _outcome(report(bundles, against, measurements, settings, directory), directory)


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
    loyal = [play(bundle, Scenario(CLEAN), settings.episodes, seed) for seed in settings.seeds]
    measurements = []
    for scenario in scenarios:
        measurements.append(measure(bundle, name, scenario, settings, loyal))
        done()
    return measurements


def report(
    bundles: Sequence[PolicyBundle],
    adversaries: Adversaries,
    measurements: list[Measurement],
    settings: Settings,
    directory: Path,
) -> Table:
    """Write everything into the folder; returns the table."""
    table = Table(
        task=bundles[0].metadata.task,
        task_parameters=bundles[0].metadata.task_parameters,
        episodes=settings.episodes,
        seeds=list(settings.seeds),
        measurements=measurements,
    )
    write_report(table, _shown_episodes(table, bundles, adversaries, settings), directory)
    return table


def _shown_episodes(
    table: Table, bundles: Sequence[PolicyBundle], adversaries: Adversaries, settings: Settings
) -> list[tuple[str, Episodes]]:
    """One start of the best policy, with a loyal team and in the condition that costs it most."""
    ranks = rank(table)
    best = ranks[0].policy if ranks else table.policies[0]
    rows = [row for row in table.measurements if row.policy == best]
    worst = min(rows, key=lambda row: float(np.mean(row.benign_returns)))
    bundle = next(bundle for bundle in bundles if str(bundle.path) == worst.file)
    shown = [(f"{best}, {CLEAN}", Scenario(CLEAN))]
    for scenario in policy_scenarios(bundle, adversaries, settings):
        if (scenario.condition, list(scenario.robots)) == (worst.condition, worst.robots) and worst.robots:
            shown.append((f"{best}, {worst.label}", scenario))
    return [(title, play(bundle, scenario, 1, settings.seeds[0])) for title, scenario in shown]


def _outcome(table: Table, directory: Path) -> dict[str, Any]:
    ranks = {row.policy: [round(value, 4) for value in row.attacked] for row in rank(table)}
    return {
        "report": str(directory / REPORT_FILE),
        "table": str(directory / TABLE_FILE),
        "benign_return_with_traitors": ranks,
    }
