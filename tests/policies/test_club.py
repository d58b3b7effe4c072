"""The estimators against values of the published ones, and against their definitions."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mir2_policies.learners.club import CategoricalClub, GaussianClub
from mir2_policies.learners.maddpg import temporal_difference_target
from mir2_policies.learners.mir2 import Mir2, Mir2Config
from mir2_policies.learners.networks import Actor, Critic
from mir2_policies.learners.replay import Batch
from mir2_sim.batched import torch_task
from torch import Tensor, nn

from tests.policies.tiny_run import tiny_config

GOLDEN = Path(__file__).parent.parent / "data" / "mir2_golden.npz"


def assert_same(actual: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(actual, expected, atol=1e-12, rtol=0.0)


@pytest.fixture(scope="module")
def golden() -> dict[str, Tensor]:
    with np.load(GOLDEN) as data:
        return {key: torch.from_numpy(np.array(data[key])) for key in data}


def load(module: nn.Module, golden: dict[str, Tensor], prefix: str) -> None:
    """Give a module the weights whose names start with `prefix`; both list their layers in the same order."""
    values = [value for key, value in golden.items() if key.startswith(prefix)]
    module.double()
    for parameter, value in zip(module.parameters(), values, strict=True):
        parameter.data.copy_(value)


def gaussian(golden: dict[str, Tensor], prefix: str, sizes: tuple[int, int, int]) -> GaussianClub:
    club = GaussianClub(*sizes)
    load(club.mean, golden, f"{prefix}p_mu")
    load(club.log_variance, golden, f"{prefix}p_logvar")
    return club


def test_gaussian_equals_the_published_values(golden: dict[str, Tensor]) -> None:
    club = gaussian(golden, "cc__w__", (7, 4, 8))
    x, y = golden["cc__x"], golden["cc__y"]
    assert_same(club.mean(x), golden["cc__mu"])
    assert_same(club.log_variance(x), golden["cc__logvar"])
    assert_same(club.bound(x, y), golden["cc__forward"])
    assert_same(club.log_likelihood(x, y), golden["cc__loglikeli"])
    loss = club.learning_loss(x, y)
    assert_same(loss, golden["cc__learning_loss"])
    loss.backward()
    gradients = [value for key, value in golden.items() if key.startswith("cc__grad__")]
    for parameter, gradient in zip(club.parameters(), gradients, strict=True):
        assert_same(parameter.grad, gradient)


def test_categorical_equals_the_published_values(golden: dict[str, Tensor]) -> None:
    club = CategoricalClub(7, 1, 5, 16)
    load(club.logits, golden, "cat__w__")
    x, y = golden["cat__x"], golden["cat__y_onehot"]
    assert_same(club.logits(x), golden["cat__logits"])
    assert_same(club.bound(x, y), golden["cat__forward"])
    assert_same(club.learning_loss(x, y), golden["cat__learning_loss"])


def test_categorical_adds_up_over_agents() -> None:
    torch.manual_seed(0)
    club = CategoricalClub(3, 2, 4, 8)
    x, labels = torch.randn(6, 3), torch.randint(0, 4, (6, 2))
    y = nn.functional.one_hot(labels, 4).float().flatten(1)
    log_q = torch.log_softmax(club.logits(x).view(6, 2, 4), dim=-1)
    for i in range(6):
        likelihood = [sum(log_q[i, k, labels[j, k]] for k in range(2)) for j in range(6)]
        expected = likelihood[i] - sum(likelihood) / 6
        assert club.bound(x, y)[i].item() == pytest.approx(expected.item(), abs=1e-5)


def test_categorical_contrasts_have_the_same_mean_and_fit_their_definition() -> None:
    torch.manual_seed(1)
    club = CategoricalClub(5, 3, 4, 8).double()
    x, labels = torch.randn(9, 5, dtype=torch.float64), torch.randint(0, 4, (9, 3))
    y = nn.functional.one_hot(labels, 4).double().flatten(1)
    # table[i, j] = log q(y_j | x_i), from one sample at a time
    table = torch.stack([-club.learning_loss(a[None], b[None]) for a in x for b in y]).view(9, 9)
    assert_same(club.bound(x, y), table.diagonal() - table.mean(dim=1))
    assert_same(club.bound_by_action(x, y), table.diagonal() - table.mean(dim=0))
    assert_same(club.bound(x, y).mean(), club.bound_by_action(x, y).mean())


@pytest.mark.parametrize("batch", [2, 9, 40])
def test_closed_forms_equal_the_sums_over_all_pairs(batch: int) -> None:
    torch.manual_seed(batch)
    club = GaussianClub(5, 3, 8).double()
    x, y = torch.randn(batch, 5, dtype=torch.float64), torch.randn(batch, 3, dtype=torch.float64)
    # table[i, j] = log q(y_j | x_i), up to a constant
    table = torch.stack([0.5 * club.log_likelihood(x[i].expand(batch, -1), y) for i in range(batch)])
    assert_same(club.bound(x, y), table.diagonal() - table.mean(dim=1))
    assert_same(club.bound_by_action(x, y), table.diagonal() - table.mean(dim=0))
    assert_same(club.bound(x, y).mean(), club.bound_by_action(x, y).mean())


def test_the_fitted_bound_is_above_the_true_information() -> None:
    torch.manual_seed(0)
    club = GaussianClub(1, 1, 32)
    optimizer = torch.optim.Adam(club.parameters(), 5e-3)
    x = torch.randn(4096, 1)
    y = 0.8 * x + 0.6 * torch.randn(4096, 1)
    for _ in range(300):
        optimizer.zero_grad()
        club.learning_loss(x, y).backward()
        optimizer.step()
    true_information = -0.5 * np.log(1 - 0.8**2)
    assert club.bound(x, y).mean().item() == pytest.approx(0.8**2 / (1 - 0.8**2), rel=0.05)
    assert club.bound(x, y).mean().item() > true_information
    gain = club.log_likelihood(x, y).mean() - club.independent_log_likelihood(y)
    assert gain.item() == pytest.approx(2 * true_information, abs=0.1)
    assert abs(club.bound(torch.randn(4096, 1), y).mean().item()) < 0.15


def test_critic_target_equals_the_published_values(golden: dict[str, Tensor]) -> None:
    """One world step per row; every robot has its own copy of the state, and the penalty sees their mean."""
    prefix = "mir2__before__"
    actor, critic = Actor(6, 2, (8, 8)), Critic(5, 6, (8, 8))
    load(actor, golden, f"{prefix}target_actor")
    load(critic, golden, f"{prefix}target_critic")
    club = gaussian(golden, f"{prefix}club__", (5, 6, 4))
    sample: dict[str, Any] = {
        key.removeprefix("mir2__samples__"): value[0].double()
        for key, value in golden.items()
        if key.startswith("mir2__samples__")
    }
    steps_after_the_end = sample["avail_actions"] == 0.0  # the published code fills them up with −1
    actions = actor(sample["obs"]).masked_fill(steps_after_the_end, -1.0)
    assert_same(actions, golden["mir2__target_actions"])
    value = critic(sample["state"], actions[:, :, None].expand(-1, -1, 3, -1, -1))
    assert_same(value[..., None], golden["mir2__target_q"])
    bound = club.bound(sample["state"].mean(dim=2).flatten(0, 1), sample["actions_onehot"].flatten(2).flatten(0, 1))
    penalty = bound.view(2, 5)[:, :, None]
    assert_same(penalty[..., None], golden["mir2__mi"])
    target = temporal_difference_target(
        sample["rewards"][:, :-1, :, 0], sample["masks"][:, 1:, :, 0], value[:, 1:], gamma=0.99
    )
    assert_same((target - 0.1 * penalty[:, :-1])[..., None], golden["mir2__td_target"])


def test_q_may_be_fitted_on_the_first_transitions_for_ever() -> None:
    config = tiny_config("mir2", club_data="first", club_window=8, warmup_transitions=4, batch=4)
    task = torch_task("rendezvous", config.task_parameters)
    learner = Mir2(Mir2Config.model_validate(config.model_dump()), task, np.random.default_rng(0))
    for step in range(6):
        state = torch.full((2, 3, 3), float(step))
        learner.learn(Batch(state, torch.zeros(2, 3, 2), torch.zeros(2), state, torch.ones(2)), 0.0)
    kept = learner.first.sample(np.random.default_rng(0), 200).state[:, 0, 0]
    assert set(kept.tolist()) == {0.0, 1.0, 2.0, 3.0}
    assert "first" in learner.state_dict()
