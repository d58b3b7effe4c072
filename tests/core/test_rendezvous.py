"""The task against values of the published environment, and its symmetries."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mir2_core.config import parse
from mir2_core.errors import UserError
from mir2_core.tasks import TASKS, Rendezvous, RendezvousParams, columns, task_type
from mir2_core.tasks.rendezvous import SPEED_MPS, TURN_RADPS

GOLDEN = Path(__file__).parent.parent / "data" / "rendezvous_golden.npz"
CM = np.array([0.01, 0.01, 1.0])


def golden(case: str) -> dict[str, Any]:
    with np.load(GOLDEN) as data:
        return {key[2:]: data[key] for key in data if key.startswith(f"{case}_")}


@pytest.mark.parametrize("case", ["A", "C", "D"])
def test_every_step_equals_the_published_environment(case: str) -> None:
    data = golden(case)
    task = Rendezvous(RendezvousParams(robots=len(data["init_states"])))
    poses = data["init_states"][None] * CM
    published = slice(columns(task.observe.terms, "index")[0])
    np.testing.assert_allclose(task.observe(poses)[0, :, published], data["init_obs"], atol=1e-12, rtol=0)
    for t, actions in enumerate(data["actions"][:, None]):
        poses = task.step(poses, actions)
        seen = task.observe(poses)[0, :, published]
        velocities = task.velocities(poses, actions)
        distance, cost = task.reward_parts(poses, actions)
        np.testing.assert_allclose(poses[0] / CM, data["agent_states"][t], atol=1e-11, rtol=0)
        np.testing.assert_allclose(seen, data["obs"][t], atol=1e-11, rtol=0)
        np.testing.assert_allclose(velocities[0] * 100, data["p_vel"][t], atol=1e-11, rtol=0)
        np.testing.assert_allclose(distance[0], data["reward_dist"][t], atol=1e-13, rtol=0)
        np.testing.assert_allclose(cost[0], data["reward_ctrl"][t], atol=1e-13, rtol=0)
        np.testing.assert_allclose(task.reward(poses, actions)[0], data["reward"][t], atol=1e-13, rtol=0)
        assert task.gathered(poses, velocities)[0] == task.done(poses, actions)[0] == data["done"][t]


def test_reset_draws_like_the_published_environment() -> None:
    data = golden("A")
    rng: Any = np.random.RandomState(int(data["A_seed"] if "A_seed" in data else data["seed"]))
    np.testing.assert_allclose(Rendezvous(RendezvousParams()).reset(rng)[0] / CM, data["init_states"], atol=1e-11)


def test_the_assumed_robot_moves_as_published() -> None:
    assert (SPEED_MPS, TURN_RADPS) == (0.075344, 2.65062)
    assert Rendezvous.action_meaning == "left and right wheel speed, in units of 7.5344 rad/s"


def test_all_stop_returns_what_the_published_environment_gives() -> None:
    task = Rendezvous(RendezvousParams())
    poses = task.reset(np.random.default_rng(0), batch=256)
    returns = task.params.horizon * task.reward(poses, np.zeros((256, 10, 2)))
    assert abs(returns.mean() + 66.6) < 3 * 0.5


def test_coincident_robots_are_seen_in_direction_of_the_x_axis() -> None:
    task = Rendezvous(RendezvousParams(robots=2))
    seen = task.observe(np.array([[[1.0, 1.0, 0.3], [1.0, 1.0, 2.0]]]))
    np.testing.assert_allclose(seen[0, 0, :5], [0, np.cos(0.3), np.sin(0.3), np.cos(2.0), np.sin(2.0)])


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32 - 1))
def test_aggregates_ignore_the_order_of_allies_and_those_out_of_range(seed: int) -> None:
    rng = np.random.default_rng(seed)
    task = Rendezvous(RendezvousParams(robots=6, observation="agnostic", radius_m=1.0))
    poses = task.reset(rng)
    shuffled = np.concatenate([[0], 1 + rng.permutation(5)])
    np.testing.assert_allclose(task.observe(poses)[0, 0], task.observe(poses[:, shuffled])[0, 0], atol=1e-12)
    offset = np.hypot(*(poses[0, :, :2] - poses[0, 0, :2]).T)
    near = poses[:, offset <= 1.0]
    if near.shape[1] > 1:
        small = Rendezvous(RendezvousParams(robots=near.shape[1], observation="agnostic", radius_m=1.0))
        np.testing.assert_allclose(task.observe(poses)[0, 0], small.observe(near)[0, 0], atol=1e-12)
    else:
        assert not task.observe(poses)[0, 0, :8].any()


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32 - 1), quarter_turns=st.integers(1, 3))
def test_a_turned_arena_looks_the_same(seed: int, quarter_turns: int) -> None:
    task = Rendezvous(RendezvousParams(robots=5))
    rng = np.random.default_rng(seed)
    poses, actions = task.reset(rng, batch=3), rng.uniform(-1.5, 1.5, (3, 5, 2))
    angle = quarter_turns * np.pi / 2
    rotation = np.round(np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]))
    turned = np.concatenate([(poses[..., :2] - 1.0) @ rotation + 1.0, poses[..., 2:] + angle], axis=-1)
    for _ in range(5):
        poses, turned = task.step(poses, actions), task.step(turned, actions)
    np.testing.assert_allclose(task.observe(turned), task.observe(poses), atol=1e-9)
    np.testing.assert_allclose(task.reward(turned, actions), task.reward(poses, actions), atol=1e-12)


@given(
    left=st.floats(-1, 1),
    right=st.floats(-1, 1),
)
def test_twist_and_action_are_inverse(left: float, right: float) -> None:
    task = Rendezvous(RendezvousParams())
    action = np.array([left, right])
    np.testing.assert_allclose(task.twist_to_action(*task.action_to_twist(action)), action, atol=1e-12)


def test_registry_and_its_error() -> None:
    assert TASKS["rendezvous"] is task_type("rendezvous")
    with pytest.raises(UserError, match="did you mean 'rendezvous'"):
        task_type("rendevous")


@pytest.mark.parametrize("changes", [{"radius_m": 0.5}, {"arena_m": 10.0}, {"radius_m": 2.8}])
def test_a_radius_that_would_limit_nothing_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"'pairwise' everybody hears everybody.*or observation 'allies'"):
        parse(changes, RendezvousParams, "test")
    assert parse(changes | {"observation": "allies"}, RendezvousParams, "test").observation == "allies"


def test_a_radius_limits_what_is_heard() -> None:
    poses = np.array([[[0.5, 1.0, 0.0], [0.9, 1.0, 0.0], [1.8, 1.0, 0.0]]])
    moved = poses + np.array([[[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.1, 1.0]]])
    for observation in ("agnostic", "allies"):
        task = Rendezvous(RendezvousParams(robots=3, radius_m=0.5, observation=observation))
        np.testing.assert_array_equal(task.observe(poses)[:, 0], task.observe(moved)[:, 0])
