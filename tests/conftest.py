"""Fixtures for every test: policy bundles made on the spot."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from mir2_policies.evaluation.ros import reserved_domain

from tests.bundles import write_centroid_bundle
from tests.ros import Swarm

TESTS = Path(__file__).parent
# Without these and one launch, `make test-fast` would not tell whether the heart of the project beats.
FAST = ("core", "sim", "policies/test_episodes.py", "policies/test_config.py")

hypothesis.settings.register_profile("any load", deadline=None)
hypothesis.settings.load_profile("any load")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test-fast` runs; a test elsewhere is marked where it stands."""
    for item in items:
        if item.path.is_relative_to(TESTS) and item.path.relative_to(TESTS).as_posix().startswith(FAST):
            item.add_marker("fast")


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
