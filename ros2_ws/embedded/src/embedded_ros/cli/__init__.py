"""The `ros2` command of the embedded runtime; it hands over to a real ROS 2 that is sourced."""

import argparse
import os
import signal
import sys
from pathlib import Path

COMMANDS = {
    "bag": "Record and play messages",
    "interface": "Show information about ROS interfaces",
    "launch": "Run a launch file",
    "node": "Show the nodes of the graph",
    "param": "Read and set the parameters of nodes",
    "pkg": "Find packages",
    "run": "Run an executable of a package",
    "service": "Show and call services",
    "topic": "Show, print, measure and publish topics",
}


def main() -> int | str | None:
    """Run the command line; the result is what `sys.exit` takes."""
    real = find_real_ros2()
    if real is not None:
        os.execv(real, [str(real), *sys.argv[1:]])
    import yaml

    from .verbs import run_command

    parser = argparse.ArgumentParser(prog="ros2", description="The ROS 2 command of the embedded runtime")
    commands = parser.add_subparsers(metavar="command", dest="command")
    for name, description in COMMANDS.items():
        commands.add_parser(name, help=description)
    command = parser.parse_args(sys.argv[1:2] or ["--help"]).command
    try:
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        return run_command(command, sys.argv[2:])
    except KeyboardInterrupt:
        return int(signal.SIGINT)
    except BrokenPipeError:  # the reader of the output has gone; keep Python from saying so at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (RuntimeError, KeyError, OSError, yaml.YAMLError) as error:
        return str(error)


def find_real_ros2() -> Path | None:
    """Return the `ros2` of a sourced ROS 2, unless it is this one."""
    if not os.environ.get("ROS_DISTRO"):
        return None
    for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep):
        candidate = Path(prefix, "bin", "ros2")
        if prefix and os.access(candidate, os.X_OK) and candidate.resolve() != Path(sys.argv[0]).resolve():
            return candidate
    return None
