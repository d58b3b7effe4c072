"""Fixtures for every test: policy bundles made on the spot."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bundles import write_centroid_bundle
from tests.ros import Swarm, reserved_domain


@pytest.fixture
def make_bundle(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a sealed bundle whose policy drives to the others' centroid."""

    def make(name: str = "centroid.onnx", **changes: Any) -> Path:
        return write_centroid_bundle(tmp_path / name, **changes)

    return make


@pytest.fixture
def swarm(tmp_path: Path) -> Iterator[Swarm]:
    """A ROS domain of the test's own; at the end nothing may be running in it."""
    with reserved_domain() as domain:
        swarm = Swarm(tmp_path, domain)
        yield swarm
        swarm.assert_nothing_runs()
