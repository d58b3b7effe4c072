"""The examples of a task and of an algorithm: MIR2 with discrete actions, on a game whose information is known."""

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError
from mir2_core.tasks import columns
from mir2_policies.bundles.export import export_run
from mir2_policies.evaluation.measure import bundle_task
from mir2_policies.learners.registry import ALGORITHMS, new_learner
from mir2_policies.training.run import Budget
from mir2_policies.training.trainer import Trainer
from mir2_sim.batched import float_tensors, torch_task
from torch import Tensor

from examples.extending.algorithm.discrete_mir2 import CategoricalActor, DiscreteMir2, DiscreteMir2Config
from examples.extending.task.matching import Matching, MatchingParams

GAMES = 4000
PARAMS = MatchingParams()
ROBOTS, LABELS = PARAMS.robots, PARAMS.labels


def game() -> Matching:
    return Matching(PARAMS, *float_tensors())


def one_hot(*labels: list[int]) -> Any:
    return np.eye(LABELS)[np.array(labels)]


def all_states() -> tuple[Tensor, Tensor]:
    """Every combination of hints as states (S, N, 2·L) with hidden label 0, and its probability (S,)."""
    labels = np.array(list(itertools.product(range(LABELS), repeat=ROBOTS)))
    rates = PARAMS.hint_rate * np.eye(LABELS) + (1.0 - PARAMS.hint_rate) / LABELS  # hidden label -> hint
    probability = rates[:, labels].prod(axis=-1).mean(axis=0)
    states = np.concatenate([np.eye(LABELS)[labels], np.eye(LABELS)[np.zeros_like(labels)]], axis=-1)
    return torch.from_numpy(states).float(), torch.from_numpy(probability).float()


@torch.no_grad()
def exact_information(actor: CategoricalActor) -> float:
    """I(s; a) in nats of the joint action, from the probabilities of all states and actions."""
    states, weight = all_states()
    each = actor.probabilities(game().observe(states))
    joint = torch.einsum("sa,sb,sc->sabc", *each.unbind(dim=1)).flatten(1)
    marginal = weight @ joint
    return float(weight @ (torch.xlogy(joint, joint) - torch.xlogy(joint, marginal)).sum(dim=-1))


def deceived(actor: CategoricalActor, state: Tensor, rng: np.random.Generator) -> Tensor:
    """Actions (B, N, L) when robot 0 tells every ally another random label."""
    actions = actor(game().observe(state)).detach()
    for ally in range(1, ROBOTS):
        told = state.clone()
        told[:, 0, :LABELS] = torch.from_numpy(np.eye(LABELS)[rng.integers(LABELS, size=len(state))]).float()
        actions[:, ally] = actor(game().observe(told)[:, ally]).detach()
    return actions


def new_team(weight: float, seed: int = 0) -> DiscreteMir2:
    config = DiscreteMir2Config(penalty_weight=weight, seed=seed)
    return DiscreteMir2(config, game(), np.random.default_rng(seed))


def test_the_game_pays_for_agreement_and_for_the_hidden_label() -> None:
    game = Matching(PARAMS)
    actions = one_hot([1, 1, 1], [1, 1, 0], [0, 1, 2])
    states = np.concatenate([np.zeros((3, ROBOTS, LABELS)), one_hot(*[[1] * ROBOTS] * 3)], axis=-1)
    assert game.agreement(actions).tolist() == pytest.approx([1.0, 1 / 3, 0.0])
    assert game.reward(states, actions).tolist() == pytest.approx([1.5, 2 / 3 + 1 / 6, 1 / 3])


def test_states_have_the_frequencies_of_their_probabilities() -> None:
    _, probability = all_states()
    assert probability.sum().item() == pytest.approx(1.0)
    states = Matching(PARAMS).reset(np.random.default_rng(0), 50_000)
    hints, hidden = states[..., :LABELS].argmax(axis=-1), states[..., LABELS:].argmax(axis=-1)
    found = np.bincount(hints @ [LABELS**2, LABELS, 1], minlength=LABELS**ROBOTS) / 50_000
    np.testing.assert_allclose(found, probability, rtol=0, atol=0.006)
    assert (hidden == hidden[:, :1]).all()
    expected = PARAMS.hint_rate + (1 - PARAMS.hint_rate) / LABELS
    assert (hints == hidden).mean() == pytest.approx(expected, abs=0.01)


