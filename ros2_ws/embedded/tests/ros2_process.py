"""Runs the `ros2` command and waits for what it prints."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

DATA = Path(__file__).with_name("data")
ROS2 = [sys.executable, "-m", "embedded_ros.cli"]
DEADLINE_S = 60.0


class Running:
    """A process whose output is collected while it runs."""

    def __init__(self, command: Sequence[str], env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            ["env", "--default-signal=HUP", *command],  # tests under nohup would pass it on
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "ROS_DISTRO": "", **(env or {})},
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def wait_for(self, text: str, count: int = 1) -> str:
        """Wait for the count-th line that contains the text and return it."""

        def matching() -> list[str]:
            return [line for line in self.lines if text in line]

        wait_until(lambda: len(matching()) >= count, lambda: f"{text!r} not in {self.lines}")
        return matching()[count - 1]

    def wait(self) -> int:
        """Wait for the end and return the exit status."""
        status = self.process.wait(DEADLINE_S)
        self._reader.join(DEADLINE_S)
        return status

    def end(self) -> None:
        """Kill the process if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(DEADLINE_S)


def wait_until(condition: Callable[[], bool], describe: Callable[[], str]) -> None:
    """Wait for a condition; fails after the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, describe()
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Return whether a process exists that is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def pid_in(line: str) -> int:
    """Return the last number of a line."""
    return int(re.findall(r"\d+", line)[-1])


def recorded(prefix: str) -> Iterator[tuple[str, list[str], int]]:
    """Yield command, output lines and exit status of the recorded commands that start with a text."""
    for entry in (DATA / "ros2_jazzy_cli.txt").read_text().split("\n$ "):
        command, *output = entry.removeprefix("$ ").rstrip().split("\n")
        if command.startswith(prefix):
            yield command, output[:-1], pid_in(output[-1])
