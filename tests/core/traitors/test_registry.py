"""What every traitor of the registry keeps to."""

import numpy as np
import pytest
from mir2_core.traitors import ACTS, MESSAGES, REPORTS, TRAITORS

from tests.core.traitors.situations import ARRAYS, PARAMS, POSES, TENSORS, situation

each_traitor = pytest.mark.parametrize("name", TRAITORS)


TRUE_HEADING = ("lie-far-corner", "lie-circle", "lie-random", "offset", "drift", "noise", "teleport")


def deeds(deed):
    return [part for part in deed[:2] if part is not None]


def test_acts_move_and_reports_lie():
    for name in ACTS:
        deed = ACTS[name](situation())
        assert deed.actions is not None, name
        assert deed.reported is None, name
    for name in REPORTS:
        deed = REPORTS[name](situation())
        assert deed.actions is None, name
        assert deed.reported is not None, name
    for name in MESSAGES:
        assert MESSAGES[name](situation()).actions is None, name


def test_what_evaluation_can_measure_has_no_messages_that_are_late_or_missing():
    for name in TRAITORS:
        deed = TRAITORS[name](situation())
        assert (deed.stamp_offset_s, deed.copies, deed.silent) == (0.0, 1, None), name
    assert not TRAITORS.keys() & MESSAGES.keys()


@each_traitor
@pytest.mark.parametrize("robots", [(2,), (4, 0, 3)])
def test_shapes_and_ranges(name, robots):
    deed = TRAITORS[name](situation(robots=robots))
    for part, size in zip(deed[:2], (2, 3), strict=True):
        assert part is None or part.shape == (6, len(robots), size)
    if deed.actions is not None:
        assert np.abs(deed.actions).max() <= 1.0
    else:
        assert deed.reported is not None
        assert deed.reported[..., :2].min() >= 0.0
        assert deed.reported[..., :2].max() <= PARAMS.arena_m
        if name in TRUE_HEADING:
            np.testing.assert_array_equal(deed.reported[..., 2], POSES[:, list(robots), 2])


@each_traitor
def test_the_same_situation_gives_the_same_deed_and_stays_as_it_was(name):
    given = situation()
    poses, wanted = given.poses.copy(), given.wanted.copy()
    for one, other in zip(deeds(TRAITORS[name](given)), deeds(TRAITORS[name](situation())), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(given.poses, poses)
    np.testing.assert_array_equal(given.wanted, wanted)


@each_traitor
def test_tensors_equal_arrays(name):
    arrays, tensors = TRAITORS[name](situation(ARRAYS)), TRAITORS[name](situation(TENSORS))
    for array, tensor in zip(deeds(arrays), deeds(tensors), strict=True):
        assert tensor.dtype == TENSORS.asarray(0.0).dtype
        np.testing.assert_allclose(tensor.numpy(), array, atol=1e-5)


@each_traitor
def test_what_happens_in_a_world_does_not_depend_on_the_others(name):
    for few, many in zip(
        deeds(TRAITORS[name](situation(worlds=2))), deeds(TRAITORS[name](situation(worlds=6))), strict=True
    ):
        np.testing.assert_array_equal(few, many[:2])
