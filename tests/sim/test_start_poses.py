import numpy as np
import pytest
from mir2_core.errors import UserError
from mir2_sim.start_poses import non_overlapping_poses


@pytest.mark.parametrize(("robots", "arena_m", "distance_m"), [(1, 1.0, 0.1), (10, 2.0, 0.1), (60, 1.0, 0.08)])
def test_poses_keep_their_distance_and_stay_inside(robots: int, arena_m: float, distance_m: float) -> None:
    poses = non_overlapping_poses(np.random.default_rng(0), robots, arena_m, distance_m)
    assert poses.shape == (robots, 3)
    gaps = np.linalg.norm(poses[:, None, :2] - poses[None, :, :2], axis=-1) + 9.0 * np.eye(robots)
    assert gaps.min() >= distance_m
    margin_m = max(0.05 * arena_m, distance_m / 2)
    assert poses[:, :2].min() >= margin_m
    assert poses[:, :2].max() <= arena_m - margin_m
    assert np.abs(poses[:, 2]).max() <= np.pi


def test_same_seed_gives_same_poses() -> None:
    first, second, other = (non_overlapping_poses(np.random.default_rng(s), 10, 2.0, 0.1) for s in (3, 3, 4))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("robots", "arena_m", "distance_m", "message"),
    [
        (100, 1.0, 0.2, "no room for 100 robots at least 0.2 m apart in an arena of side 1 m; take fewer"),
        (1, 0.1, 0.3, "no room for 1 robots"),
        (0, 1.0, 0.1, "robots is 0; allowed: 1 or more"),
        (3, float("nan"), 0.1, "arena_m is nan"),
        (3, 1.0, -0.1, "min_distance_m is -0.1"),
    ],
)
def test_impossible_requests_say_why(robots: int, arena_m: float, distance_m: float, message: str) -> None:
    with pytest.raises(UserError, match=message):
        non_overlapping_poses(np.random.default_rng(0), robots, arena_m, distance_m)
