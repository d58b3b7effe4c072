"""TurtleBot3 burgers in real PyBullet physics, alone and beside e-puck2."""

import numpy as np
import pytest
from mir2_core.robots import EPUCK2, TURTLEBOT3_BURGER

from tests.sim.conftest import MakeWorld
from tests.sim.test_pybullet_world import heights_and_tilts

CENTRE = (1.0, 1.0, 0.0)


@pytest.mark.parametrize("v_mps", [0.22, 0.05, -0.2])
def test_straight_drive_covers_v_times_t(make_world: MakeWorld, v_mps: float) -> None:
    world = make_world([CENTRE], models=TURTLEBOT3_BURGER)
    world.step([[v_mps, 0.0]], 3.0)
    assert world.poses()[0, 0] - 1.0 == pytest.approx(3.0 * v_mps, rel=0.05)
    assert abs(world.poses()[0, 1] - 1.0) < 0.01
    np.testing.assert_allclose(world.velocities(), [[v_mps, 0.0]], atol=0.01)


def test_spin_turns_in_place(make_world: MakeWorld) -> None:
    world = make_world([CENTRE], models=TURTLEBOT3_BURGER)
    world.step([[0.0, 1.0]], 2.0)
    assert world.poses()[0, 2] == pytest.approx(2.0, rel=0.05)
    assert np.linalg.norm(world.poses()[0, :2] - 1.0) < 0.005


def test_model_and_loaded_robot_agree(make_world: MakeWorld) -> None:
    world = make_world([CENTRE], models=TURTLEBOT3_BURGER)
    robot = world.robots[0]
    sides_m = [world.client.getJointInfo(robot.body, wheel)[14][1] for wheel in robot.wheels]
    assert sides_m[0] - sides_m[1] == pytest.approx(TURTLEBOT3_BURGER.axle_m)
    radii_m = [world.client.getCollisionShapeData(robot.body, wheel)[0][3][0] for wheel in robot.wheels]
    assert radii_m == pytest.approx([TURTLEBOT3_BURGER.wheel_radius_m] * 2)
    shell = world.client.getCollisionShapeData(robot.body, robot.shell_link)[0]
    assert shell[3][1] == pytest.approx(TURTLEBOT3_BURGER.radius_m)
    links = range(-1, world.client.getNumJoints(robot.body))
    assert sum(world.client.getDynamicsInfo(robot.body, link)[0] for link in links) == pytest.approx(1.0, abs=0.01)
    low, high = world.client.getAABB(robot.body, robot.shell_link)
    assert low[2] > 0.0
    assert high[2] == pytest.approx(TURTLEBOT3_BURGER.body_m[1], abs=0.01)


def test_it_brakes_hard_without_tipping(make_world: MakeWorld) -> None:
    world = make_world([CENTRE], models=TURTLEBOT3_BURGER)
    for v_mps in (0.22, -0.22, 0.22, 0.0):
        for _ in range(8):
            world.step([[v_mps, 0.0]], 0.05)
            heights_m, tilts_rad = heights_and_tilts(world)
            assert heights_m[0] == pytest.approx(TURTLEBOT3_BURGER.wheel_radius_m, abs=0.003)
            assert tilts_rad[0] < 0.06


def test_its_lidar_sees_its_like_and_looks_over_e_pucks_and_low_walls(make_world: MakeWorld) -> None:
    gap_m = 0.05
    starts = [CENTRE, (1.0 + 2 * 0.105 + gap_m, 1.0, 0.0), (1.0, 1.0 + 0.14 + gap_m, 0.0)]
    world = make_world(starts, models=[TURTLEBOT3_BURGER, TURTLEBOT3_BURGER, EPUCK2])
    world.step(np.zeros((3, 2)), 0.5)
    first, _, epuck = world.proximity()
    assert first[0] == pytest.approx(gap_m, abs=0.02)
    assert np.isinf(first[3]), "the e-puck2 to the left is lower than the lidar"
    assert epuck[2] == pytest.approx(gap_m, abs=0.01), "which sees it with ps2, to its right"
    corner = make_world([(0.12, 0.12, 0.0)], models=TURTLEBOT3_BURGER)
    assert np.isinf(corner.proximity()[0]).all()


def test_it_pushes_an_e_puck_that_cannot_push_it(make_world: MakeWorld) -> None:
    world = make_world([CENTRE, (1.15, 1.0, 0.0)], models=[TURTLEBOT3_BURGER, EPUCK2])
    world.step([[0.1, 0.0], [0.0, 0.0]], 3.0)
    assert world.poses()[1, 0] > 1.25
    world = make_world([CENTRE, (1.15, 1.0, np.pi)], models=[TURTLEBOT3_BURGER, EPUCK2])
    world.step([[0.0, 0.0], [0.1, 0.0]], 3.0)
    assert abs(world.poses()[0, 0] - 1.0) < 0.01
