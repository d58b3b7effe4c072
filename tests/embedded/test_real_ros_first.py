"""The runtime is never in the way of a real ROS 2: a stand-in for one that is installed and sourced."""

import os
import subprocess
import sys
from importlib.metadata import files
from pathlib import Path

import pytest

MODULES = [
    "rclpy",
    "rclpy.node",
    "launch",
    "launch.actions",
    "launch_ros",
    "ament_index_python",
    "std_msgs",
    "std_msgs.msg",
]


@pytest.fixture
def sourced(tmp_path: Path) -> dict[str, str]:
    """Environment after sourcing a ROS 2 that has MODULES and a command."""
    python = tmp_path / "lib" / "python3" / "site-packages"
    for module in MODULES:
        folder = python / module.replace(".", "/")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").touch()
    command = tmp_path / "bin" / "ros2"
    command.parent.mkdir()
    command.write_text('#!/bin/sh\necho the real one: "$@"\n')
    command.chmod(0o755)
    return {
        **os.environ,
        "ROS_DISTRO": "jazzy",
        "AMENT_PREFIX_PATH": str(tmp_path),
        "PYTHONPATH": str(python),
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
    }


def output(environment: dict[str, str], *command: str) -> str:
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True).stdout


def test_imports_are_those_of_the_real_one(sourced: dict[str, str], tmp_path: Path) -> None:
    program = f"import importlib\nfor name in {MODULES}:\n    print(importlib.import_module(name).__file__)"
    found = output(sourced, sys.executable, "-c", program).split()
    assert found == [f"{sourced['PYTHONPATH']}/{module.replace('.', '/')}/__init__.py" for module in MODULES]


def test_the_command_is_the_real_one(sourced: dict[str, str]) -> None:
    assert output(sourced, "ros2", "topic", "list") == "the real one: topic list\n"
    own_first = {**sourced, "PATH": f"{Path(sys.executable).parent}:{sourced['PATH']}"}
    assert output(own_first, "ros2", "topic", "list") == "the real one: topic list\n"


def test_the_installation_owns_nothing_under_a_name_of_ros() -> None:
    """What pip removes again: a line on the search path, commands and metadata."""
    installed = {path.name for path in files("mir2-swarm") or [] if ".dist-info" not in str(path)}
    assert installed == {"_mir2_swarm.pth", "mir2", "ros2"}
