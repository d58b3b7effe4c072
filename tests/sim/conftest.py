"""Worlds that are closed after a test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from mir2_sim.pybullet_world import PyBulletWorld

MakeWorld = Callable[..., PyBulletWorld]


@pytest.fixture
def make_world() -> Iterator[MakeWorld]:
    worlds = []

    def make(poses: Any, arena_m: float = 2.0, **settings: Any) -> PyBulletWorld:
        worlds.append(PyBulletWorld(poses, arena_m, **settings))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()
