"""A ROS domain for each test, nodes in it, and the program whose real counterpart was recorded."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ros_world import DATA, Starter, World, reserved_domain

os.environ["EMBEDDED_ROS_PACKAGES"] = str(DATA / "packages")


@pytest.fixture
def ros_domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Environment with a domain of the test's own on the loopback interface."""
    with reserved_domain() as domain:
        monkeypatch.setenv("ROS_DOMAIN_ID", str(domain))
        monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        for name in ("AMENT_PREFIX_PATH", "ROS_STATIC_PEERS", "CYCLONEDDS_URI"):
            monkeypatch.delenv(name, raising=False)
        yield domain


@pytest.fixture
def make_world(ros_domain: int) -> Iterator[Callable[..., World]]:
    worlds: list[World] = []

    def make(*args: str) -> World:
        worlds.append(World(["program", *args]))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()


@pytest.fixture
def start(ros_domain: int) -> Iterator[Starter]:
    """Starts `python <arguments>` in the test's domain; ended with the test."""
    processes: list[subprocess.Popen[str]] = []

    def run(*arguments: str | Path) -> "subprocess.Popen[str]":
        command = [sys.executable, *map(str, arguments)]
        pipe = subprocess.PIPE
        env = {**os.environ, "PYTHONUNBUFFERED": "1"}
        processes.append(subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=env))
        return processes[-1]

    yield run
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def recorded_node(start: Starter) -> "subprocess.Popen[str]":
    """The node /robot_3/policy in a process of its own."""
    return start(DATA / "ros2_jazzy_cli_node.py")
