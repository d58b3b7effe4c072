"""gym-pybullet-drones as a backend; most of it only where the package is installed."""

import importlib.metadata
import sys
from typing import Any

import numpy as np
import pytest
from mir2_core.errors import UserError
from mir2_core.robots import CRAZYFLIE
from mir2_core.types import FloatArray
from mir2_core.world import PhysicsError, backend

MODULE = "mir2_sim.gym_pybullet_drones_backend"
STARTS = np.array([[0.5, 0.5, 0.0], [1.5, 1.0, 2.0], [0.5, 1.5, -1.0]])


def refusal(monkeypatch: pytest.MonkeyPatch, found: str | None) -> str:
    """What the backend says when that version, or none, is installed."""

    def version(package: str) -> str:
        if found is None:
            raise importlib.metadata.PackageNotFoundError(package)
        return found

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    with pytest.raises(UserError) as error:
        backend("gym_pybullet_drones")
    return str(error.value)


def test_its_absence_or_another_version_is_one_sentence_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    way_out = (
        "install it from its repository with: pip install 'setuptools<81' "
        "git+https://github.com/utiasDSL/gym-pybullet-drones.git"
    )
    needs = "backend 'gym_pybullet_drones' needs gym-pybullet-drones 2.x"
    assert refusal(monkeypatch, None) == f"{needs}, which is not installed; {way_out}"
    assert refusal(monkeypatch, "1.0.0") == f"{needs}, but 1.0.0 is installed; {way_out}"


def make(heights_m: tuple[float, ...] = (0.5, 0.5, 0.5), starts: FloatArray = STARTS) -> Any:
    pytest.importorskip("gym_pybullet_drones")
    from mir2_sim.velocity_aviary_world import VelocityAviaryWorld

    models = [CRAZYFLIE.at(height_m) for height_m in heights_m]
    return VelocityAviaryWorld(starts, 2.0, models=models, names=["a", "b", "c"])


def test_drones_fly_unicycle_commands_at_their_heights() -> None:
    world = make((0.5, 0.9, 1.3))
    np.testing.assert_allclose(world.poses(), STARTS, atol=1e-9)
    commands = np.array([[0.15, 0.0], [0.0, 1.0], [0.1, 0.5]])
    for _ in range(40):
        np.testing.assert_array_equal(world.step(commands, 0.1), commands)
    straight, turned, arc = world.poses() - STARTS
    assert straight[0] == pytest.approx(0.15 * 4.0, rel=0.1)
    assert abs(straight[1]) < 0.02
    assert np.hypot(*turned[:2]) < 0.05, "it holds a velocity of zero, but no place"
    assert world.poses()[1, 2] == pytest.approx((STARTS[1, 2] + 4.0 + np.pi) % (2 * np.pi) - np.pi, abs=0.03)
    assert np.hypot(*arc[:2]) == pytest.approx(2.0 * 0.2 * np.sin(1.0), rel=0.2)
    np.testing.assert_allclose(world.velocities(), commands, atol=0.03)
    np.testing.assert_allclose(world._seen[:, 2], [0.5, 0.9, 1.3], atol=0.03)
    world.close()
    world.close()


def test_what_is_faster_than_its_limit_is_scaled_down_on_its_curve_and_said() -> None:
    world = make()
    applied = world.step(np.array([[0.5, 0.0], [-0.5, 0.5], [0.0, 9.0]]), 0.1)
    np.testing.assert_allclose(applied, [[0.25, 0.0], [-0.25, 0.25], [0.0, 3.0]], rtol=1e-6)


def test_it_repeats_bit_for_bit() -> None:
    paths = []
    for _ in range(2):
        world, rng = make(), np.random.default_rng(3)
        for _ in range(20):
            world.step(rng.uniform([-0.15, -2.0], [0.15, 2.0], (3, 2)), 0.1)
        paths.append(world.poses())
        world.close()
    np.testing.assert_array_equal(paths[0], paths[1])


def test_a_breakdown_of_its_physics_is_named() -> None:
    world = make()
    world._aviary.pos[:] = 0.0
    import pybullet

    pybullet.resetBaseVelocity(world._aviary.DRONE_IDS[1], [900.0, 0.0, 0.0], physicsClientId=world._aviary.CLIENT)
    with pytest.raises(PhysicsError, match=r"physics broke down at 0\.1 s: b is at"):
        world.step(np.zeros((3, 2)), 0.1)


def test_a_command_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(UserError, match=r"c: twist v_mps, omega_radps is \[nan, 0\.0\]; allowed: finite numbers"):
        make().step(np.array([[0.0, 0.0], [0.0, 0.0], [np.nan, 0.0]]), 0.1)


def test_starts_that_overlap_are_refused() -> None:
    with pytest.raises(UserError, match=r"b: starts 0\.050 m from a"):
        make(starts=np.array([[0.5, 0.5, 0.0], [0.55, 0.5, 0.0], [1.0, 1.0, 0.0]]))
