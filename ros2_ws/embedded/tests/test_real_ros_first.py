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


def test_an_installed_message_package_is_left_as_it_is(sourced: dict[str, str]) -> None:
    """Here std_msgs without services; what the runtime knows of it is not put beside it."""
    program = (
        "import std_msgs.msg, importlib.util\nprint(importlib.util.find_spec('std_msgs.srv'), std_msgs.msg.__file__)"
    )
    found = output({**sourced, "AMENT_PREFIX_PATH": ""}, sys.executable, "-c", program)
    assert found == f"None {sourced['PYTHONPATH']}/std_msgs/msg/__init__.py\n"


def test_message_packages_that_it_lacks_are_refused(sourced: dict[str, str]) -> None:
    for package in ("nav_msgs", "rover_msgs"):
        command = [sys.executable, "-c", f"import {package}"]
        run = subprocess.run(command, env=sourced, capture_output=True, text=True, timeout=60, check=False)
        assert (
            f"ImportError: {package} is not installed for the ROS 2 whose rclpy is {sourced['PYTHONPATH']}"
            in run.stderr
        )


def test_the_installation_owns_nothing_under_a_name_of_ros() -> None:
    """What pip removes again: two lines on search paths or a folder with all packages, a command and metadata."""
    installed = {path.parts[0] for path in files("embedded-ros2") or [] if ".dist-info" not in str(path)}
    assert installed - {"_embedded_ros2.pth", "embedded_ros2"} == {"..", "embedded_ros2.pth"}


def test_a_python_that_needs_no_messages_imports_nothing_of_the_runtime() -> None:
    program = "import sys, subprocess, dataclasses\nprint([name for name in sys.modules if 'ros' in name])"
    assert output(dict(os.environ), sys.executable, "-c", program) == "[]\n"


def test_a_runtime_that_is_not_whole_says_so_and_does_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "embedded_ros").mkdir()
    (tmp_path / "embedded_ros" / "__init__.py").touch()
    program = "try:\n    import not_there\nexcept ImportError as error:\n    print(error)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    assert output(environment, sys.executable, "-c", program) == "No module named 'embedded_ros.finder'\n"
