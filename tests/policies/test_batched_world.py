"""The training world is the task, many times over."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from mir2_core.disturbance import PRESETS, Disturbance
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_policies.learners.critic_inputs import critic_inputs
from mir2_sim.batched import BatchedWorld, torch_task


@pytest.mark.parametrize("observation", ["pairwise", "agnostic", "allies"])
def test_float32_tensors_follow_the_task(observation: str) -> None:
    radius_m = 3.0 if observation == "pairwise" else 1.2
    params = RendezvousParams.model_validate({"robots": 5, "observation": observation, "radius_m": radius_m})
    reference, task = Rendezvous(params), torch_task("rendezvous", params)
    rng = np.random.default_rng(0)
    poses = reference.reset(rng, 64)
    poses[:8, :, :2] *= 0.004  # at the walls, in the corner
    for _ in range(20):
        actions = rng.uniform(-1.5, 1.5, (64, 5, 2))
        start, given = task.asarray(poses), task.asarray(actions)
        moved = task.step(start, given)
        following = reference.step(start.double().numpy(), given.double().numpy())
        turn = np.abs(moved[..., 2].numpy() - following[..., 2])
        assert np.minimum(turn, 2 * np.pi - turn).max() < 1e-5
        np.testing.assert_allclose(moved[..., :2], following[..., :2], atol=1e-5)
        for quantity in (lambda task: task.observe, lambda task: critic_inputs(task).features):
            expected = quantity(reference)(start.double().numpy())
            np.testing.assert_allclose(quantity(task)(start), expected, atol=1e-5)
        np.testing.assert_allclose(task.reward(moved, given), reference.reward(following, actions), atol=1e-5)
        poses = following


def test_worlds_start_anew_when_their_time_is_up() -> None:
    task = torch_task("rendezvous", RendezvousParams(robots=2, horizon=10))
    world = BatchedWorld(task, 32, np.random.default_rng(3))
    ended = torch.zeros(32, dtype=torch.int64)
    for _ in range(20):
        before = world.state
        step = world.step(torch.zeros(32, 2, 2))
        torch.testing.assert_close(step.state[..., :2], before[..., :2])
        changed = (world.state != step.state).flatten(1).any(dim=1)
        assert torch.equal(changed, step.truncated | step.done)
        assert (world.age < 10).all()
        ended += step.truncated
    assert (ended == 2).all()


def test_a_gathered_team_ends_without_being_cut_off() -> None:
    task = torch_task("rendezvous", RendezvousParams(robots=2))
    world = BatchedWorld(task, 2, np.random.default_rng(0))
    world.state[0, :, :2] = 1.0
    step = world.step(torch.zeros(2, 2, 2))
    assert step.done.tolist() == [True, False]
    assert not step.truncated[0]


def test_a_saved_world_goes_on_the_same_way() -> None:
    task = torch_task("rendezvous", RendezvousParams(robots=3, horizon=5))
    world = BatchedWorld(task, 8, np.random.default_rng(0))
    actions = torch.ones(8, 3, 2)
    world.step(actions)
    state = {key: value.clone() if torch.is_tensor(value) else value for key, value in world.state_dict().items()}
    other = BatchedWorld(task, 8, np.random.default_rng(9))
    other.load_state_dict(state)
    for _ in range(7):
        assert torch.equal(world.step(actions).state, other.step(actions).state)


def test_a_step_brings_what_reward_and_gathered_say_apart() -> None:
    task = torch_task("rendezvous", RendezvousParams(robots=3))
    poses = torch.rand(6, 3, 3, dtype=torch.float64)
    poses[:3, :, :2] = 1.0 + 1e-3 * poses[:3, :, :2]
    actions = torch.rand(6, 3, 2, dtype=torch.float64)
    actions[::2] *= 1e-3
    reward, done = task.outcome(poses, actions)
    torch.testing.assert_close(reward, task.reward(poses, actions))
    assert done.tolist() == task.gathered(poses, task.velocities(poses, actions)).tolist()
    assert done.any()
    assert not done.all()


def test_a_disturbed_world_moves_late_and_knows_late_and_resumes_exactly() -> None:
    task = torch_task("rendezvous", RendezvousParams(robots=3, horizon=15))

    def world(**parameters: float) -> BatchedWorld:
        return BatchedWorld(task, 32, np.random.default_rng(3), disturbance=Disturbance(**parameters))

    late, forward = world(command_latency_s=0.1), torch.ones(32, 3, 2)
    start = late.state.clone()
    first = late.step(forward).state
    torch.testing.assert_close(first[..., :2], start[..., :2])
    going = ~late.begins
    assert ((late.step(forward).state - first)[going, :, :2].abs().amax(dim=-1) > 0.0).any()
    unsure, again = world(state_latency_s=0.1, pose_noise_m=0.01), world(state_latency_s=0.1, pose_noise_m=0.01)
    for _ in range(20):
        known = unsure.heard().believed
        assert not torch.equal(known, unsure.state)
        unsure.step(forward)
    again.load_state_dict(deepcopy(unsure.state_dict()))
    for _ in range(20):
        torch.testing.assert_close(again.heard().believed, unsure.heard().believed, rtol=0, atol=0)
        torch.testing.assert_close(again.step(forward).state, unsure.step(forward).state, rtol=0, atol=0)


def test_a_world_that_loses_reports_believes_the_last_and_resumes_exactly() -> None:
    task = torch_task("rendezvous", RendezvousParams(robots=3, horizon=15))

    def world() -> BatchedWorld:
        return BatchedWorld(task, 32, np.random.default_rng(3), disturbance=Disturbance(loss=0.8))

    lossy, again, forward = world(), world(), torch.ones(32, 3, 2, requires_grad=True)
    for _ in range(20):
        heard = lossy.heard()
        assert heard.observed(task).isfinite().all()
        lossy.step(forward)
    others = ~torch.eye(3, dtype=torch.bool)
    assert heard.present is not None
    assert 0.0 < heard.present[:, others].double().mean() < 1.0, (
        "0.8 to the power of 6 are lost for longer than it coasts"
    )
    assert heard.present[:, ~others].all()
    lossy.forget()
    assert not lossy.heard().believed.requires_grad
    again.load_state_dict(deepcopy(lossy.state_dict()))
    for _ in range(20):
        torch.testing.assert_close(again.heard(), lossy.heard(), rtol=0, atol=0)
        torch.testing.assert_close(again.step(forward).state, lossy.step(forward).state, rtol=0, atol=0)


def test_gradients_reach_through_motors_and_end_where_they_are_told_to() -> None:
    task = torch_task("rendezvous", RendezvousParams(robots=3))
    world = BatchedWorld(task, 4, np.random.default_rng(3), disturbance=PRESETS["harsh"])
    push = torch.full((4, 3, 2), 0.5, requires_grad=True)
    for _ in range(5):
        world.heard()
        world.step(push)
    (world.state[..., :2] ** 2).sum().backward()  # type: ignore[no-untyped-call]
    assert push.grad is not None
    assert push.grad.isfinite().all()
    assert (push.grad != 0.0).any()
    world.forget()
    world.heard()
    world.step(torch.zeros(4, 3, 2))
    assert not world.state.requires_grad
