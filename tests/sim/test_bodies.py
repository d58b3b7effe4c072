"""Bodies in the batched worlds do what command gates do."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mir2_core.gate import CommandGate, GateLimits
from mir2_core.robots import EPUCK2
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_core.types import FloatArray
from mir2_sim.batched import BatchedWorld, float_tensors, torch_task
from mir2_sim.bodies import Bodies
from mir2_sim.randomisation import Randomisation

from tests.sim.honest_gates import let_through

PROMPT = replace(EPUCK2, max_wheel_radps2=np.inf, proximity=())


def double_task(robots: int) -> Rendezvous:
    xp, _ = float_tensors()
    return Rendezvous(RendezvousParams(robots=robots), xp, lambda values: torch.as_tensor(values, dtype=torch.float64))


def through_gates(task: Rendezvous, poses: FloatArray, actions: FloatArray) -> FloatArray:
    """What the gates of robots that know where the others are let through, (N, 2)."""
    limits = GateLimits(task.params.arena_m, task.params.dt_s, 0.5, 0.5)
    gates = [CommandGate(PROMPT, limits) for _ in poses]
    asked = torch.stack(task.action_to_twist(torch.as_tensor(actions)), dim=-1).numpy()
    twists = torch.tensor(let_through(gates, 0.0, poses, asked), dtype=torch.float64)
    return np.asarray(task.twist_to_action(twists[:, 0], twists[:, 1]).numpy())


@given(seed=st.integers(0, 2**32 - 1), robots=st.integers(2, 12), room_m=st.floats(0.2, 2.0))
@settings(max_examples=150)
def test_they_let_through_what_gates_do(seed: int, robots: int, room_m: float) -> None:
    rng, task = np.random.default_rng(seed), double_task(robots)
    places = rng.uniform(0.01, room_m - 0.01, (robots, 2))
    poses = np.concatenate([places, rng.uniform(0.0, 2.0 * np.pi, (robots, 1))], axis=1)
    actions = rng.uniform(-1.2, 1.2, (robots, 2))
    allowed = Bodies(task, PROMPT).allowed(torch.as_tensor(poses)[None], torch.as_tensor(actions)[None])[0]
    expected = through_gates(task, poses, actions)
    # Two ways round may be as near as each other.
    same = np.abs(allowed.numpy() - expected).max(axis=1) < 1e-4
    assert same.mean() > 1.0 - 1.5 / robots


def test_bodies_come_no_nearer_than_they_may() -> None:
    task = torch_task("rendezvous", RendezvousParams(robots=10))
    world = BatchedWorld(task, 16, np.random.default_rng(0), Randomisation(bodies=1.0))
    generator = torch.Generator().manual_seed(0)
    apart = ~torch.eye(10, dtype=torch.bool)
    grid = torch.stack(torch.meshgrid(torch.arange(5), torch.arange(2), indexing="ij"), dim=-1).reshape(10, 2)
    world.state[..., :2] = 0.8 + 0.09 * grid
    for _ in range(40):
        world.age[:] = 0
        before_m = torch.cdist(world.state[..., :2], world.state[..., :2])
        after = world.step(2.0 * torch.rand(16, 10, 2, generator=generator) - 1.0).state
        after_m = torch.cdist(after[..., :2], after[..., :2])
        # Robots turn while they drive, and gates look at the most direct moment of a straight way.
        assert (after_m - before_m.clamp(max=EPUCK2.spacing_m))[:, apart].min() > -0.002
    assert after_m[:, apart].min() > 2.0 * EPUCK2.radius_m


def test_gradients_pass_through_them() -> None:
    task = torch_task("rendezvous", RendezvousParams(robots=10))
    world = BatchedWorld(task, 16, np.random.default_rng(0), Randomisation(bodies=1.0))
    world.state[..., :2] *= 0.2
    actions = torch.full((16, 10, 2), 0.5, requires_grad=True)
    for _ in range(20):
        reward = world.step(actions).reward.mean()
    reward.backward()  # type: ignore[no-untyped-call]
    assert actions.grad is not None
    assert actions.grad.isfinite().all()
    assert (actions.grad != 0.0).any()


def test_a_share_of_the_episodes_has_them() -> None:
    task = torch_task("rendezvous", RendezvousParams(robots=2))
    world = BatchedWorld(task, 400, np.random.default_rng(0), Randomisation(bodies=0.25))
    world.state = task.asarray(np.tile([[1.0, 1.0, 0.0], [1.08, 1.0, np.pi]], (400, 1, 1)))
    world.age[:] = 0
    step = world.step(torch.ones(400, 2, 2))
    stood = (step.state[:, 0, 0] < 1.001).double().mean()
    assert 0.18 < stood < 0.32


def test_a_saved_world_keeps_its_bodies() -> None:
    task = torch_task("rendezvous", RendezvousParams(robots=3, horizon=5))
    world, other = (BatchedWorld(task, 64, np.random.default_rng(i), Randomisation(bodies=0.5)) for i in range(2))
    world.state[..., :2] *= 0.1
    world.step(torch.ones(64, 3, 2))
    other.load_state_dict({key: value.clone() if torch.is_tensor(value) else value
                           for key, value in world.state_dict().items()})  # fmt: skip
    for _ in range(7):
        assert torch.equal(world.step(torch.ones(64, 3, 2)).state, other.step(torch.ones(64, 3, 2)).state)
