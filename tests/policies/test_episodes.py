"""Episodes with traitors: no traitor changes nothing, a lie changes what victims see and nothing else."""

from typing import Any

import numpy as np
import pytest
import torch
from mir2_core.errors import UserError
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_core.traitors import ACTS, TRAITORS
from mir2_core.traitors.traitor import Deed, Situation
from mir2_policies.evaluation.episodes import Episodes, run_episodes
from mir2_policies.evaluation.returns import episode_returns
from mir2_sim.batched import torch_task

PARAMS = RendezvousParams(robots=5, horizon=40)
TASK = Rendezvous(PARAMS)


def wander(observations: Any) -> Any:
    """A policy that depends on everything it sees: some wheel speeds out of the numbers of the observation."""
    weights = np.random.default_rng(1).normal(size=(TASK.observe.size, 2))
    if isinstance(observations, torch.Tensor):
        return torch.tanh(observations @ torch.as_tensor(weights, dtype=observations.dtype))
    return np.tanh(observations @ weights)


def gather(observations: Any) -> Any:
    """Go to the centroid of the allies."""
    allies = observations[..., :20].reshape(*observations.shape[:-1], 4, 5)
    ahead, right = (allies[..., 0] * allies[..., 1]).mean(-1), (allies[..., 0] * allies[..., 2]).mean(-1)
    return np.clip(20.0 * np.stack([ahead + right, ahead - right], axis=-1), -1.0, 1.0)


def played(name: str, robots: tuple[int, ...] = (1,)) -> Episodes:
    return run_episodes(TASK, gather, 6, 3, robots=robots, traitor=TRAITORS[name])


@pytest.mark.parametrize("act", [wander, gather])
def test_without_traitors_returns_are_those_of_the_evaluation(act: Any) -> None:
    episodes = run_episodes(TASK, act, 16, seed=4)
    np.testing.assert_allclose(episodes.team_return, episode_returns(TASK, act, 16, seed=4), rtol=1e-12)
    np.testing.assert_allclose(episodes.benign_return, episodes.team_return, rtol=1e-12)
    assert episodes.poses.shape == (41, 16, 5, 3)
    assert episodes.reported.shape == (40, 16, 0, 3)


@pytest.mark.parametrize("name", TRAITORS)
def test_tensors_and_arrays_play_the_same_episodes(name: str) -> None:
    arrays = run_episodes(TASK, wander, 4, 0, robots=(0, 3), traitor=TRAITORS[name])
    tensors = run_episodes(torch_task("rendezvous", PARAMS), wander, 4, 0, robots=(0, 3), traitor=TRAITORS[name])
    # The first steps: later the rounding of single precision may turn a robot the other way.
    np.testing.assert_allclose(tensors.poses[:5, ..., :2], arrays.poses[:5, ..., :2], atol=1e-4)
    assert tensors.team_return.dtype == arrays.team_return.dtype == np.float64


def test_a_lie_changes_what_victims_see_and_nothing_else() -> None:
    seen: list[Any] = []

    def still(observations: Any) -> Any:
        seen.append(observations)
        return 0.0 * observations[..., :2]

    lie = np.array([0.3, 1.7, 1.0])

    def liar(situation: Situation) -> Deed:
        assert not situation.wanted.any()
        np.testing.assert_array_equal(seen.pop(), TASK.observe(situation.poses)[:, [2]])
        return Deed(np.zeros((2, 1, 2)), np.broadcast_to(lie, (2, 1, 3)))

    episodes = run_episodes(TASK, still, 2, 0, robots=(2,), traitor=liar)
    honest = run_episodes(TASK, lambda observations: 0.0 * observations[..., :2], 2, 0)
    np.testing.assert_array_equal(episodes.poses, honest.poses)
    np.testing.assert_array_equal(episodes.team_reward, honest.team_reward)
    believed = episodes.poses[0].copy()
    believed[:, 2] = lie
    benign = [0, 1, 3, 4]
    np.testing.assert_array_equal(seen[0][:, benign], TASK.observe(believed)[:, benign])
    assert not np.allclose(seen[0][:, 0], TASK.observe(episodes.poses[0])[:, 0])
    np.testing.assert_array_equal(episodes.reported, np.broadcast_to(lie, (40, 2, 1, 3)))


def lie_to(situation: Situation, places: Any) -> Deed:
    """One traitor that tells each of five robots one of `places` (5, 3)."""
    return Deed(np.zeros((2, 1, 2)), np.broadcast_to(places, (len(situation.poses), 1, 5, 3)))


