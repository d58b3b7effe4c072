"""What a trained adversary's outputs mean."""

import numpy as np
from mir2_core.traitors.trained import FULL, reported_poses, to_deed

from tests.core.traitors.situations import ARRAYS


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
