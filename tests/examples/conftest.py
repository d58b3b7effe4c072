"""What the examples add to the registries is there for their own tests only."""

from collections.abc import Iterator
from typing import Any

import pytest
from mir2_core.robots import ROBOTS
from mir2_core.tasks import TASKS
from mir2_core.traitors import ACTS
from mir2_core.world import BACKENDS
from mir2_policies.learners.registry import ALGORITHMS

import examples.extending.task.matching  # the contract of tasks holds for it too

REGISTRIES: tuple[dict[str, Any], ...] = (TASKS, ALGORITHMS, ROBOTS, ACTS, BACKENDS)
BEFORE = [dict(registry) for registry in REGISTRIES]

import examples.extending.algorithm.discrete_mir2  # noqa: E402
import examples.extending.backend.slippery  # noqa: E402
import examples.extending.fault.orbit  # noqa: E402
import examples.extending.robot.turtlebot3_waffle  # noqa: E402, F401

AFTER = [dict(registry) for registry in REGISTRIES]


def restore(contents: list[dict[str, Any]]) -> None:
    for registry, entries in zip(REGISTRIES, contents, strict=True):
        registry.clear()
        registry.update(entries)


restore(BEFORE)


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    restore(AFTER)
    yield
    restore(BEFORE)
