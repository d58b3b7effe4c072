"""Play the same episodes on every rung of the ladder, and write down what changes from rung to rung."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError
from mir2_core.files import writable_folder
from tqdm import tqdm

from mir2_policies.evaluation import through_nodes
from mir2_policies.evaluation.measure import (
    Scenario,
    Settings,
    check_comparable,
    load_adversaries,
    policy_names,
    trained_scenarios,
)
from mir2_policies.evaluation.rungs import (
    RUNGS,
    TWINS,
    Outcome,
    Twins,
    compare_twins,
    outcome,
    outcome_of_run,
    play_in_training_world,
    training_world_plays,
)
from mir2_policies.evaluation.through_nodes import Planned, fault_scenarios, play_all
from mir2_policies.studies.ladder_report import PAGE_FILE, TABLE_FILE, Ladder, differences, write_ladder


class Case(NamedTuple):
    """One policy in one condition."""

    bundle: PolicyBundle
    name: str
    scenario: Scenario


def climb(
    bundles: Sequence[PolicyBundle],
    adversaries: Sequence[Path],
    settings: Settings,
    rungs: Sequence[int],
    output: Path,
    *,
    jobs: int = 1,
    resume: bool = False,
    quiet: bool = False,
) -> dict[str, Any]:
    """Measure policies on the rungs and write the report into the folder, which keeps every run."""
    check_comparable(bundles)
    settings.check(bundles[0].metadata.task_parameters["robots"], through_nodes.check_condition)
    against = load_adversaries(adversaries, bundles)
    names = policy_names([bundle.metadata for bundle in bundles])
    directory = writable_folder(output)
    if any(_folder(directory, rung).exists() for rung in RUNGS) and not resume:
        raise UserError(f"{directory}: already holds runs; give --resume to go on with them, or another --output")
    torch.set_num_threads(1)
    cases = [
        Case(bundle, name, scenario)
        for bundle, name in zip(bundles, names, strict=True)
        for scenario in [*fault_scenarios(settings), *trained_scenarios(against[bundle.metadata.file_sha256])]
    ]
    plans = {
        (rung, index): _plan(case, rung, settings, directory) for rung in rungs for index, case in enumerate(cases)
    }
    with tqdm(total=len(plans) * len(settings.seeds), disable=quiet, unit=" episodes") as bar:
        for rung in rungs:
            planned = [each for index in range(len(cases)) for each in plans[rung, index]]
            bar.update(sum(each.is_done for each in planned))
            play_all(planned, jobs, bar.update)
        outcomes = [
            each
            for (rung, index), planned in plans.items()
            for each in _outcomes(cases[index], rung, planned, settings, bar.update)
        ]
    ladder = Ladder(
        task=bundles[0].metadata.task,
        task_parameters=bundles[0].metadata.task_parameters,
        seeds=list(settings.seeds),
        rungs={rung: RUNGS[rung].title for rung in rungs},
        twins=_twins(plans, rungs, len(cases)),
        episodes=outcomes,
    )
    write_ladder(ladder, directory)
    return {
        "report": str(directory / PAGE_FILE),
        "table": str(directory / TABLE_FILE),
        "twins": [twins.model_dump() for twins in ladder.twins],
        "benign_return_lost": {
            f"{each.policy}, {each.condition}, {each.steps}": [-round(value, 4) for value in each.benign]
            for each in differences(ladder)
        },
    }


def _folder(directory: Path, rung: int) -> Path:
    return directory / f"rung-{rung}"


def _plan(case: Case, rung: int, settings: Settings, directory: Path) -> list[Planned]:
    """The runs of a case on a rung, one a seed; none in the training world."""
    nodes = RUNGS[rung].nodes
    if nodes is None:
        return []
    return through_nodes.plan(case.bundle, case.scenario, settings, nodes, _folder(directory, rung))


def _outcomes(
    case: Case, rung: int, planned: Sequence[Planned], settings: Settings, done: Callable[[], Any]
) -> list[Outcome]:
    """What came of the episodes of a case on a rung; nothing where that does not know the condition."""
    known: dict[str, Any] = {"rung": rung, "policy": case.name}
    if planned:
        return [
            outcome_of_run(case.bundle, case.scenario, each.record(), known | {"seed": each.run.seed})
            for each in planned
        ]
    found = []
    for seed in settings.seeds:
        if training_world_plays(case.scenario):
            played = play_in_training_world(case.bundle, case.scenario, seed)
            found.append(outcome(case.bundle, case.scenario, played, known | {"seed": seed}))
        done()
    return found


def _twins(plans: dict[tuple[int, int], list[Planned]], rungs: Sequence[int], cases: int) -> list[Twins]:
    """The rungs that are the same runs by other means, where both were played."""
    return [
        compare_twins(
            pair,
            [
                (one.record(), other.record())
                for index in range(cases)
                for one, other in zip(plans[pair[0], index], plans[pair[1], index], strict=True)
            ],
        )
        for pair in TWINS
        if set(pair) <= set(rungs)
    ]
