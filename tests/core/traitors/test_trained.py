"""What a trained adversary sees, and what its outputs mean."""

import numpy as np
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_core.traitors.trained import FULL, adversary_observations, adversary_terms, reported_poses, to_deed

from tests.core.traitors.situations import ARRAYS, POSES, TENSORS


def test_an_adversary_sees_its_allies_from_where_it_is() -> None:
    poses = np.array([[[0.5, 1.0, np.pi / 2], [1.0, 1.0, 0.0], [1.0, 2.0, np.pi]]])
    task = Rendezvous(RendezvousParams(robots=3, horizon=40))
    values, found, start = adversary_observations(task, poses, [0], 10)[0, 0], {}, 0
    for term in adversary_terms(task, [0]):
        found[term.name] = values[start : start + term.size]
        start += term.size
    assert start == len(values)
    np.testing.assert_allclose(found["place"], [-0.5, 0.0])
    np.testing.assert_allclose(found["benign_centroid"], [0.0, 0.5])
    np.testing.assert_allclose(found["benign_centroid_ahead_left"], [0.5, -0.5])
    np.testing.assert_allclose(found["benign_ahead_left"], [0.0, -0.5, 1.0, -0.5], atol=1e-12)
    np.testing.assert_allclose(found["benign_headings_cos_sin"], [1.0, 0.0, -1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(found["benign_places_over_spread"], [0.0, -1.0, 0.0, 1.0], atol=1e-3)
    np.testing.assert_allclose(found["clock_cos_sin"][:3], [1.0, -1.0, 1.0], atol=1e-12)
    assert found["used_time"] == 0.25


def test_reports_stay_in_the_arena() -> None:
    told = reported_poses(ARRAYS, np.random.default_rng(0).uniform(-1.0, 1.0, (100, 2, 3)))
    assert told[..., :2].min() >= 0.0
    assert told[..., :2].max() <= ARRAYS.params.arena_m
    assert (told[..., 2] >= 0.0).all()
    assert (told[..., 2] < 2.0 * np.pi).all()
    np.testing.assert_allclose(reported_poses(ARRAYS, np.array([[[0.5, -1.0, -0.5]]])), [[[1.5, 0.0, 1.5 * np.pi]]])


def test_outputs_are_actions_and_for_liars_a_pose() -> None:
    outputs = np.random.default_rng(0).uniform(-FULL, FULL, (4, 2, 5))
    mover, liar = to_deed(ARRAYS, outputs[..., :2]), to_deed(ARRAYS, outputs)
    assert mover.reported is None
    np.testing.assert_allclose(mover.actions, outputs[..., :2] / FULL)
    np.testing.assert_array_equal(liar.actions, mover.actions)
    np.testing.assert_allclose(liar.reported, reported_poses(ARRAYS, outputs[..., 2:] / FULL))
    np.testing.assert_array_equal(to_deed(ARRAYS, np.full((1, 1, 2), -1.0)).actions, -np.ones((1, 1, 2)))


def test_tensors_see_what_arrays_see() -> None:
    arrays = adversary_observations(ARRAYS, POSES, [4, 0], 7)
    tensors = adversary_observations(TENSORS, TENSORS.asarray(POSES), [4, 0], 7)
    np.testing.assert_allclose(tensors.numpy(), arrays, atol=1e-4)
