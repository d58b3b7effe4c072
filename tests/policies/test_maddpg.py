"""The backbone's update: what it learns from, what follows what, and what its critic reads."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from mir2_policies.learners.maddpg import Maddpg
from mir2_policies.learners.registry import ALGORITHMS
from mir2_policies.learners.replay import Batch
from mir2_sim.batched import torch_task
from torch import Tensor

from tests.policies.tiny_run import BACKBONES, tiny_config

ROWS, ROBOTS = 200, 3


def learner_with_memory(name: str, **changes: Any) -> Maddpg:
    """A learner whose memory holds one transition again and again, in which every robot is at another place."""
    config = tiny_config(name, **changes)
    task = torch_task("rendezvous", config.task_parameters)
    learner: Any = ALGORITHMS[name].learner(config, task, np.random.default_rng(0), "cpu")
    poses = task.asarray(task.reset(np.random.default_rng(1), 1)).repeat(ROWS, 1, 1)
    actions = torch.tensor([[0.3, 0.9], [-0.5, 0.1], [0.8, -0.2]]).repeat(ROWS, 1, 1)
    learner.replay.add(Batch(poses, actions, torch.zeros(ROWS), task.step(poses, actions), torch.ones(ROWS)))
    return learner


def batch_of_the_next_update(learner: Maddpg, monkeypatch: pytest.MonkeyPatch) -> tuple[Tensor, Batch]:
    """State and transitions that the critic learns from in one update."""
    seen: list[tuple[Tensor, Batch]] = []
    loss: Callable[..., Tensor] = learner.critic_loss

    def watched(state: Tensor, batch: Batch, target: Tensor) -> Tensor:
        seen.append((state, batch))
        return loss(state, batch, target)

    monkeypatch.setattr(learner, "critic_loss", watched)
    learner.update()
    return seen[0]


@pytest.mark.parametrize("name", BACKBONES)
def test_targets_follow_slowly(name: str) -> None:
    learner = learner_with_memory(name, tau=0.25)
    pairs = ((learner.actor, learner.target_actor), (learner.critic, learner.target_critic))
    with torch.no_grad():
        for weight in (weight for module, _ in pairs for weight in module.parameters()):
            weight.add_(1.0)  # far from its target, so that an update of 1e-3 is not all there is to follow
    old = [[weight.clone() for weight in target.parameters()] for _, target in pairs]
    learner.update()
    for (module, target), before in zip(pairs, old, strict=True):
        for new, now, was in zip(module.parameters(), target.parameters(), before, strict=True):
            torch.testing.assert_close(now, was + 0.25 * (new - was))


@pytest.mark.parametrize("name", BACKBONES)
def test_transitions_are_numbered_anew_before_they_are_learned_from(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for relabel, orders in ((True, 6), (False, 1)):
        learner = learner_with_memory(name, relabel=relabel)
        _, batch = batch_of_the_next_update(learner, monkeypatch)
        assert len(torch.unique(batch.state.flatten(1), dim=0)) == orders
        moved = learner.task.step(batch.state, batch.actions)
        torch.testing.assert_close(moved, batch.next_state, msg="poses and actions are numbered alike")


@pytest.mark.parametrize("name", ["mir2", "mir2_states"])
def test_the_estimator_is_fitted_on_transitions_that_are_numbered_anew(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner: Any = learner_with_memory(name)
    fitted: list[Tensor] = []
    loss = learner.club.learning_loss
    monkeypatch.setattr(learner.club, "learning_loss", lambda x, y: fitted.append(y) or loss(x, y))
    learner.update()
    assert len(torch.unique(fitted[0], dim=0)) == 6


@pytest.mark.parametrize("name", BACKBONES)
def test_critics_read_what_an_action_does_to_the_state(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    learner = learner_with_memory(name)
    state, batch = batch_of_the_next_update(learner, monkeypatch)
    own = state.shape[-1] + batch.actions[0].numel()
    for critic in (learner.critic, learner.target_critic):
        effects = critic.inputs(state, batch.actions)[:, own:]
        assert effects.shape[-1] > 0
        assert effects.abs().mean() > 0.05
        torch.testing.assert_close(critic.inputs(state, 0.5 * batch.actions)[:, own:], 0.5 * effects)
        assert critic.body[0].in_features == own + effects.shape[-1]
