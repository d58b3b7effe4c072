"""The world of attacks is that of evaluation."""

from pathlib import Path

import pytest
import torch
from mir2_core.bundle import PolicyBundle
from mir2_core.traitors import TRAITORS
from mir2_policies.attacks.families.numbers import Numbers, NumbersTraitor
from mir2_policies.evaluation.episodes import run_episodes

from tests.bundles import write_centroid_bundle
from tests.policies.attacks.victims import duel


@pytest.mark.parametrize("threat", ["published", "saboteur", "liar", "two_faced"])
def test_returns_are_those_of_whole_episodes(threat: str, five: PolicyBundle) -> None:
    fight = duel(five, threat=threat, robots=(3, 1), seed=5)
    numbers = torch.tensor([Numbers(whom=0.5, along_m=0.3, switches=0.5), Numbers(across_gain=0.5, turn_rad=0.3)])
    for traitor in (NumbersTraitor(fight, numbers), TRAITORS["freeze"], TRAITORS["random"], TRAITORS["lie-circle"]):
        played = run_episodes(fight.task, fight.victims, 8, 5, robots=(3, 1), traitor=traitor)
        expected = played.team_return if threat == "published" else played.benign_return
        found = fight.returns(traitor, fight.starts(8, 5))
        torch.testing.assert_close(found.double(), torch.tensor(expected), rtol=1e-4, atol=1e-3)


def test_nothing_is_lost_to_a_loyal_team(victim: PolicyBundle) -> None:
    fight = duel(victim)
    played = run_episodes(fight.task, fight.victims, 8, 5)
    torch.testing.assert_close(
        fight.loyal(8, 5).double(), torch.tensor(fight.arena.benign_return(played)), rtol=1e-6, atol=0
    )


def test_a_team_without_gradients_is_a_black_box(tmp_path: Path) -> None:
    """Operators that PyTorch does not know here are computed by ONNX Runtime."""
    fight = duel(PolicyBundle.load(write_centroid_bundle(tmp_path / "odd.onnx", robots=3)))
    assert "gradients through its operators ['Clip', 'ReduceMean']" in fight.no_gradients
    traitor = NumbersTraitor(fight, torch.tensor([Numbers(along_m=0.3)]))
    lost = fight.loyal(8, 5) - fight.returns(traitor, fight.starts(8, 5))
    assert lost.mean() > 0.0
