"""Fixtures for every test: policy bundles made on the spot."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bundles import write_centroid_bundle


@pytest.fixture
def make_bundle(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a sealed bundle whose policy drives to the others' centroid."""

    def make(name: str = "centroid.onnx", **changes: Any) -> Path:
        return write_centroid_bundle(tmp_path / name, **changes)

    return make
