"""What `mir2 evaluate --output` does: measure every policy in every condition and write the report."""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mir2_core.adversary import AdversaryBundle
from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError
from tqdm import tqdm

from mir2_policies.episodes import Episodes
from mir2_policies.evaluation import (
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
from mir2_policies.evaluation_table import CLEAN, Measurement, Table, rank
from mir2_policies.report import REPORT_FILE, TABLE_FILE, writable_folder, write_report

MOST_TRAITORS = 64
Adversaries = dict[str, list[AdversaryBundle]]


def evaluate_and_report(arguments: argparse.Namespace) -> None:
    """Print where the report lies and how the policies rank."""
    settings = read_settings(arguments)
    bundles = load_policies(arguments.bundles)
    settings.check(bundles[0].metadata.task_parameters["robots"])
    adversaries = load_adversaries(arguments.adversaries, bundles)
    directory = writable_folder(arguments.output)
    torch.set_num_threads(1)
    names = policy_names([bundle.metadata for bundle in bundles])
    scenarios = [policy_scenarios(bundle, adversaries, settings) for bundle in bundles]
    measurements = []
    with tqdm(total=sum(map(len, scenarios)), disable=arguments.quiet, unit=" conditions") as bar:
        for bundle, name, own in zip(bundles, names, scenarios, strict=True):
            measurements += measure_policy(bundle, name, own, settings, bar.update)
    table = report(bundles, adversaries, measurements, settings, directory)
    print(json.dumps(_outcome(table, directory)))


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


def read_settings(arguments: argparse.Namespace) -> Settings:
    """The options as settings; what is not given stays as it is by default."""
    given: dict[str, Any] = {"episodes": arguments.episodes, "seeds": (arguments.seed,)}
    if arguments.conditions is not None:
        given["conditions"] = tuple(filter(None, arguments.conditions.split(",")))
    for name in ("robots", "traitors", "seeds"):
        if (text := getattr(arguments, name)) is not None:
            given[name] = read_numbers(text, f"--{name}")
    return Settings(**given)


def read_numbers(text: str, option: str) -> tuple[int, ...]:
    """Read `0,4,9` or `1..3` or a mixture of both."""
    numbers: list[int] = []
    for part in filter(None, text.split(",")):
        first, dots, last = part.partition("..")
        try:
            low, high = int(first), int(last if dots else first)
        except ValueError:
            raise UserError(f"{option} is '{text}': give numbers such as 0,4,9 or 1..3") from None
        if not low <= high <= low + MOST_TRAITORS:
            raise UserError(f"{option} is '{text}': {low}..{high} is empty or too long")
        numbers += range(low, high + 1)
    return tuple(numbers)


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
