import numpy as np
import pytest
from mir2_core.traitors.traitor import RECALL_STEPS, Memory, Moment, benign_robots

from tests.core.traitors.situations import situation


def moment(number):
    return Moment(np.full((1, 2, 3), float(number)), lambda: np.zeros((1, 1, 2)))


def number(moment):
    return moment.poses[0, 0, 0]


def test_a_memory_keeps_the_first_moment_and_the_newest():
    memory = Memory()
    for step in range(3 * RECALL_STEPS):
        memory.note(step, moment(step))
        assert number(memory.first) == 0
        for steps in (0, 1, RECALL_STEPS - 1):
            assert number(memory.ago(steps)) == max(step - steps, 0)


def test_a_step_is_remembered_once():
    memory = Memory()
    for step, value in ((0, 1), (0, 2), (1, 3), (1, 4)):
        memory.note(step, moment(value))
    assert [number(memory.ago(steps)) for steps in (0, 1, 2)] == [4, 2, 2]


def test_the_policy_is_asked_at_most_once_a_moment():
    asked = []
    now = Moment(np.zeros((1, 2, 3)), lambda: asked.append(1) or np.ones((1, 1, 2)))
    assert not asked
    assert now.wanted is now.wanted
    assert len(asked) == 1


@pytest.mark.parametrize("change", [{"step": 8}, {"seed": 5}, {"robots": (2, 4)}])
def test_random_numbers_follow_from_seed_robot_and_step(change):
    numbers = situation().draw(1, 2)
    assert numbers.min() >= 0.0
    assert numbers.max() < 1.0
    np.testing.assert_array_equal(numbers, situation().draw(1, 2))
    assert (numbers != situation(**change).draw(1, 2)).all()
    assert (numbers != situation().draw(2, 2)).all()
    assert len(np.unique(numbers)) == numbers.size


def test_a_traitor_draws_the_same_whoever_else_is_one():
    np.testing.assert_array_equal(situation(robots=(1, 3)).draw(1, 2)[:, 1], situation(robots=(3,)).draw(1, 2)[:, 0])


def test_benign_robots_are_all_others():
    assert benign_robots(5, (3, 0)) == [1, 2, 4]
