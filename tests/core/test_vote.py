"""Voting keeps every number of an action within the range of what parts without a liar would do."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from mir2_core.vote import voted

OWN, ALLY = 2, 4


def a_policy(seed: int):
    """Any function of all that it is given: without pooling, and without any bound on what one ally does."""
    rng = np.random.default_rng(seed)
    weights, phases = rng.normal(size=(2, 40)), rng.normal(size=40)

    def act(observations):
        told = observations[:, OWN:].reshape(len(observations), -1, ALLY)
        seen = np.concatenate([observations[:, :OWN], told.sum(axis=1), (told**3).sum(axis=1)], axis=-1)
        waves = np.sin(np.tile(seen, 4) * 3.0 + phases)
        return waves @ weights.T

    return act


def a_team(rng, allies: int):
    told = rng.normal(size=(allies, ALLY))
    told[:, 0] = rng.random(allies) < 0.8
    return told * told[:, :1]


def observation(own, told):
    return np.concatenate([own, told.reshape(-1)])[None]


@settings(max_examples=60)
@given(seed=st.integers(0, 2**31), allies=st.integers(1, 12), liars=st.integers(1, 3))
def test_liars_leave_it_within_what_the_honest_parts_do(seed, allies, liars):
    rng, act = np.random.default_rng(seed), a_policy(seed)
    own, told = rng.normal(size=OWN), a_team(rng, allies)
    present = np.flatnonzero(told[:, 0])
    lying = rng.permutation(present)[:liars]
    told[lying, 1:] = 100.0 * rng.normal(size=(len(lying), ALLY - 1))
    honest = []
    for part in range(2 * liars + 1):
        members = present[part :: 2 * liars + 1]
        if not set(members) & set(lying):
            alone = np.zeros_like(told)
            alone[members] = told[members]
            honest.append(act(observation(own, alone))[0])
    assert len(honest) > liars
    action = voted(np, act, observation(own, told), (OWN, ALLY), liars)[0]
    assert (action >= np.min(honest, axis=0) - 1e-9).all()
    assert (action <= np.max(honest, axis=0) + 1e-9).all()


def test_without_liars_it_is_the_policy_itself():
    rng, act = np.random.default_rng(0), a_policy(0)
    seen = np.concatenate([observation(rng.normal(size=OWN), a_team(rng, 5)) for _ in range(7)])
    np.testing.assert_array_equal(voted(np, act, seen, (OWN, ALLY), 0), act(seen))


def test_a_batch_is_its_rows():
    rng, act = np.random.default_rng(1), a_policy(1)
    seen = np.concatenate([observation(rng.normal(size=OWN), a_team(rng, 5)) for _ in range(7)])
    rows = np.concatenate([voted(np, act, row[None], (OWN, ALLY), 1) for row in seen])
    np.testing.assert_allclose(voted(np, act, seen, (OWN, ALLY), 1), rows)
