"""The `ros2` command of the embedded runtime; it hands over to a real ROS 2 that is sourced."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from pathlib import Path

COMMANDS = {
    "interface": "Show information about ROS interfaces",
    "launch": "Run a launch file",
    "node": "Show the nodes of the graph",
    "param": "Read and set the parameters of nodes",
    "pkg": "Find packages",
    "run": "Run an executable of a package",
    "service": "Show and call services",
    "topic": "Show, print, measure and publish topics",
}
NOT_HERE = 2


def main() -> int | str | None:
    """Run the command line; the result is what `sys.exit` takes."""
    real = find_real_ros2()
    if real is not None:
        os.execv(real, [str(real), *sys.argv[1:]])
    name, arguments = (sys.argv[1] if len(sys.argv) > 1 else "--help"), sys.argv[2:]
    if name in ("-h", "--help"):
        print(_help())
        return 0
    if name not in COMMANDS:
        return not_here(f"ros2 {name}", COMMANDS)
    try:
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        result: int | str | None = import_module(f".{name}_command", __name__).main(arguments)
        return result
    except KeyboardInterrupt:
        return int(signal.SIGINT)
    except BrokenPipeError:  # the reader of the output has gone; keep Python from saying so at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (RuntimeError, KeyError, OSError) as error:
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


def not_here(what: str, known: dict[str, str] | list[str]) -> int:
    """Say that something is not part of this runtime and return the exit status."""
    print(f"error: '{what}' is not part of the embedded runtime; it has: {', '.join(known)}", file=sys.stderr)
    return NOT_HERE


def _help() -> str:
    lines = [f"  {name:<10} {description}" for name, description in COMMANDS.items()]
    return "\n".join(["usage: ros2 COMMAND …", "", "Commands of the embedded runtime:", *lines])
