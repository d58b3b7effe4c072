"""What comes over disturbed links, and how clocks stamp it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mir2_core.disturbance import PRESETS, Arrays, Disturbance
from mir2_core.radio import Radio, Reception
from mir2_core.traitors.links import LOST_S
from mir2_core.types import RobotState
from mir2_sim.batched import float_tensors

NAMES = ["a", "b", "c"]
STATE = RobotState(7.0, 1.0, 2.0, 0.5, 0.1, 0.2)


def radio(robot: str = "a", seed: int = 0, **parameters: float) -> Radio:
    return Radio(Disturbance(**parameters), NAMES, robot, seed=seed, period_s=0.1)


def lost(of: Radio, ally: str, steps: int = 400) -> list[bool]:
    return [of.late_s(0.1 * step, ally) == LOST_S for step in range(steps)]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_each_link_loses_its_share_of_the_reports_and_delays_none(share: float) -> None:
    assert {radio(loss=share).late_s(0.1 * step, "b") for step in range(50)} <= {0.0, LOST_S}
    assert np.mean(lost(radio(loss=share), "b")) == pytest.approx(share, abs=0.06)


def test_what_is_lost_depends_on_seed_link_and_step_and_on_nothing_else() -> None:
    both = [lost(radio(loss=0.5), "b"), lost(radio("b", loss=0.5), "a"), lost(radio(loss=0.5), "c")]
    both.append(lost(radio(seed=1, loss=0.5), "b"))
    assert len({tuple(each) for each in both}) == len(both)
    backwards = radio(loss=0.5)
    again = [backwards.late_s(0.1 * step, "b") == LOST_S for step in reversed(range(400))]
    assert again[::-1] == both[0]
    assert [radio(loss=0.5).late_s(1.7e9 + 0.1 * step, "b") == LOST_S for step in range(400)] != both[0]


@settings(max_examples=20)
@given(st.integers(0, 2**31 - 1), st.floats(0.0, 0.5))
def test_clocks_are_off_by_no_more_than_told_and_everybody_knows_the_same_ones(seed: int, most_s: float) -> None:
    ahead_s = {
        (own, ally): radio(own, seed, clock_offset_s=most_s).stamped(STATE, ally).stamp_s - STATE.stamp_s
        for own in NAMES
        for ally in NAMES
    }
    for (own, ally), each_s in ahead_s.items():
        assert abs(each_s) <= 2.0 * most_s + 1e-9, "one ahead, one behind"
        assert each_s == pytest.approx(-ahead_s[ally, own])
    assert ahead_s["a", "c"] == pytest.approx(ahead_s["a", "b"] + ahead_s["b", "c"])


def test_only_the_stamp_of_a_report_is_changed() -> None:
    told = radio(clock_offset_s=0.2).stamped(STATE, "b")
    assert told.stamp_s != STATE.stamp_s
    assert (told.pose, told.v_mps, told.omega_radps) == (STATE.pose, STATE.v_mps, STATE.omega_radps)


@pytest.mark.parametrize("preset", PRESETS)
def test_no_preset_loses_anything_or_sets_a_clock(preset: str) -> None:
    there = Radio(PRESETS[preset], NAMES, "a", seed=0, period_s=0.1)
    assert not any(lost(there, "b"))
    assert there.stamped(STATE, "b") == STATE


@pytest.mark.parametrize("parameters", [{"loss": 0.1}, {"clock_offset_s": 0.1}])
def test_a_team_whose_radio_is_disturbed_is_disturbed(parameters: dict[str, float]) -> None:
    assert not Disturbance(**parameters).off


def reception(share: float, arrays: Arrays | None = None) -> Reception:
    return Reception(Disturbance(loss=share), 0.1, np.random.default_rng(3), arrays or Arrays())


def test_in_batches_the_last_report_is_believed_until_its_robot_is_absent() -> None:
    told = np.random.default_rng(1).random((60, 5, 3, 3))
    hears, believed, silent = reception(0.7), np.zeros((5, 3, 3, 3)), np.zeros((5, 3, 3))
    losses = []
    for step, known in enumerate(told):
        found, present = hears(known, np.full(5, step == 0))
        comes = (found == known[:, None]).all(axis=-1)
        assert comes.all() or step
        assert comes[:, range(3), range(3)].all(), "of oneself nothing is lost"
        np.testing.assert_array_equal(found[~comes], believed[~comes])
        silent = np.where(comes, 0, silent + 1)
        np.testing.assert_array_equal(present, silent <= 5)
        believed = found
        losses.append(1.0 - comes.mean())
    assert np.mean(losses[1:]) == pytest.approx(0.7 * 2.0 / 3.0, abs=0.05)
    assert (silent > 5).any()


def test_in_batches_numpy_and_torch_lose_the_same_and_what_is_remembered_goes_on() -> None:
    xp, asarray = float_tensors()
    told, begins = np.random.default_rng(1).random((30, 4, 3, 3)), np.random.default_rng(2).random((30, 4)) < 0.1
    here, there = reception(0.5), reception(0.5, Arrays(xp, asarray))
    for known, begin in zip(told, begins, strict=True):
        (expected, heard), (found, present) = here(known, begin), there(asarray(known), torch.as_tensor(begin))
        np.testing.assert_allclose(found.numpy(), expected, atol=1e-6)
        np.testing.assert_array_equal(present.numpy(), heard)
    again = Reception(Disturbance(loss=0.0), 0.1, np.random.default_rng(), Arrays())
    again.recall(here.memory())
    np.testing.assert_array_equal(again.memory()[0], here.memory()[0])
    everything, present = again(told[0], np.zeros(4, bool))
    assert present.all()
    np.testing.assert_array_equal(everything[:, 1], told[0])
