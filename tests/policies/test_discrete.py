"""MIR2 with discrete actions, on a game whose information is known exactly."""

import itertools
import math

import pytest
import torch
from mir2_policies.learners.discrete_game import HINT_RATE, LABELS, ROBOTS, MatchingGame
from mir2_policies.learners.discrete_mir2 import DiscreteMir2, exact_information, learn_matching
from torch import Tensor
from torch.nn import functional

GAMES = 4000


def one_hot(*labels: list[int]) -> Tensor:
    return functional.one_hot(torch.tensor(labels), LABELS).float()


def test_the_game_pays_for_agreement_and_for_the_hidden_label() -> None:
    game = MatchingGame()
    actions = one_hot([1, 1, 1], [1, 1, 0], [0, 1, 2])
    assert game.agreement(actions).tolist() == pytest.approx([1.0, 1 / 3, 0.0])
    assert game.reward(actions, torch.tensor([1, 1, 1])).tolist() == pytest.approx([1.5, 2 / 3 + 1 / 6, 1 / 3])


def test_states_have_the_frequencies_of_their_probabilities() -> None:
    game = MatchingGame()
    _, probability = game.all_states()
    assert probability.sum().item() == pytest.approx(1.0)
    hints, hidden = game.reset(torch.Generator().manual_seed(0), 50_000)
    code = hints.argmax(dim=-1) @ torch.tensor([LABELS**2, LABELS, 1])
    found = torch.bincount(code, minlength=LABELS**ROBOTS) / 50_000
    torch.testing.assert_close(found, probability, rtol=0, atol=0.006)
    right = (hints.argmax(dim=-1) == hidden[:, None]).float().mean().item()
    assert right == pytest.approx(HINT_RATE + (1 - HINT_RATE) / LABELS, abs=0.01)


def test_robots_see_their_own_hint_first_and_a_liar_tells_each_ally_something_else() -> None:
    game = MatchingGame()
    hints = one_hot([0, 1, 2]).repeat(500, 1, 1)
    seen = game.observe(hints)[0].view(ROBOTS, ROBOTS, LABELS).argmax(dim=-1)
    assert seen.tolist() == [[0, 1, 2], [1, 2, 0], [2, 0, 1]]
    heard = game.lie(hints, torch.Generator().manual_seed(0))
    assert torch.equal(heard[:, 0], hints)
    assert torch.equal(heard[:, :, 1:], hints[:, None, 1:].expand(-1, ROBOTS, -1, -1))
    lies = heard[:, 1:, 0].argmax(dim=-1)
    assert set(map(tuple, lies.tolist())) == set(itertools.product(range(LABELS), repeat=ROBOTS - 1))


@pytest.fixture(scope="module")
def teams() -> dict[float, tuple[MatchingGame, DiscreteMir2]]:
    return {weight: learn_matching(weight, updates=700, seed=4) for weight in (0.0, 0.3)}


def test_the_fitted_bound_is_above_the_exact_information(teams: dict[float, tuple[MatchingGame, DiscreteMir2]]) -> None:
    for game, learner in teams.values():
        hints, _ = game.reset(torch.Generator().manual_seed(1), GAMES)
        state, actions = game.critic_features(hints), learner.actor(game.observe(hints)).detach()
        bound = learner.club.bound(state, actions.flatten(1)).mean().item()
        assert bound > exact_information(game, learner.actor) - 0.01


def test_exact_information_of_known_policies() -> None:
    game, learner = learn_matching(0.0, updates=0)
    body = learner.actor.body
    with torch.no_grad():
        for parameter in body.parameters():
            parameter.zero_()
    assert exact_information(game, learner.actor) == pytest.approx(0.0, abs=1e-6)
    with torch.no_grad():  # every robot shouts its own hint: the joint action is the state
        for layer in (body[0], body[2], body[4]):
            layer.weight[:LABELS, :LABELS] = torch.eye(LABELS)
        body[4].weight.mul_(50.0)
    _, probability = game.all_states()
    entropy = -(probability * probability.log()).sum().item()
    assert exact_information(game, learner.actor) == pytest.approx(entropy, abs=1e-4)
    assert entropy < ROBOTS * math.log(LABELS)


def test_the_penalty_takes_the_information_away_and_the_liar_his_power(
    teams: dict[float, tuple[MatchingGame, DiscreteMir2]],
) -> None:
    information, agreement, right = {}, {}, {}
    for weight, (game, learner) in teams.items():
        generator = torch.Generator().manual_seed(1)
        hints, hidden = game.reset(generator, GAMES)
        heard = game.lie(hints, generator)
        deceived = learner.actor(game.observe_heard(heard)).detach()
        information[weight] = exact_information(game, learner.actor)
        agreement[weight] = game.agreement(deceived).mean().item()
        right[weight] = game.reward(learner.actor(game.observe(hints)).detach(), hidden).mean().item()
    assert information[0.0] > 0.8
    assert information[0.3] < 0.1
    assert agreement[0.3] > 0.95
    assert agreement[0.0] < 0.9
    assert right[0.0] > right[0.3] + 0.3, "what indifference costs while all are honest"
