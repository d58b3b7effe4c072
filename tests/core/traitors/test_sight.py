"""What a trained adversary sees."""

import numpy as np
from mir2_core.tasks import Rendezvous, RendezvousParams, columns
from mir2_core.traitors.sight import Sight

from tests.core.traitors.situations import ARRAYS, POSES, TENSORS


def test_an_adversary_sees_its_allies_from_where_it_is() -> None:
    poses = np.array([[[0.5, 1.0, np.pi / 2], [1.0, 1.0, 0.0], [1.0, 2.0, np.pi]]])
    task = Rendezvous(RendezvousParams(robots=3, horizon=40))
    sight = Sight(task, [0])
    values = sight(poses, 10)[0, 0]
    found = {term.name: values[columns(sight.terms, term.name)] for term in sight.terms}
    np.testing.assert_allclose(found["place"], [-0.5, 0.0])
    np.testing.assert_allclose(found["benign_centroid"], [0.0, 0.5])
    np.testing.assert_allclose(found["benign_centroid_ahead_left"], [0.5, -0.5])
    np.testing.assert_allclose(found["benign_ahead_left"], [0.0, -0.5, 1.0, -0.5], atol=1e-12)
    np.testing.assert_allclose(found["benign_headings_cos_sin"], [1.0, 0.0, -1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(found["benign_places_over_spread"], [0.0, -1.0, 0.0, 1.0], atol=1e-3)
    np.testing.assert_allclose(found["clock_cos_sin"][:3], [1.0, -1.0, 1.0], atol=1e-12)
    assert found["used_time"] == 0.25


def test_tensors_see_what_arrays_see() -> None:
    arrays = Sight(ARRAYS, [4, 0])(POSES, 7)
    tensors = Sight(TENSORS, [4, 0])(TENSORS.asarray(POSES), 7)
    np.testing.assert_allclose(tensors.numpy(), arrays, atol=1e-4)
