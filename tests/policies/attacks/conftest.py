"""Victims that the tests of attacks share."""

import pytest
import torch
from mir2_core.bundle import PolicyBundle

from tests.policies.attacks.victims import centroid


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def victim(tmp_path_factory: pytest.TempPathFactory) -> PolicyBundle:
    return centroid(tmp_path_factory.mktemp("victim"))


@pytest.fixture(scope="session")
def five(tmp_path_factory: pytest.TempPathFactory) -> PolicyBundle:
    return centroid(tmp_path_factory.mktemp("victim"), 5)
