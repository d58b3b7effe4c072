"""The special term of every robust baseline does what its paper says, and every algorithm resumes exactly."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mir2_core.tasks import Rendezvous
from mir2_policies.learners.critic_inputs import critic_inputs
from mir2_policies.learners.ernie import Ernie
from mir2_policies.learners.m3ddpg import M3ddpg, worst_case_actions
from mir2_policies.learners.maddpg import Maddpg
from mir2_policies.learners.networks import Critic
from mir2_policies.learners.perturbation import ascend
from mir2_policies.learners.registry import ALGORITHMS
from mir2_policies.learners.replay import Batch
from mir2_policies.learners.romax import Romax, relaxed_minimum
from mir2_policies.learners.romq import ACTION_ATTACK, NO_ATTACK, OBSERVATION_ATTACK, Romq
from mir2_policies.training.checkpoint import load_checkpoint
from mir2_policies.training.run import Budget
from mir2_policies.training.trainer import Trainer
from mir2_sim.batched import torch_task
from torch import Tensor, nn

from tests.policies.tiny_run import BACKBONES, tiny_config

ROBOTS = 3
ROWS = 64


@pytest.fixture(scope="module")
def task() -> Rendezvous:
    return torch_task("rendezvous", tiny_config("maddpg").task_parameters)


@pytest.fixture(scope="module")
def batch(task: Rendezvous) -> Batch:
    poses = task.asarray(task.reset(np.random.default_rng(3), ROWS))
    actions = torch.rand(ROWS, ROBOTS, 2, generator=torch.Generator().manual_seed(3)) * 2 - 1
    return Batch(poses, actions, torch.randn(ROWS), task.step(poses, actions), torch.ones(ROWS))


def learner(name: str, task: Rendezvous, **changes: Any) -> Any:
    """A learner of that name; all have the same initial networks."""
    return ALGORITHMS[name].learner(tiny_config(name, **changes), task, np.random.default_rng(0))


def actor_gradient(learner: Maddpg, state: Tensor, batch: Batch) -> Tensor:
    gradients = torch.autograd.grad(learner.actor_loss(state, batch), list(learner.actor.parameters()))
    return torch.cat([gradient.flatten() for gradient in gradients])


def test_m3ddpg_moves_the_others_a_step_of_length_epsilon_towards_lower_values(task: Rendezvous, batch: Batch) -> None:
    critic, state = learner("m3ddpg", task).critic, critic_inputs(task).features(batch.state)
    expected = worst_case_actions(critic, state, batch.actions, epsilon=0.001)
    change = (expected - batch.actions[:, None]).norm(dim=-1)
    others = ~torch.eye(ROBOTS, dtype=torch.bool)
    assert (change[:, ~others] == 0).all()
    torch.testing.assert_close(change[:, others], torch.full((ROWS, ROBOTS * (ROBOTS - 1)), 0.001), rtol=0.01, atol=0)
    nominal = critic(state, batch.actions)
    for robot in range(ROBOTS):
        assert (critic(state, expected[:, robot]) < nominal).all()


def test_m3ddpg_robots_learn_their_own_action_only(task: Rendezvous, batch: Batch) -> None:
    critic, state = learner("m3ddpg", task).critic, critic_inputs(task).features(batch.state)
    actions = batch.actions.clone().requires_grad_()
    critic(state, worst_case_actions(critic, state, actions, epsilon=0.1)[:, 1]).sum().backward()
    assert actions.grad is not None
    assert (actions.grad[:, 1] != 0).all()
    assert (actions.grad[:, [0, 2]] == 0).all()


@pytest.mark.parametrize(("name", "radius"), [("m3ddpg", "perturbation"), ("romax", "trust_region")])
def test_minimax_lowers_the_target_and_without_radius_is_the_backbone(
    name: str, radius: str, task: Rendezvous, batch: Batch
) -> None:
    state, backbone = critic_inputs(task).features(batch.state), learner("maddpg", task)
    neutral, cautious = learner(name, task, **{radius: 0.0}), learner(name, task, **{radius: 0.1})
    torch.testing.assert_close(neutral.critic_target(batch), backbone.critic_target(batch), rtol=1e-5, atol=1e-6)
    assert (cautious.critic_target(batch) < backbone.critic_target(batch)).all()
    if name == "m3ddpg":
        expected = actor_gradient(backbone, state, batch)
        torch.testing.assert_close(actor_gradient(neutral, state, batch), expected, rtol=1e-4, atol=1e-7)


def test_romax_bound_is_certified_and_better_than_interval_arithmetic(task: Rendezvous, batch: Batch) -> None:
    romax: Romax = learner("romax", task)
    critic, state, epsilon = romax.critic, critic_inputs(task).features(batch.state), 0.1
    robots = torch.arange(ROWS) % ROBOTS
    others = (nn.functional.one_hot(robots, ROBOTS) == 0)[..., None].float()
    nominal = critic(state, batch.actions)
    bound = relaxed_minimum(critic, state, batch.actions, robots, epsilon)
    assert (bound < nominal).all()

    def below(joint: Tensor) -> Tensor:
        return -critic(state, joint)

    def value(change: Tensor) -> Tensor:
        result: Tensor = critic(state, (batch.actions + others * change).clamp(-1, 1))
        return result

    found = ascend(below, start=batch.actions, centre=batch.actions, radius=epsilon, step=0.02 * others, steps=20)
    lowest = value(found - batch.actions)
    generator = torch.Generator().manual_seed(0)
    for _ in range(200):
        corners = torch.rand(batch.actions.shape, generator=generator).sub(0.5).sign() * epsilon
        lowest = torch.minimum(lowest, value(corners))
    assert (bound <= lowest + 1e-6).all()
    margin = epsilon * others
    assert (bound > interval_minimum(critic, state, batch.actions - margin, batch.actions + margin)).all()
    exact = relaxed_minimum(critic, state, batch.actions, robots, epsilon=0.0)
    torch.testing.assert_close(exact, nominal, rtol=1e-5, atol=1e-6)


def interval_minimum(critic: Critic, state: Tensor, lowest: Tensor, highest: Tensor) -> Tensor:
    """The lower bound (B,) that follows from bounding one layer after the other."""
    corners = torch.stack([lowest, highest]).clamp(-1, 1).flatten(2)
    choices = torch.cartesian_prod(*[torch.arange(2)] * corners.shape[-1])  # extremes of a linear function
    joint = torch.where(choices[:, None] == 0, corners[0], corners[1]).unflatten(-1, lowest.shape[1:])
    inputs = critic.inputs(state.expand(len(joint), -1, -1), joint)
    lower, upper = inputs.amin(dim=0), inputs.amax(dim=0)
    for layer in critic.body:
        if isinstance(layer, nn.Linear):
            up, down = layer.weight.clamp(min=0).T, layer.weight.clamp(max=0).T
            lower, upper = lower @ up + upper @ down + layer.bias, upper @ up + lower @ down + layer.bias
        else:
            lower, upper = lower.relu(), upper.relu()
    return lower.squeeze(-1)


def test_romax_bound_teaches_a_robot_its_own_action_only(task: Rendezvous, batch: Batch) -> None:
    critic, state = learner("romax", task).critic, critic_inputs(task).features(batch.state)
    actions = batch.actions.clone().requires_grad_()
    relaxed_minimum(critic, state, actions, torch.ones(ROWS, dtype=torch.long), epsilon=0.1).sum().backward()
    assert actions.grad is not None
    assert (actions.grad[:, 1] != 0).all()
    assert (actions.grad[:, [0, 2]] == 0).all()


def test_romq_attacks_a_third_of_the_episodes_each_way_and_any_robot(task: Rendezvous) -> None:
    romq: Romq = learner("romq", task, worlds=6000)
    assert np.bincount(romq.victim, minlength=ROBOTS) / 6000 == pytest.approx(np.full(ROBOTS, 1 / 3), abs=0.03)
    for kind in (NO_ATTACK, OBSERVATION_ATTACK, ACTION_ATTACK):
        assert (romq.attack == kind).float().mean().item() == pytest.approx(1 / 3, abs=0.03)


def test_romq_without_attacked_episodes_is_the_backbone(task: Rendezvous, batch: Batch) -> None:
    rates = {"observation_attack_rate": 0.0, "action_attack_rate": 0.0}
    romq: Romq = learner("romq", task, worlds=ROWS, exploration_noise=0.0, **rates)
    honest = romq.actor(task.observe(batch.state))
    assert torch.equal(romq.act_exploring(batch.state, torch.ones(ROWS, dtype=torch.bool)), honest)


def attacked(romq: Romq, kind: int) -> Tensor:
    """Which robots (B, N) are held by an attack of that kind."""
    robots = torch.arange(ROBOTS) == romq.victim[:, None]
    return robots & (romq.attack == kind)[:, None]


def test_romq_collects_the_actions_of_the_attacked(task: Rendezvous, batch: Batch) -> None:
    romq: Romq = learner("romq", task, worlds=ROWS, exploration_noise=0.0)
    with torch.no_grad():
        romq.actor.body[-1].weight.mul_(10.0)  # an actor that reacts to what it sees
    state, honest = critic_inputs(task).features(batch.state), romq.actor(task.observe(batch.state)).detach()
    collected = romq.act_exploring(batch.state, torch.zeros(ROWS, dtype=torch.bool))
    changed = (collected != honest).any(dim=-1)
    seeing, acting = attacked(romq, OBSERVATION_ATTACK), attacked(romq, ACTION_ATTACK)
    assert (changed == (seeing | acting)).all()
    hit = changed.any(dim=1)
    assert 0.4 < hit.float().mean() < 0.9
    assert (romq.critic(state, collected) < romq.critic(state, honest))[hit].all()
    assert (collected - honest).abs()[acting].mean() > 0.5


def test_romq_observation_attack_stays_within_its_radius(task: Rendezvous, batch: Batch) -> None:
    romq: Romq = learner("romq", task, worlds=ROWS)
    state, observations = critic_inputs(task).features(batch.state), task.observe(batch.state)
    change = (romq.attack_observations(state, observations) - observations).abs().amax(dim=-1)
    seeing = attacked(romq, OBSERVATION_ATTACK)
    torch.testing.assert_close(change[seeing], torch.full((int(seeing.sum()),), 0.1))
    assert (change[~seeing] == 0).all()


def test_romq_throws_its_switches_at_the_start_of_episodes_only(task: Rendezvous, batch: Batch) -> None:
    romq: Romq = learner("romq", task, worlds=ROWS)
    before = romq.attack.clone()
    fresh = torch.arange(ROWS) < ROWS // 2
    romq.act_exploring(batch.state, fresh)
    assert (romq.attack == before)[~fresh].all()
    assert (romq.attack != before)[fresh].any()


def test_ernie_terms_have_gradients(task: Rendezvous, batch: Batch) -> None:
    state = critic_inputs(task).features(batch.state)
    plain, smooth = (learner("ernie", task, smoothness_weight=weight) for weight in (0.0, 1.0))
    difference = actor_gradient(smooth, state, batch) - actor_gradient(plain, state, batch)
    assert difference.norm() > 1e-3
    target = torch.zeros(ROWS)
    for ernie in (plain, smooth):
        ernie.critic_loss(state, batch, target).backward()
    gradients = [ernie.critic.body[0].weight.grad for ernie in (plain, smooth)]
    assert (gradients[1] - gradients[0]).norm() > 1e-3


def test_ernie_alone_makes_the_actor_less_sensitive(task: Rendezvous, batch: Batch) -> None:
    ernie: Ernie = learner("ernie", task)
    with torch.no_grad():
        ernie.actor.body[-1].weight.mul_(10.0)
    observations = task.observe(batch.state)
    noise = 0.1 * torch.randn(observations.shape, generator=torch.Generator().manual_seed(9))

    @torch.no_grad()
    def sensitivity() -> float:
        return (ernie.actor(observations + noise) - ernie.actor(observations)).norm(dim=-1).mean().item()

    before = sensitivity()
    for _ in range(100):
        ernie.actor_optimizer.zero_grad()
        ernie.roughness(ernie.actor, observations).backward()
        ernie.actor_optimizer.step()
    assert sensitivity() < 0.5 * before


def test_ernie_searches_better_than_chance(task: Rendezvous, batch: Batch) -> None:
    ernie: Ernie = learner("ernie", task)
    observations = task.observe(batch.state)
    corners = 0.1 * torch.randn(observations.shape, generator=torch.Generator().manual_seed(9)).sign()
    by_chance = (ernie.actor(observations + corners) - ernie.actor(observations)).norm(dim=-1).mean()
    assert ernie.roughness(ernie.actor, observations) > 2.0 * by_chance


@pytest.mark.parametrize("name", BACKBONES)
def test_every_algorithm_resumes_exactly(name: str, tmp_path: Path) -> None:
    sizes = {"hidden": (32, 32), "batch": 32, "evaluation_episodes": 2, "final_evaluation_episodes": 2}
    config = tiny_config(name, **sizes, warmup_transitions=200, evaluation_interval=10_000)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    Trainer(config, whole).run(Budget(transitions=1600), quiet=True)
    Trainer(config, parts).run(Budget(transitions=800), quiet=True)
    resumed = Trainer(config, parts)
    resumed.resume()
    resumed.run(Budget(transitions=1600), quiet=True)
    assert np.isfinite(resumed.measure()["return_mean"])
    expected, found = load_checkpoint(whole), load_checkpoint(parts)
    assert found["learner"]["updates"] == expected["learner"]["updates"] >= 80
    (world,), (whole_world,) = (list(state["worlds"].values()) for state in (found, expected))
    assert world.pop("rng") == whole_world.pop("rng")
    for part in ("learner", "worlds"):
        torch.testing.assert_close(found[part], expected[part], rtol=0, atol=0)


def test_baselines_share_the_backbone() -> None:
    """Networks and updates are inherited, so that a comparison shows the special term and nothing else."""
    for kind in (M3ddpg, Romq, Ernie, Romax):
        assert kind.update is Maddpg.update
    assert {type(learner_of(name).critic) for name in BACKBONES} == {Critic}


def learner_of(name: str) -> Maddpg:
    config = tiny_config(name)
    return ALGORITHMS[name].learner(config, torch_task("rendezvous", config.task_parameters), np.random.default_rng(0))
