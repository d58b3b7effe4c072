"""What every task promises, whoever wrote it: a loop over the registry and the example."""

import itertools

import array_api_compat.torch
import numpy as np
import pytest
import torch
from mir2_core.config import parse
from mir2_core.errors import UserError
from mir2_core.tasks import TASKS, FloorTask, Observation, ObservationBlock, ObservationTerm, Task, columns, task_type

from examples.extending.task import matching  # adds itself to the registry

BATCH = 5
CASES = [
    *itertools.product(TASKS, [{"robots": 2}, {"robots": 5}]),
    ("rendezvous", {"robots": 4, "observation": "agnostic", "radius_m": 1.2}),
    ("rendezvous", {"robots": 4, "observation": "allies", "radius_m": 1.2}),
    ("matching", {"labels": 4}),
]


@pytest.fixture(params=CASES, ids=str)
def chosen(request):
    name, given = request.param
    return name, task_type(name).parameters.model_validate(given)


@pytest.fixture
def task(chosen) -> Task:
    name, params = chosen
    return task_type(name).task(params)


def some_actions(task: Task, rng: np.random.Generator):
    shape = (BATCH, task.params.robots)
    if task.action_kind == "labels":
        return np.eye(task.action_size)[rng.integers(task.action_size, size=shape)]
    return rng.uniform(-1.2, 1.2, (*shape, task.action_size))


def some_steps(task: Task, seed: int = 0):
    """A few states with the actions that led there."""
    rng = np.random.default_rng(seed)
    state = task.reset(rng, BATCH)
    for _ in range(min(task.params.horizon, 4)):
        actions = some_actions(task, rng)
        state = task.step(state, actions)
        yield state, actions


def test_the_example_is_among_them():
    assert TASKS["matching"].task is matching.Matching
    assert {name for name, _ in CASES} == set(TASKS)


def test_it_is_what_the_registry_says(chosen, task):
    name, params = chosen
    assert (task.name, task.params) == (name, params)
    assert task.action_kind in ("continuous", "labels")
    assert task.action_meaning
    assert task.robot_kind


def test_states_have_a_row_for_each_robot_and_depend_on_the_seed_alone(task):
    first, again, other = (task.reset(np.random.default_rng(seed), BATCH) for seed in (1, 1, 2))
    assert first.shape == (BATCH, task.params.robots, task.state_size)
    assert first.dtype == np.float64
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert task.reset(np.random.default_rng(1)).shape[0] == 1


def test_observations_are_what_their_terms_declare(task):
    assert len({term.name for term in task.observe.terms}) == len(task.observe.terms)
    assert all(term.size > 0 and term.unit and term.scale > 0.0 for term in task.observe.terms)
    assert sum(term.size for term in task.observe.terms) == task.observe.size
    found = [column for term in task.observe.terms for column in columns(task.observe.terms, term.name)]
    assert found == list(range(task.observe.size))
    for state, _ in some_steps(task):
        seen = task.observe(state)
        assert seen.shape == (BATCH, task.params.robots, task.observe.size)
        assert np.isfinite(seen).all()


def test_one_robot_observes_what_it_does_among_all(task):
    for state, _ in some_steps(task):
        for robot in range(task.params.robots):
            seen = task.observe.of_robot(state, robot)
            np.testing.assert_allclose(seen, task.observe(state)[:, robot], rtol=0.0, atol=1e-15)


def test_what_allies_tell_and_nothing_else_is_marked_as_such(task):
    rng = np.random.default_rng(3)
    state = task.reset(rng, BATCH)
    told = state.copy()
    told[:, 1:] = task.reset(rng, BATCH)[:, 1:]
    changed = (task.observe(told)[:, 0] != task.observe(state)[:, 0]).any(axis=0)
    assert set(np.flatnonzero(changed)) <= set(task.observe.ally_columns)
    assert changed.any()


