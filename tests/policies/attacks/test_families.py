"""Every family finds a known weakness in seconds, and the same again with the same seed."""

from pathlib import Path
from typing import Any

import pytest
import torch
from mir2_core.bundle import PolicyBundle
from mir2_policies.attacks.families import FAMILIES
from mir2_policies.attacks.families.family import Family, Known
from mir2_policies.attacks.families.plans import Effort, Plans
from mir2_policies.attacks.families.rules import Rules
from mir2_policies.attacks.families.scripts import Scripts
from mir2_policies.attacks.families.sequences import Sequences
from mir2_policies.attacks.threats import THREATS
from mir2_policies.evaluation.returns import FINAL_SEED

from tests.policies.attacks.victims import duel


def loss(family: Family) -> Any:
    return (family.duel.loyal(family.episodes, FINAL_SEED) - family.returns()).double()


def searched(name: str, victim: PolicyBundle, folder: Path, **changes: Any) -> Family:
    tracker = THREATS[changes["threat"]].tracker
    family = FAMILIES[name](duel(victim, tracker=tracker, **changes), Known(folder))
    curve = list(family.search(0.5))
    assert curve == sorted(curve, reverse=True), "the best so far"
    return family


@pytest.mark.parametrize("threat", ["liar", "two_faced", "plausible_liar"])
@pytest.mark.parametrize("name", FAMILIES)
def test_each_family_finds_more_than_loyalty(name: str, threat: str, victim: PolicyBundle, tmp_path: Path) -> None:
    lost = loss(searched(name, victim, tmp_path, threat=threat))
    assert lost.mean() > 4.0 * lost.std() / len(lost) ** 0.5
    assert lost.mean() > (0.2 if threat == "plausible_liar" else 0.5)


@pytest.mark.parametrize("name", [name for name, family in FAMILIES.items() if not family.needs_gradients])
def test_silence_is_searched_without_gradients(name: str, victim: PolicyBundle, tmp_path: Path) -> None:
    family = searched(name, victim, tmp_path, threat="mute")
    assert "silence has no gradient" in family.duel.no_gradients
    assert loss(family).mean() > 0.0


@pytest.mark.parametrize("name", FAMILIES)
def test_traitors_that_only_move_are_found_as_well(name: str, five: PolicyBundle, tmp_path: Path) -> None:
    lost = loss(searched(name, five, tmp_path, threat="published", robots=(4, 1)))
    assert lost.mean() > 4.0 * lost.std() / len(lost) ** 0.5


def test_the_seed_decides(victim: PolicyBundle, tmp_path: Path) -> None:
    found = []
    for seed in (0, 0, 1):
        fight = duel(victim, seed=seed)
        rules, plans, sequences = (family(fight, Known(tmp_path)) for family in (Rules, Plans, Sequences))
        generations = rules.search(60.0)
        left = [next(generations) for _ in range(3)]
        rounds = sequences.search(60.0)
        left += [float(plans.play(fight.starts(4, 0), Effort(6, 5))[0].mean()), *(next(rounds) for _ in range(2))]
        found.append(left)
    assert found[0] == found[1]
    assert found[0][:4] != found[2][:4]


def test_later_families_begin_with_what_earlier_ones_found(victim: PolicyBundle, tmp_path: Path) -> None:
    fight, known = duel(victim), Known(tmp_path)
    list(Scripts(fight, known).search(0.0))
    best = known.numbers[0]
    assert next(iter(Rules(fight, known).search(0.0))) <= best[0]
    plans = Plans(fight, known)
    next(iter(plans.search(0.0)))
    left = plans.returns()
    sequences = Sequences(fight, known)
    next(iter(sequences.search(0.0)))
    assert (sequences.returns() <= left + 1e-3).all()


def test_plans_stay_within_the_episode(victim: PolicyBundle, tmp_path: Path) -> None:
    fight = duel(victim, threat="two_faced")
    left, deeds = Plans(fight, Known(tmp_path)).play(fight.starts(3, 0), Effort(4, 1000))
    assert left.shape == (3,)
    assert deeds.shape == (40, 3, 1, 3, 3)
    assert torch.isfinite(deeds).all()
    assert (deeds[..., :2] >= 0.0).all()
    assert (deeds[..., :2] <= 2.0).all()
