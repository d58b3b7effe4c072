import numpy as np
from mir2_core.traitors import reports

from tests.core.traitors.situations import POSES, situation

TRUTH = POSES[:, [1, 3], :2]


def test_the_far_corner_is_opposite():
    told = reports.far_corner(situation()).reported[..., :2]
    np.testing.assert_array_equal(told, np.where(TRUTH < 1.0, 2.0, 0.0))


def test_a_circle_takes_five_seconds():
    told = np.stack([reports.circle(situation(step=step)).reported[..., :2] for step in range(51)])
    np.testing.assert_allclose(np.linalg.norm(told - 1.0, axis=-1), 0.9)
    np.testing.assert_allclose(told[0], np.broadcast_to([1.9, 1.0], (6, 2, 2)))
    np.testing.assert_allclose(told[50], told[0])
    np.testing.assert_allclose(told[25], 2.0 - told[0])


def test_random_places_fill_the_arena():
    told = np.stack([reports.random(situation(step=step)).reported[..., :2] for step in range(50)])
    assert 0.0 <= told.min() < 0.1
    assert 1.9 < told.max() <= 2.0
