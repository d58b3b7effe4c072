import sys

import numpy as np
import pytest
from mir2_core.errors import UserError
from mir2_core.robots import ROBOTS
from mir2_core.roster import Roster
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_core.world import BACKENDS, backend, for_backend


def roster(*kinds: str) -> Roster:
    team = [{"name": f"robot_{k}", "kind": kind} for k, kind in enumerate(kinds)]
    return Roster.model_validate({"arena": {"size_m": 2.0}, "policy": "p", "robots": team})


@pytest.mark.parametrize("name", BACKENDS)
def test_every_backend_builds_what_it_says_it_takes_and_obeys_the_protocol(name):
    if name == "gym_pybullet_drones":
        pytest.importorskip(name)
    kinds = backend(name).KINDS
    assert set(kinds) | set(kinds.values()) <= set(ROBOTS)
    for kind in kinds:
        team = for_backend(roster(kind, kind), name)
        starts = np.array([[0.5, 0.5, 0.0], [1.5, 1.5, 1.0]])
        world = backend(name).make_world(team, Rendezvous(RendezvousParams(robots=2)), starts, seed=0, gui=False)
        try:
            assert world.poses() == pytest.approx(starts)
            assert world.velocities() == pytest.approx(np.zeros((2, 2)), abs=1e-3)
            for _ in range(4):
                applied = world.step(np.array([[0.1, 0.0], [0.0, 1.0]]), 0.1)
                assert applied == pytest.approx(np.array([[0.1, 0.0], [0.0, 1.0]]))
            moved = world.poses() - starts
            assert moved[0, 0] > 0.01
            assert moved[1, 2] > 0.3
            assert world.tick_s > 0.0
        finally:
            world.close()


def test_a_seed_draws_the_noise_of_the_sensors():
    team, starts = roster("epuck2", "epuck2"), np.array([[1.0, 1.0, 0.0], [1.1, 1.0, 0.0]])

    def readings(seed: int) -> list[float]:
        task = Rendezvous(RendezvousParams(robots=2))
        world = backend("pybullet").make_world(team, task, starts, seed=seed, gui=False)
        try:
            world.step(np.zeros((2, 2)), 0.1)
            return np.concatenate(world.proximity()).tolist()
        finally:
            world.close()

    assert readings(0) == readings(0) != readings(1)


def test_in_the_kinematic_world_robots_are_points():
    assert {robot.kind for robot in for_backend(roster("epuck2", "epuck2_point"), "kinematic").robots} == {
        "epuck2_point"
    }
    assert for_backend(roster("epuck2", "epuck2"), "pybullet") == roster("epuck2", "epuck2")


def test_a_kind_that_a_backend_cannot_build_is_refused_by_name():
    with pytest.raises(UserError) as error:
        for_backend(roster("epuck2", "epuck2_point"), "pybullet")
    assert str(error.value) == (
        "robot 'robot_1': backend 'pybullet' cannot build the kind 'epuck2_point'; valid: crazyflie, epuck2, "
        "turtlebot3_burger; did you mean 'epuck2'?; or try another backend: kinematic, gym_pybullet_drones"
    )


def test_an_unknown_backend_and_one_that_is_not_installed_are_refused(monkeypatch):
    with pytest.raises(
        UserError,
        match="unknown backend 'bullet'; valid: gym_pybullet_drones, hardware, kinematic, pybullet; did you mean",
    ):
        backend("bullet")
    monkeypatch.setitem(sys.modules, "mir2_sim.pybullet_backend", None)
    with pytest.raises(UserError, match="backend 'pybullet' needs the Python package"):
        backend("pybullet")
