import numpy as np
from mir2_core.traitors import acts

from tests.core.traitors.situations import ARRAYS, situation


def test_stop_stands_whatever_is_known():
    assert not acts.stop(situation()).actions.any()


def test_reverse_and_freeze_follow_the_policy():
    given = situation()
    np.testing.assert_array_equal(acts.reverse(given).actions, -given.wanted)
    np.testing.assert_array_equal(acts.freeze(given).actions, given.memory.first.wanted)
    assert (given.wanted != given.memory.first.wanted).all()


def test_random_uses_what_the_wheels_can_do():
    actions = np.stack([acts.random(situation(step=step)).actions for step in range(50)])
    assert -1.0 <= actions.min() < -0.95
    assert 0.95 < actions.max() <= 1.0
    assert abs(actions.mean()) < 0.1


def test_flee_increases_the_distance_to_the_benign_robots():
    given = situation()
    benign = given.poses[:, [0, 2, 4], :2].mean(axis=1)[:, None]
    actions = acts.flee(given).actions
    v_mps, _ = ARRAYS.action_to_twist(actions)
    assert (v_mps >= 0.0).all()
    np.testing.assert_allclose(np.abs(actions).max(axis=-1)[v_mps > 0.1], 1.0)  # as fast as the robot can
    poses = given.poses
    before = np.linalg.norm(poses[:, [1, 3], :2] - benign, axis=-1)
    for _ in range(60):
        given.memory.ago(0).poses = poses
        every = np.zeros((6, 5, 2))
        every[:, [1, 3]] = acts.flee(given).actions
        poses = ARRAYS.step(poses, every)
    assert (np.linalg.norm(poses[:, [1, 3], :2] - benign, axis=-1) > before).all()
