import numpy as np
import pytest
from mir2_core.traitors import acts
from mir2_core.traitors.traitor import Memory, Moment, Situation

from tests.core.traitors.situations import ARRAYS, POSES, situation


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


def turned(act):
    """What the act makes of the first fifty steps, in which the policy wants 0.01 more of both wheels each step."""
    memory = Memory()
    for step in range(50):
        memory.note(step, Moment(POSES, lambda step=step: np.full((6, 2, 2), 0.01 * step)))
        yield act(Situation(ARRAYS, ARRAYS.robot, (1, 3), 4, step, memory)).actions


def test_chase_comes_nearer_to_the_nearest_benign_robot():
    given = situation()
    before = nearest_benign_m(given.poses)
    poses = given.poses
    for _ in range(10):
        given.memory.ago(0).poses = poses
        every = np.zeros((6, 5, 2))
        every[:, [1, 3]] = acts.chase(given).actions
        poses = ARRAYS.step(poses, every)
    assert (nearest_benign_m(poses) < before)[before > 0.2].all()


def nearest_benign_m(poses):
    away = poses[:, [1, 3], None, :2] - poses[:, None, [0, 2, 4], :2]
    return np.linalg.norm(away, axis=-1).min(axis=-1)


def test_circle_has_its_radius():
    v_mps, omega_radps = ARRAYS.action_to_twist(acts.Circle(radius_m=0.25)(situation()).actions)
    np.testing.assert_allclose(v_mps / omega_radps, 0.25)


def test_bias_and_weak_motors_change_each_wheel():
    given = situation()
    np.testing.assert_allclose(
        acts.Bias(left=0.5, right=-0.5)(given).actions, np.clip(np.add(given.wanted, [0.5, -0.5]), -1.0, 1.0)
    )
    np.testing.assert_allclose(acts.WeakMotor(left=0.25, right=1.0)(given).actions, given.wanted * [0.25, 1.0])


def test_delay_does_what_was_wanted_before():
    for step, actions in enumerate(turned(acts.Delay(s=0.3))):
        np.testing.assert_allclose(actions, 0.01 * max(0, step - 3))


@pytest.mark.parametrize(("share", "shares"), [(0.0, (1.0, 1.0)), (0.5, (0.3, 0.7)), (1.0, (0.0, 0.0))])
def test_drop_holds_the_last_command_that_came_and_then_stands(share, shares):
    actions = list(turned(acts.Drop(share=share)))
    fresh = np.mean([np.isclose(each, 0.01 * step) for step, each in enumerate(actions) if step])
    assert shares[0] <= fresh <= shares[1]
    for step, each in enumerate(actions):
        wanted = 0.01 * np.arange(max(0, step - 5), step + 1)
        assert (np.isclose(each[..., None], wanted).any(axis=-1) | (each == 0.0)).all()
