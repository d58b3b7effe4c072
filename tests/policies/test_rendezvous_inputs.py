"""What critics are given of rendezvous, against the published environment and against its own derivatives."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_policies.learners.critic_inputs import StateInputs, critic_inputs
from mir2_policies.learners.rendezvous_inputs import PAIR_FEATURES_M, RendezvousInputs, central_state
from mir2_sim.batched import torch_task

GOLDEN = Path(__file__).parent.parent / "data" / "rendezvous_golden.npz"
CM = np.array([0.01, 0.01, 1.0])


@pytest.mark.parametrize("case", ["A", "C", "D"])
def test_the_central_state_equals_the_published_one(case: str) -> None:
    with np.load(GOLDEN) as data:
        starts, states = data[f"{case}_init_states"], data[f"{case}_agent_states"]
        first, following = data[f"{case}_init_state_vec"], data[f"{case}_state_vec"]
    task = Rendezvous(RendezvousParams(robots=len(starts)))
    np.testing.assert_allclose(central_state(task, starts[None] * CM)[0], first, atol=1e-12, rtol=0)
    np.testing.assert_allclose(central_state(task, states * CM), following, atol=1e-11, rtol=0)


@pytest.mark.parametrize("robots", [2, 3, 10])
def test_features_and_effects_have_the_sizes_they_declare(robots: int) -> None:
    task = torch_task("rendezvous", RendezvousParams(robots=robots))
    inputs = critic_inputs(task)
    assert isinstance(inputs, RendezvousInputs)
    features = inputs.features(task.asarray(task.reset(np.random.default_rng(1), batch=4)))
    assert features.shape == (4, inputs.size)
    assert inputs.effects(features, torch.zeros(4, robots, 2)).shape == (4, inputs.effects_size)


def test_effects_are_how_fast_the_features_change() -> None:
    task = Rendezvous(RendezvousParams(robots=4, dt_s=1e-6, substeps=1))
    rng = np.random.default_rng(2)
    poses, inputs = task.reset(rng, batch=8), RendezvousInputs(task)
    now = inputs.features(poses)
    pairs = 6
    for drive, turn in ((1.0, 0.0), (0.0, 1.0)):
        size = rng.uniform(-1.0, 1.0, (8, 4))
        actions = np.stack([size * (drive - turn), size * (drive + turn)], axis=-1)
        rate = (inputs.features(task.step(poses, actions)) - now) / task.params.dt_s
        effects = inputs.effects(now, actions)
        if drive:
            expected = effects[:, :pairs] * task.robot.max_v_mps / PAIR_FEATURES_M
            np.testing.assert_allclose(rate[:, :pairs], expected, atol=1e-5)
        else:
            expected = effects[:, pairs:] * task.robot.max_omega_radps
            np.testing.assert_allclose(rate[:, pairs:], expected, atol=1e-4)


def test_a_task_without_an_entry_is_seen_as_its_state() -> None:
    task = torch_task("rendezvous", RendezvousParams(robots=3))
    inputs = StateInputs(task)
    state = torch.rand(5, 3, 3)
    assert torch.equal(inputs.features(state), state.reshape(5, 9))
    assert inputs.effects(inputs.features(state), torch.zeros(5, 3, 2)).shape == (5, 0)
