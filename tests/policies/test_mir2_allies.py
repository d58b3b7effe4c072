"""The information about single allies: its value, what it does not depend on, and that paying for it removes it."""

from typing import Any

import numpy as np
import pytest
import torch
from mir2_core.tasks import Rendezvous
from mir2_policies.learners.critic_inputs import critic_inputs
from mir2_policies.learners.mir2_allies import Mir2Allies
from mir2_policies.learners.registry import ALGORITHMS
from mir2_policies.learners.replay import Batch
from mir2_sim.batched import torch_task
from torch import Tensor

from tests.policies.tiny_run import tiny_config

ROWS = 64


@pytest.fixture(scope="module")
def task() -> Rendezvous:
    return torch_task("rendezvous", tiny_config("mir2_allies").task_parameters)


@pytest.fixture(scope="module")
def batch(task: Rendezvous) -> Batch:
    poses = task.asarray(task.reset(np.random.default_rng(3), ROWS))
    actions = torch.zeros(ROWS, 3, 2)
    return Batch(poses, actions, torch.zeros(ROWS), task.step(poses, actions), torch.ones(ROWS))


def learner(task: Rendezvous, **changes: Any) -> Mir2Allies:
    config = tiny_config("mir2_allies", **changes)
    found = ALGORITHMS["mir2_allies"].learner(config, task, np.random.default_rng(0))
    assert isinstance(found, Mir2Allies)
    with torch.no_grad():
        list(found.actor.parameters())[-2].mul_(10.0)  # so that it reacts
    return found


def nats(mir2: Mir2Allies, poses: Tensor, ally: int) -> Tensor:
    actions = mir2.actor(mir2.task.observe(poses))
    return mir2.information(poses, actions, torch.full((len(poses),), ally))


def test_it_is_the_expected_log_ratio_of_noisy_actions(task: Rendezvous, batch: Batch) -> None:
    mir2, sigma = learner(task, action_noise=0.3), 0.3
    told = batch.state.clone()
    told[:, 1] = batch.state.roll(-1, dims=0)[:, 1]
    honest, misled = (mir2.actor(task.observe(poses))[:, [0, 2]].detach() for poses in (batch.state, told))
    noise = torch.randn(4000, *honest.shape, generator=torch.Generator().manual_seed(0))
    ratio = ((honest + sigma * noise - misled) ** 2 - (sigma * noise) ** 2).sum(dim=-1) / (2.0 * sigma**2)
    torch.testing.assert_close(nats(mir2, batch.state, 1).detach(), ratio.mean(dim=(0, 2)), rtol=0.05, atol=0.05)


def test_a_team_that_looks_at_nobody_tells_nothing(task: Rendezvous, batch: Batch) -> None:
    mir2 = learner(task)
    assert (nats(mir2, batch.state, 0) > 0.0).all()
    allies = 5 * (task.params.robots - 1)
    with torch.no_grad():
        next(mir2.actor.parameters())[:, :allies] = 0.0
    assert (nats(mir2, batch.state, 0) == 0.0).all()


def test_the_weight_grows_over_the_first_updates(task: Rendezvous, batch: Batch) -> None:
    state = critic_inputs(task).features(batch.state)
    losses = {}
    for updates in (0, 500, 1000, 5000):
        mir2 = learner(task, penalty_weight=0.5, penalty_ramp_updates=1000)
        mir2.updates = updates
        losses[updates] = mir2.actor_loss(state, batch).item()
    assert losses[500] - losses[0] == pytest.approx(0.5 * (losses[1000] - losses[0]), rel=1e-4)
    assert losses[5000] == losses[1000] > losses[0]


def test_paying_for_it_removes_it(task: Rendezvous, batch: Batch) -> None:
    mir2 = learner(task, penalty_weight=1.0)
    mir2.updates = 10_000
    before = nats(mir2, batch.state, 2).mean().item()
    for _ in range(100):
        loss = mir2.actor_loss(critic_inputs(task).features(batch.state), batch)
        mir2.actor_optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        mir2.actor_optimizer.step()
    assert nats(mir2, batch.state, 2).mean().item() < 0.1 * before
