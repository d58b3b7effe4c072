"""The observation for teams of any size: whom a robot hears, as the numbers that it is given of each."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from mir2_core.tasks import Rendezvous, RendezvousParams

TASK = Rendezvous(RendezvousParams(robots=5, observation="allies"))
OWN, ALLY = 3, 9


def of_allies(task, seen):
    return seen[..., OWN:].reshape(*seen.shape[:-1], task.params.robots - 1, ALLY)


def test_terms_are_those_of_the_robot_and_then_the_same_for_each_ally():
    assert [term.name for term in TASK.observe.own_terms] == ["wall_distance", "wall_bearing_cos_sin"]
    assert sum(term.size for term in TASK.observe.own_terms) == OWN
    assert sum(term.size for term in TASK.observe.ally_terms) == ALLY
    names = [term.name for term in TASK.observe.terms[2:]]
    assert names == [f"ally_{ally}_{term.name}" for ally in range(1, 5) for term in TASK.observe.ally_terms]
    assert TASK.of_size(9).observe.ally_terms == TASK.observe.ally_terms


def test_an_ally_is_where_it_is_seen_from_the_robot():
    task = TASK.of_size(2)
    seen = of_allies(task, task.observe(np.array([[[1.0, 1.0, np.pi / 2], [1.0, 1.2, np.pi]]])))[0, :, 0]
    far = 0.2 / np.hypot(0.2, [0.02, 0.2, 2.0])
    np.testing.assert_allclose(seen[0], [1.0, far[0], 0.0, far[1], 0.0, far[2], 0.0, 0.0, 1.0], atol=1e-12)
    np.testing.assert_allclose(seen[1], [1.0, 0.0, far[0], 0.0, far[1], 0.0, far[2], 0.0, -1.0], atol=1e-12)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_team_without_the_absent_is_seen_alike_but_for_zeros(seed):
    rng = np.random.default_rng(seed)
    poses = TASK.reset(rng, 3)
    gone = int(rng.integers(1, 5))
    present = np.ones((3, 5, 5), dtype=bool)
    present[:, :, gone] = False
    seen = of_allies(TASK, TASK.observe(poses, present))[:, 0]
    smaller = TASK.of_size(4)
    rest = of_allies(smaller, smaller.observe(np.delete(poses, gone, axis=1)))[:, 0]
    np.testing.assert_array_equal(np.delete(seen, gone - 1, axis=1), rest)
    assert not seen[:, gone - 1].any()


def test_each_robot_may_believe_and_hear_something_else():
    rng = np.random.default_rng(2)
    poses, present = TASK.reset(rng, 4), rng.random((4, 5, 5)) < 0.6
    believed = np.repeat(poses[:, None], 5, axis=1)
    np.testing.assert_array_equal(TASK.observe.of_listeners(believed, present), TASK.observe(poses, present))
    believed[:, 2, 3] = [0.1, 0.2, 0.3]
    told = poses.copy()
    told[:, 3] = [0.1, 0.2, 0.3]
    seen = TASK.observe.of_listeners(believed, present)
    np.testing.assert_array_equal(seen[:, 2], TASK.observe(told, present)[:, 2])
    np.testing.assert_array_equal(seen[:, [0, 1, 3, 4]], TASK.observe(poses, present)[:, [0, 1, 3, 4]])


def test_one_robot_hears_whom_it_does_among_all():
    rng = np.random.default_rng(4)
    poses, present = TASK.reset(rng, 6), rng.random((6, 5, 5)) < 0.6
    everybody = TASK.observe(poses, present)
    for robot in range(5):
        seen = TASK.observe.of_robot(poses, robot, present[:, robot])
        np.testing.assert_allclose(seen, everybody[:, robot], rtol=0.0, atol=1e-15)


def test_allies_beyond_the_radius_are_not_heard():
    task = Rendezvous(RendezvousParams(robots=2, observation="allies", radius_m=0.5))
    near, far = ([[[1.0, 1.0, 0.0], [1.0, 1.0 + away, 0.0]]] for away in (0.4, 0.6))
    assert of_allies(task, task.observe(np.array(near)))[..., 0].all()
    assert not of_allies(task, task.observe(np.array(far))).any()


@given(x=st.floats(-1e12, 1e12), y=st.floats(-1e12, 1e12), heading=st.floats(-1e3, 1e3))
def test_whatever_an_ally_says_no_number_leaves_its_range(x, y, heading):
    task = Rendezvous(RendezvousParams(robots=2, observation="allies", radius_m=1e13))
    seen = task.observe(np.array([[[1.0, 1.0, 0.5], [x, y, heading]]]))[0, 0]
    assert np.abs(seen).max() <= 1.0 + 1e-12