def test_steps_rewards_and_ends_are_finite_and_shared(task):
    for state, actions in some_steps(task):
        assert state.shape == (BATCH, task.params.robots, task.state_size)
        assert np.isfinite(state).all()
        reward, done = task.outcome(state, actions)
        assert reward.shape == done.shape == (BATCH,)
        assert np.isfinite(reward).all()
        assert done.dtype == bool
        np.testing.assert_array_equal(reward, task.reward(state, actions))
        np.testing.assert_array_equal(done, task.done(state, actions))


def test_the_same_steps_lead_to_the_same_place_and_leave_their_inputs_alone(task):
    state, actions = next(some_steps(task))
    before = state.copy(), actions.copy()
    np.testing.assert_array_equal(task.step(state, actions), task.step(state, actions))
    task.observe(state)
    np.testing.assert_array_equal(state, before[0])
    np.testing.assert_array_equal(actions, before[1])


def test_numbering_the_robots_anew_changes_nothing(task):
    order = np.random.default_rng(4).permutation(task.params.robots)
    for state, actions in some_steps(task):
        np.testing.assert_allclose(task.step(state, actions)[:, order], task.step(state[:, order], actions[:, order]))
        np.testing.assert_allclose(task.reward(state[:, order], actions[:, order]), task.reward(state, actions))


def test_numpy_and_torch_agree(chosen, task):
    name, params = chosen

    def asarray(values):
        return torch.as_tensor(values, dtype=torch.float64)

    other = task_type(name).task(params, array_api_compat.torch, asarray)
    assert other.observe.terms == task.observe.terms
    for state, actions in some_steps(task):
        given = asarray(state), asarray(actions)
        np.testing.assert_allclose(other.observe(given[0]), task.observe(state), atol=1e-6)
        np.testing.assert_allclose(other.step(*given), task.step(state, actions), atol=1e-6)
        for found, expected in zip(other.outcome(*given), task.outcome(state, actions), strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-6)


def test_it_comes_in_other_sizes(task):
    other = task.of_size(3)
    assert type(other) is type(task)
    assert other.params == task.params.model_copy(update={"robots": 3})
    state = other.reset(np.random.default_rng(0), BATCH)
    assert other.observe(state).shape == (BATCH, 3, other.observe.size)


def test_parameters_survive_json_and_mistakes_are_named(chosen):
    name, params = chosen
    kind = task_type(name).parameters
    assert kind.model_validate_json(params.model_dump_json()) == params
    with pytest.raises(UserError, match="key 'robots' is 1"):
        parse({"robots": 1}, kind, "here")
    with pytest.raises(UserError, match=r"unknown key 'robotz'.* did you mean 'robots'"):
        parse({"robotz": 3}, kind, "here")


def test_tasks_on_a_floor_turn_actions_into_velocities_that_their_robot_reaches(task):
    if not isinstance(task, FloorTask):
        assert task.robot_kind == "none"
        return
    assert task.robot.policy_kind == task.robot_kind
    actions = np.clip(some_actions(task, np.random.default_rng(5)), -1.0, 1.0)
    v_mps, omega_radps = task.action_to_twist(actions)
    np.testing.assert_allclose(task.twist_to_action(v_mps, omega_radps), actions, atol=1e-12)
    for v, omega in zip(v_mps.flat, omega_radps.flat, strict=True):
        assert task.robot.speed_scale(v, omega) == 1.0


def test_a_block_that_computes_other_numbers_than_it_declares_is_found():
    observe = Observation(
        np, [ObservationBlock((ObservationTerm("place", 3, "m", 1.0),), lambda state: state[..., :2])]
    )
    with pytest.raises(ValueError, match="the terms place declare 3 numbers, but 2 were computed"):
        observe(np.zeros((1, 2, 3)))


def test_columns_are_found_by_pattern():
    terms = [ObservationTerm(name, size, "1", 1.0) for name, size in (("ally_1", 1), ("wall", 2), ("ally_2", 1))]
    assert columns(terms, "ally_*") == [0, 3]
    assert columns(terms, "wall") == [1, 2]
    with pytest.raises(ValueError, match="no term of the observation is called 'wal'"):
        columns(terms, "wal")