def test_each_victim_sees_what_it_was_told() -> None:
    seen: list[Any] = []

    def still(observations: Any) -> Any:
        seen.append(observations)
        return 0.0 * observations[..., :2]

    lies = np.random.default_rng(0).uniform(0.1, 1.9, (5, 3))
    episodes = run_episodes(TASK, still, 2, 0, robots=(2,), traitor=lambda situation: lie_to(situation, lies))
    for listener in (0, 1, 3, 4):
        believed = episodes.poses[0].copy()
        believed[:, 2] = lies[listener]
        np.testing.assert_array_equal(seen[0][:, listener], TASK.observe(believed)[:, listener])
    np.testing.assert_array_equal(episodes.reported, np.broadcast_to(lies, (40, 2, 1, 5, 3)))


@pytest.mark.parametrize("of_tensors", [False, True])
@pytest.mark.parametrize("observation", ["pairwise", "agnostic", "allies"])
def test_the_same_lie_to_each_is_a_lie_to_all(of_tensors: bool, observation: Any) -> None:
    params = RendezvousParams(robots=5, horizon=40, observation=observation)
    task: Any = torch_task("rendezvous", params) if of_tensors else Rendezvous(params)

    def drive(observations: Any) -> Any:
        return (20.0 * observations[..., 1:3]).clip(-1.0, 1.0)

    def two_faced(situation: Situation) -> Deed:
        reported = TRAITORS["lie-circle"](situation).reported
        assert reported is not None
        return Deed(None, task.xp.broadcast_to(reported[:, :, None], (6, 2, 5, 3)))

    liar = run_episodes(task, drive, 6, 3, robots=(1, 4), traitor=TRAITORS["lie-circle"])
    each = run_episodes(task, drive, 6, 3, robots=(1, 4), traitor=two_faced)
    np.testing.assert_array_equal(each.poses, liar.poses)
    np.testing.assert_array_equal(each.benign_reward, liar.benign_reward)


def test_the_world_moves_by_the_truth() -> None:
    episodes = played("lie-random", (1, 4))
    for step in range(40):
        np.testing.assert_allclose(TASK.step(episodes.poses[step], episodes.actions[step]), episodes.poses[step + 1])


def test_the_benign_reward_is_the_formula_over_benign_robots() -> None:
    episodes = played("flee", (1, 4))
    benign = [0, 2, 3]
    poses, actions = episodes.poses[-1][:, benign], episodes.actions[-1][:, benign]
    gaps = [np.hypot(*(poses[:, i, :2] - poses[:, j, :2]).T) for i, j in ((0, 1), (0, 2), (1, 2))]
    expected = -np.mean(np.minimum(gaps, 2.82), axis=0) / 2.82 - 0.001 * (actions**2).mean(axis=(1, 2))
    np.testing.assert_allclose(episodes.benign_reward[-1], expected)
    np.testing.assert_allclose(episodes.benign_widest_m[-1], np.max(gaps, axis=0))


def test_a_traitor_that_only_lies_moves_as_if_it_were_loyal() -> None:
    liars = played("lie-circle", (1, 4))
    for step in range(40):
        loyal = gather(TASK.observe(liars.poses[step])[:, [1, 4]])
        np.testing.assert_array_equal(liars.actions[step][:, [1, 4]], loyal)
    np.testing.assert_allclose(np.linalg.norm(liars.reported[..., :2] - 1.0, axis=-1), 0.9)


def test_a_traitor_that_only_acts_tells_the_truth() -> None:
    for name in ACTS:
        episodes = played(name, (1, 4))
        np.testing.assert_array_equal(episodes.reported, episodes.poses[:-1, :, [1, 4]], name)
    assert not played("stop").actions[:, :, 1].any()
    frozen = played("freeze").actions[:, :, 1]
    np.testing.assert_array_equal(frozen, np.broadcast_to(frozen[0], frozen.shape))


def test_the_seed_of_the_episodes_decides_random_traitors() -> None:
    numbers = [
        run_episodes(TASK, gather, 2, seed, robots=(1,), traitor=TRAITORS["random"]).actions[:, :, 1]
        for seed in (3, 3, 4)
    ]
    np.testing.assert_array_equal(numbers[0], numbers[1])
    assert (numbers[0] != numbers[2]).all()


@pytest.mark.parametrize(
    ("robots", "message"),
    [((5,), "robots 0 to 4"), ((-1,), "robots 0 to 4"), ((1, 1), "named once"), ((0, 1, 2, 3), "name fewer")],
)
def test_impossible_traitors_are_refused(robots: tuple[int, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        run_episodes(TASK, wander, 2, 0, robots=robots, traitor=TRAITORS["stop"])