def test_robots_see_their_own_hint_first_and_never_the_hidden_label() -> None:
    game = Matching(PARAMS)
    states = np.concatenate([one_hot([0, 1, 2]), one_hot([1, 1, 1])], axis=-1)
    seen = game.observe(states)[0].reshape(ROBOTS, ROBOTS, LABELS).argmax(axis=-1)
    assert seen.tolist() == [[0, 1, 2], [1, 2, 0], [2, 0, 1]]
    assert game.observe.ally_columns == columns(game.observe.terms, "ally_*_hint") == list(range(LABELS, 3 * LABELS))
    elsewhere = np.concatenate([states[..., :LABELS], one_hot([2, 2, 2])], axis=-1)
    np.testing.assert_array_equal(game.observe(elsewhere), game.observe(states))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[float, Path]:
    """Runs of `mir2 train` for two weights of the penalty."""
    folders = {}
    for weight in (0.0, 0.3):
        folders[weight] = tmp_path_factory.mktemp("matching") / "run"
        trainer = Trainer(DiscreteMir2Config(penalty_weight=weight, seed=4), folders[weight])
        trainer.run(Budget(transitions=51_200), quiet=True)
    return folders


@pytest.fixture(scope="module")
def teams(runs: dict[float, Path]) -> dict[float, DiscreteMir2]:
    teams = {}
    for weight, folder in runs.items():
        trainer = Trainer(DiscreteMir2Config(penalty_weight=weight, seed=4), folder)
        trainer.resume()
        teams[weight] = trainer._learner
    return teams


@pytest.mark.slow
def test_the_fitted_bound_is_above_the_exact_information(teams: dict[float, DiscreteMir2]) -> None:
    for learner in teams.values():
        state = torch.from_numpy(game().reset(np.random.default_rng(1), GAMES)).float()
        actions = learner.actor(game().observe(state)).detach()
        bound = learner.club.bound(learner.inputs.features(state), actions.flatten(1)).mean().item()
        assert bound > exact_information(learner.actor) - 0.01


def test_exact_information_of_known_policies() -> None:
    learner = new_team(0.0)
    body = learner.actor.body
    with torch.no_grad():
        for parameter in body.parameters():
            parameter.zero_()
    assert exact_information(learner.actor) == pytest.approx(0.0, abs=1e-6)
    with torch.no_grad():  # every robot shouts its own hint: the joint action is the state
        for layer in (body[0], body[2], body[4]):
            layer.weight[:LABELS, :LABELS] = torch.eye(LABELS)
        body[4].weight.mul_(50.0)
    _, probability = all_states()
    entropy = -(probability * probability.log()).sum().item()
    assert exact_information(learner.actor) == pytest.approx(entropy, abs=1e-4)
    assert entropy < ROBOTS * math.log(LABELS)


@pytest.mark.slow
def test_the_penalty_takes_the_information_away_and_the_liar_his_power(teams: dict[float, DiscreteMir2]) -> None:
    information, agreement, right = {}, {}, {}
    for weight, learner in teams.items():
        rng = np.random.default_rng(1)
        state = torch.from_numpy(game().reset(rng, GAMES)).float()
        information[weight] = exact_information(learner.actor)
        agreement[weight] = game().agreement(deceived(learner.actor, state, rng)).mean().item()
        honest = learner.actor(game().observe(state)).detach()
        right[weight] = game().reward(state, honest).mean().item()
    assert information[0.0] > 0.8
    assert information[0.3] < 0.1
    assert agreement[0.3] > 0.95
    assert agreement[0.0] < 0.9
    assert right[0.0] > right[0.3] + 0.3, "what indifference costs while all are honest"


@pytest.mark.slow
def test_a_trained_policy_becomes_a_bundle_that_no_robot_takes(runs: dict[float, Path], tmp_path: Path) -> None:
    output = tmp_path / "matching.onnx"
    evaluation = export_run(runs[0.0], output)
    bundle = PolicyBundle.load(output)
    task = bundle.task()
    assert isinstance(task, Matching)
    state = task.reset(np.random.default_rng(5), 64)
    actions = bundle.act(task.observe(state).reshape(-1, task.observe.size))
    assert set(np.unique(actions)) == {0.0, 1.0}
    assert evaluation["return_mean"] > 1.1
    with pytest.raises(UserError, match="the task 'matching' has no robots on a floor"):
        bundle_task(bundle)


@pytest.mark.parametrize(("algorithm", "task"), [("mir2", "matching"), ("discrete_mir2", "rendezvous")])
def test_an_algorithm_for_other_actions_is_refused(algorithm: str, task: str) -> None:
    config = ALGORITHMS[algorithm].config.model_validate({"algorithm": algorithm, "task": task})
    with pytest.raises(UserError, match=f"algorithm '{algorithm}' learns .* actions, but those of task '{task}'"):
        new_learner(config, torch_task(config.task, config.task_parameters), np.random.default_rng(0))
