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


def test_offset_drift_and_noise_are_beside_the_truth_within_the_arena():
    told = reports.Offset(x_m=0.3, y_m=-5.0)(situation()).reported[..., :2]
    np.testing.assert_allclose(told, np.clip(np.add(TRUTH, [0.3, -5.0]), 0.0, 2.0))
    told = reports.Drift(x_mps=0.1, y_mps=0.0)(situation(step=7)).reported[..., :2]
    np.testing.assert_allclose(told, np.clip(np.add(TRUTH, [0.07, 0.0]), 0.0, 2.0))
    away = np.stack([reports.Noise(m=0.2)(situation(step=step)).reported[..., :2] - TRUTH for step in range(1, 50)])
    assert np.abs(away).max() <= 0.2 + 1e-12
    assert (np.ptp(away, axis=0) > 0.1).all()


def test_frozen_and_replayed_are_the_past():
    given = situation()
    first = given.memory.first.poses[:, [1, 3]]
    np.testing.assert_array_equal(reports.frozen(given).reported, first)
    np.testing.assert_array_equal(reports.Replayed(s=0.1)(given).reported, first)
    np.testing.assert_array_equal(reports.Replayed(s=0.0)(given).reported, given.own_poses)


def test_mirrored_twice_is_the_truth():
    told = reports.mirrored(situation()).reported
    np.testing.assert_allclose(2.0 - told[..., :2], TRUTH)
    np.testing.assert_allclose(told[..., 2], POSES[:, [1, 3], 2] + np.pi)


def test_teleport_stays_for_a_while():
    told = [reports.Teleport(every_s=0.5)(situation(step=step)).reported[..., :2] for step in range(1, 11)]
    assert [(told[k] == told[k + 1]).all() for k in range(9)] == [True] * 3 + [False] + [True] * 4 + [False]


def test_on_top_is_where_each_benign_robot_is_in_turn():
    for step, other in ((1, 0), (4, 0), (5, 2), (10, 4), (15, 0)):
        given = situation(step=step)
        np.testing.assert_array_equal(reports.OnTop(every_s=0.5)(given).reported, given.poses[:, [other, other]])
