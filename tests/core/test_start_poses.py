import numpy as np
import pytest
from mir2_core.errors import UserError
from mir2_core.robots import EPUCK2
from mir2_core.roster import Roster
from mir2_core.start_poses import check_clear, non_overlapping_poses, start_poses
from mir2_core.tasks import Rendezvous, RendezvousParams


@pytest.mark.parametrize(("robots", "arena_m", "distance_m"), [(1, 1.0, 0.1), (10, 2.0, 0.1), (60, 1.0, 0.08)])
def test_poses_keep_their_distance_and_stay_inside(robots: int, arena_m: float, distance_m: float) -> None:
    poses = non_overlapping_poses(np.random.default_rng(0), robots, arena_m, distance_m)
    assert poses.shape == (robots, 3)
    gaps = np.linalg.norm(poses[:, None, :2] - poses[None, :, :2], axis=-1) + 9.0 * np.eye(robots)
    assert gaps.min() >= distance_m
    margin_m = max(0.05 * arena_m, distance_m / 2)
    assert poses[:, :2].min() >= margin_m
    assert poses[:, :2].max() <= arena_m - margin_m
    assert poses[:, 2].min() >= 0.0
    assert poses[:, 2].max() <= 2.0 * np.pi


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


def roster(kind: str, *starts: dict[str, float] | None) -> Roster:
    robots = [{"name": f"r{k}", "kind": kind, "start": start} for k, start in enumerate(starts)]
    return Roster.model_validate({"arena": {"size_m": 1.0}, "policy": "p", "robots": robots})


TASK = Rendezvous(RendezvousParams(robots=3, arena_m=1.0))


def test_given_starts_are_kept_and_drawn_ones_keep_clear_of_them() -> None:
    given = {"x_m": 0.5, "y_m": 0.5, "heading_rad": 3.0}
    for seed in range(50):
        poses = start_poses(roster("epuck2", None, given, None), TASK, seed)
        assert poses[1].tolist() == [0.5, 0.5, 3.0]
        check_clear(poses, ["r0", "r1", "r2"], 1.0, [EPUCK2] * 3)


def test_points_are_drawn_as_the_task_draws_them() -> None:
    poses = start_poses(roster("epuck2_point", None, None, None), TASK, 5)
    np.testing.assert_array_equal(poses, TASK.reset(np.random.default_rng(5))[0])


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ({"x_m": 0.5, "y_m": 0.52}, "r1: starts 0.020 m from r0; allowed: 0.07 m"),
        ({"x_m": 0.01, "y_m": 0.5}, "r0: start x_m 0.01, y_m 0.5 is not inside the walls; allowed: 0.035 to 0.965 m"),
    ],
)
def test_bodies_that_overlap_or_stand_in_a_wall_are_refused(first: dict[str, float], message: str) -> None:
    with pytest.raises(UserError, match=message):
        start_poses(roster("epuck2", first, {"x_m": 0.5, "y_m": 0.5}, None), TASK, 0)
