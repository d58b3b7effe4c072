"""The world of attacks is that of evaluation."""

from pathlib import Path

import pytest
import torch
from mir2_core.bundle import PolicyBundle
from mir2_core.traitors import TRAITORS
from mir2_core.traitors.traitor import Deed, Situation
from mir2_policies.attacks.numbers import Numbers, NumbersTraitor
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


@pytest.mark.parametrize("threat", ["liar", "two_faced", "plausible_liar", "mute"])
def test_victims_that_judge_reports_do_so_in_evaluation_too(threat: str, five: PolicyBundle) -> None:
    fight = duel(five, threat=threat, tracker=True, robots=(3, 1), seed=5)
    numbers = torch.tensor([Numbers(along_m=0.3, switches=0.1, quiet=0.6, cycle_steps=20), Numbers(across_gain=0.5)])
    rule = NumbersTraitor(fight, numbers)

    def traitor(situation: Situation) -> Deed:
        return rule(situation)._replace(plausible=fight.threat.plausible)

    played = run_episodes(fight.task, fight.victims, 8, 5, robots=(3, 1), traitor=traitor, tracker=True)
    found = fight.returns(rule, fight.starts(8, 5))
    torch.testing.assert_close(found.double(), torch.tensor(played.benign_return), rtol=1e-4, atol=1e-3)


def test_a_plausible_liar_is_believed_and_a_free_one_is_not(victim: PolicyBundle) -> None:
    far = torch.tensor([Numbers(along_m=1.5)])
    lost = {}
    for threat, tracker in (("liar", False), ("liar", True), ("plausible_liar", False), ("plausible_liar", True)):
        fight = duel(victim, threat=threat, tracker=tracker)
        left = fight.returns(NumbersTraitor(fight, far), fight.starts(32, 5))
        lost[threat, tracker] = float((fight.loyal(32, 5) - left).mean())
    assert lost["plausible_liar", True] == pytest.approx(lost["plausible_liar", False], abs=1e-3)
    assert 0.5 < lost["plausible_liar", True] < lost["liar", False]
    assert lost["liar", True] < lost["liar", False]


def test_a_silent_ally_is_where_the_others_are_on_average(victim: PolicyBundle) -> None:
    fight = duel(victim, threat="mute", tracker=True)
    state, silent = fight.begin(fight.starts(4, 0)), torch.ones(4, 1, dtype=torch.bool)
    actions, _ = fight.act(state, Deed(torch.zeros(4, 1, 2), silent=silent))
    believed = state.poses[:, None].repeat(1, 3, 1, 1)
    believed[:, 1, 0], believed[:, 2, 0] = state.poses[:, 2], state.poses[:, 1]
    expected = fight.victims(fight.arena.observe(believed))
    torch.testing.assert_close(actions[:, 1:], expected[:, 1:], atol=1e-5, rtol=0.0)


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
