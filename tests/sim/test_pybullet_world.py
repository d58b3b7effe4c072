"""e-puck2 robots in real PyBullet physics against the kinematic model and common sense."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from mir2_core.errors import UserError
from mir2_core.robots.epuck2 import EPUCK2, EPUCK2_POINT
from mir2_core.start_poses import non_overlapping_poses
from mir2_core.types import FloatArray
from mir2_core.world import PhysicsError
from mir2_sim.pybullet_scene import PHYSICS_HZ
from mir2_sim.pybullet_world import PyBulletWorld

from tests.sim.conftest import MakeWorld

CENTRE = (1.0, 1.0, 0.0)


def heights_and_tilts(world: PyBulletWorld) -> tuple[FloatArray, FloatArray]:
    """How high each axle is in m, and the angle in rad between each robot and the vertical."""
    heights, tilts = [], []
    for robot in world.robots:
        position, attitude = world.client.getBasePositionAndOrientation(robot.body)
        heights.append(position[2])
        tilts.append(np.arccos(np.clip(world.client.getMatrixFromQuaternion(attitude)[8], -1.0, 1.0)))
    return np.array(heights), np.array(tilts)


@pytest.mark.parametrize("heading_rad", [0.0, 2.0, -3.0])
@pytest.mark.parametrize("v_mps", [0.12, 0.03, -0.10])
def test_straight_drive_covers_v_times_t(make_world: MakeWorld, heading_rad: float, v_mps: float) -> None:
    world = make_world([(1.0, 1.0, heading_rad)])
    world.step([[v_mps, 0.0]], 4.0)
    travelled = world.poses()[0, :2] - (1.0, 1.0)
    ahead, aside = travelled @ [[np.cos(heading_rad), -np.sin(heading_rad)], [np.sin(heading_rad), np.cos(heading_rad)]]
    assert ahead == pytest.approx(4.0 * v_mps, rel=0.02)
    assert abs(aside) < 0.02 * abs(ahead)
    np.testing.assert_allclose(world.velocities(), [[v_mps, 0.0]], atol=0.01)


@pytest.mark.parametrize("omega_radps", [3.0, -1.0])
def test_spin_turns_in_place(make_world: MakeWorld, omega_radps: float) -> None:
    world = make_world([CENTRE])
    turned_rad, before_rad = 0.0, 0.0
    for _ in range(40):
        world.step([[0.0, omega_radps]], 0.1)
        now_rad = world.poses()[0, 2]
        turned_rad += (now_rad - before_rad + np.pi) % (2.0 * np.pi) - np.pi
        before_rad = now_rad
    assert turned_rad == pytest.approx(4.0 * omega_radps, rel=0.03)
    assert np.linalg.norm(world.poses()[0, :2] - 1.0) < 0.003


@pytest.mark.parametrize(("v_mps", "omega_radps"), [(0.08, 0.4), (0.10, -0.8), (-0.06, 0.5)])
def test_arc_ends_where_the_unicycle_ends(make_world: MakeWorld, v_mps: float, omega_radps: float) -> None:
    world = make_world([CENTRE])
    world.step([[v_mps, omega_radps]], 4.0)
    angle_rad, radius_m = 4.0 * omega_radps, v_mps / omega_radps
    expected = [1.0 + radius_m * np.sin(angle_rad), 1.0 + radius_m * (1.0 - np.cos(angle_rad))]
    x_m, y_m, heading_rad = world.poses()[0]
    assert np.linalg.norm(np.subtract((x_m, y_m), expected)) < 0.03 * 4.0 * abs(v_mps)
    assert abs((heading_rad - angle_rad + np.pi) % (2.0 * np.pi) - np.pi) < 0.03 * abs(angle_rad)


def test_applied_twist_is_the_wanted_one_within_the_limit(make_world: MakeWorld) -> None:
    world = make_world([CENTRE, (0.5, 0.5, 0.0)])
    wanted = np.array([[0.10, 0.5], [-0.05, -1.0]])
    np.testing.assert_array_equal(world.step(wanted, 0.1), wanted)


def test_wheels_stop_at_the_firmware_limit(make_world: MakeWorld) -> None:
    world = make_world([CENTRE, (0.5, 0.5, 0.0)])
    limit = 1100 * 2.0 * np.pi / 1000
    applied = world.step([[1.0, 0.0], [0.13, 2.0]], 2.0)
    assert applied[0] == pytest.approx([limit * 0.020, 0.0])
    slower_wheel = (0.13 - 0.05685) / 0.020
    assert applied[1] == pytest.approx([0.01 * (limit + slower_wheel), (limit - slower_wheel) * 0.020 / 0.05685])
    np.testing.assert_allclose(world.velocities(), applied, rtol=0.03, atol=0.02)
    turning = [[world.client.getJointState(robot.body, j)[1] for j in robot.wheels] for robot in world.robots]
    assert np.max(turning) == pytest.approx(limit, rel=0.01)


def test_own_wheel_limit(make_world: MakeWorld) -> None:
    applied = make_world([CENTRE], models=replace(EPUCK2, max_wheel_radps=2.0)).step([[1.0, 0.0]], 0.1)
    assert applied[0] == pytest.approx([0.04, 0.0])


def test_every_robot_has_the_wheels_of_its_own_model(make_world: MakeWorld) -> None:
    slow = replace(EPUCK2, max_wheel_radps=2.0)
    wide = replace(EPUCK2, axle_m=2.0 * EPUCK2.axle_m)
    world = make_world([(0.5, 0.5, 0.0), (1.0, 1.0, 0.0), (1.5, 1.5, 0.0)], models=[EPUCK2, slow, wide])
    applied = world.step([[0.1, 0.0], [0.1, 0.0], [0.0, 4.0]], 1.0)
    np.testing.assert_allclose(applied[:2, 0], [0.1, 0.04])
    assert applied[2, 1] == pytest.approx(wide.max_omega_radps)
    assert world.poses()[0, 0] - 0.5 > 2.0 * (world.poses()[1, 0] - 1.0) > 0.0


def test_model_and_loaded_robot_agree(make_world: MakeWorld) -> None:
    world = make_world([CENTRE])
    body, wheels = world.robots[0].body, world.robots[0].wheels
    sides_m = [world.client.getJointInfo(body, wheel)[14][1] for wheel in wheels]
    assert sides_m[0] - sides_m[1] == pytest.approx(EPUCK2.axle_m)
    radii_m = [world.client.getCollisionShapeData(body, wheel)[0][3][0] for wheel in wheels]
    assert radii_m == pytest.approx([EPUCK2.wheel_radius_m] * 2)
    assert world.client.getCollisionShapeData(body, world.robots[0].shell_link)[0][3][1] == pytest.approx(
        EPUCK2.radius_m
    )
    links = range(-1, world.client.getNumJoints(body))
    assert sum(world.client.getDynamicsInfo(body, link)[0] for link in links) == pytest.approx(0.130)


def test_parts_of_a_physics_step_are_carried_over(make_world: MakeWorld) -> None:
    world = make_world([CENTRE])
    for _ in range(1000):
        world.step([[0.0, 0.0]], 0.001)
    assert world.time_s == pytest.approx(1.0, abs=1.0 / PHYSICS_HZ)
    tenths = make_world([CENTRE])
    for i in range(30):
        tenths.step([[0.0, 0.0]], 0.1)
        assert round(tenths.time_s * PHYSICS_HZ) == 24 * (i + 1)


def random_drive(world: PyBulletWorld, seconds: float, seed: int = 5) -> FloatArray:
    """Poses (T, N, 3) under random commands that are held for half a second."""
    rng = np.random.default_rng(seed)
    trajectory = []
    for i in range(round(seconds / 0.1)):
        if i % 5 == 0:
            twists = rng.uniform([-0.15, -5.0], [0.15, 5.0], (len(world.robots), 2))
        world.step(twists, 0.1)
        trajectory.append(world.poses())
    return np.array(trajectory)


def test_same_inputs_give_the_same_trajectory_bit_for_bit(make_world: MakeWorld) -> None:
    starts = non_overlapping_poses(np.random.default_rng(2), 6, 0.5, 0.08)
    first = random_drive(make_world(starts, 0.5), 5.0)
    second = random_drive(make_world(starts, 0.5), 5.0)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, random_drive(make_world(starts, 0.5), 5.0, seed=6))


def test_worlds_in_one_process_do_not_disturb_each_other(make_world: MakeWorld) -> None:
    alone = make_world([CENTRE])
    alone.step([[0.1, 0.3]], 1.0)
    left, right = make_world([CENTRE]), make_world([(0.4, 0.4, 1.0), (0.6, 0.6, 1.0)], 1.0)
    for _ in range(10):
        left.step([[0.1, 0.3]], 0.1)
        right.step([[0.0, 2.0], [0.05, 0.0]], 0.1)
    right.close()
    np.testing.assert_array_equal(left.poses(), alone.poses())
    left.step([[0.1, 0.3]], 0.1)


def test_head_on_robots_stop_each_other(make_world: MakeWorld) -> None:
    world = make_world([(0.90, 1.0, 0.0), (1.10, 1.0, np.pi)])
    assert world.contacts() == set()
    world.step([[0.1, 0.0]] * 2, 3.0)
    assert world.contacts() == {(0, 1)}
    gap_m = world.poses()[1, 0] - world.poses()[0, 0]
    assert gap_m == pytest.approx(0.070, abs=0.002)
    assert np.abs(world.velocities()[:, 0]).max() < 0.02
    world.step([[-0.1, 0.0]] * 2, 1.0)
    assert world.contacts() == set()


def test_two_robots_push_a_third_that_one_alone_cannot(make_world: MakeWorld) -> None:
    alone = make_world([CENTRE, (0.92, 1.0, 0.0)])
    alone.step([[0.0, 0.0], [0.1, 0.0]], 5.0)
    assert alone.contacts() == {(0, 1)}
    assert alone.poses()[0, 0] - 1.0 < 0.05
    together = make_world([CENTRE, (0.93, 1.04, 0.0), (0.93, 0.96, 0.0)])
    together.step([[0.0, 0.0], [0.1, 0.0], [0.1, 0.0]], 5.0)
    assert together.poses()[0, 0] - 1.0 > 0.10


@pytest.mark.parametrize("heading_rad", [0.0, 0.5 * np.pi, np.pi, -0.5 * np.pi, 0.7])
def test_walls_hold_a_robot_inside(make_world: MakeWorld, heading_rad: float) -> None:
    world = make_world([(0.5, 0.5, heading_rad)], 1.0)
    world.step([[0.13, 0.0]], 8.0)
    assert world.wall_contacts() == {0}
    assert world.contacts() == set()
    position = world.poses()[0, :2]
    assert np.abs(position - 0.5).max() == pytest.approx(0.465, abs=0.002)
    _, tilts = heights_and_tilts(world)
    assert tilts[0] < 0.1


def test_crowd_neither_tips_over_nor_sinks_nor_escapes(make_world: MakeWorld) -> None:
    arena_m = 0.6
    world = make_world(non_overlapping_poses(np.random.default_rng(8), 10, arena_m, 0.08), arena_m)
    met: set[tuple[int, int]] = set()
    bumped: set[int] = set()
    rng = np.random.default_rng(9)
    for _ in range(120):
        world.step(rng.uniform([-0.15, -5.0], [0.15, 5.0], (10, 2)), 0.5)
        heights_m, tilts_rad = heights_and_tilts(world)
        poses = world.poses()
        gaps_m = np.linalg.norm(poses[:, None, :2] - poses[None, :, :2], axis=-1) + 9.0 * np.eye(10)
        assert np.abs(heights_m - EPUCK2.wheel_radius_m).max() < 0.003
        assert tilts_rad.max() < 0.15
        assert gaps_m.min() > 0.067
        assert poses[:, :2].min() > 0.032
        assert poses[:, :2].max() < arena_m - 0.032
        met |= world.contacts()
        bumped |= world.wall_contacts()
    assert world.time_s == pytest.approx(60.0)
    assert len(met) > 5
    assert len(bumped) > 5


def test_picture_shows_who_is_a_traitor(make_world: MakeWorld) -> None:
    world = make_world([(0.2, 0.2, 0.0), (0.6, 0.6, 1.0)], 0.8)
    world.step(np.zeros((2, 2)), 0.1)

    def red_at(picture: Any) -> Any:
        red, green, blue = np.moveaxis(picture.astype(int), -1, 0)
        return np.argwhere((red > 2 * green) & (red > 2 * blue))

    assert len(red_at(world.render(200, 200, view="top"))) == 0
    picture = world.render(200, 200, view="top", traitors=[1])
    assert picture.shape == (200, 200, 3)
    assert picture.dtype == np.uint8
    row, column = red_at(picture).mean(axis=0)
    assert row < 100 < column
    assert world.render(120, 80, focus=(0.2, 0.2, 0.3)).shape == (80, 120, 3)


GOOD = ((0.5, 0.5, 0.0), (1.5, 1.5, 0.0))


@pytest.mark.parametrize(
    ("poses", "arena_m", "message"),
    [
        ([(0.5, 0.5)], 2.0, r"poses have shape \(1, 2\); allowed: \(robots, 3\)"),
        ([], 2.0, r"poses have shape \(0,\)"),
        ([GOOD[0], (2.0, 0.5, 0.0)], 2.0, r"robot 1: start x_m 2, y_m 0.5 .* allowed: 0.035 to 1.965 m"),
        ([GOOD[0], (np.nan, 0.5, 0.0)], 2.0, "robot 1: start x_m nan"),
        ([(0.5, 0.5, np.inf)], 2.0, "robot 0: start heading_rad is inf"),
        ([*GOOD, (1.5, 1.46, 0.0)], 2.0, r"robot 2: starts 0.040 m from robot 1; allowed: 0.07 m"),
        ([GOOD[0]], 0.05, "arena_m is 0.05; allowed: above a robot's diameter, 0.07 m"),
        ([GOOD[0]], np.inf, "arena_m is inf"),
    ],
)
def test_bad_starts_are_refused(poses: Any, arena_m: float, message: str) -> None:
    with pytest.raises(UserError, match=message):
        PyBulletWorld(poses, arena_m)


@pytest.mark.parametrize(
    ("twists", "duration_s", "message"),
    [
        ([[0.1, 0.0]], 0.1, r"twists have shape \(1, 2\); allowed: \(2, 2\)"),
        ([[0.1, 0.0], [0.1, np.nan]], 0.1, r"robot 1: twist v_mps, omega_radps is \[0.1, nan\]; allowed: finite"),
        ([[np.inf, 0.0], [0.1, 0.0]], 0.1, "robot 0: twist"),
        ([[0.1, 0.0]] * 2, 0.0, "duration_s is 0.0; allowed: above 0 s"),
        ([[0.1, 0.0]] * 2, np.nan, "duration_s is nan"),
    ],
)
def test_bad_commands_are_refused_and_change_nothing(
    make_world: MakeWorld, twists: Any, duration_s: float, message: str
) -> None:
    world = make_world(GOOD)
    before = world.poses()
    with pytest.raises(UserError, match=message):
        world.step(twists, duration_s)
    assert world.time_s == 0.0
    np.testing.assert_array_equal(world.poses(), before)


def test_other_settings_are_checked(make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="cannot build the robot kind 'epuck2_point'; valid: crazyflie, epuck2, "):
        PyBulletWorld(GOOD, 2.0, models=EPUCK2_POINT)
    with pytest.raises(UserError, match="models are 3; allowed: one, or one for each of the 2 robots"):
        PyBulletWorld(GOOD, 2.0, models=[EPUCK2] * 3)
    with pytest.raises(UserError, match="picture of 0 x 10 pixels"):
        make_world(GOOD).render(0, 10)
    with pytest.raises(UserError, match="unknown view 'topp'; valid: oblique, top; did you mean 'top'"):
        make_world(GOOD).render(10, 10, view="topp")  # type: ignore[arg-type]
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(UserError, match="no display"):
        PyBulletWorld(GOOD, 2.0, gui=True)


def test_close_twice_is_fine(make_world: MakeWorld) -> None:
    with make_world(GOOD) as world:
        assert world.client.isConnected()
    assert not world.client.isConnected()
    world.close()


def test_a_breakdown_of_physics_names_the_robot_and_the_time(make_world: MakeWorld) -> None:
    world = make_world(GOOD, names=["left", "right"])
    world.step(np.zeros((2, 2)), 0.5)
    world.client.resetBaseVelocity(world.robots[1].body, [1e4, 0.0, 0.0])
    with pytest.raises(PhysicsError, match=r"physics broke down at 0\.6 s: right is at \(.*\) m, at "):
        world.step(np.zeros((2, 2)), 0.1)
