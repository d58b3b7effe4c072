"""Real ROS processes for tests: a domain of their own on loopback, and certainty that none of them stays behind."""

import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mir2_policies.evaluation.ros import ros_environment

ROS2 = Path(sys.executable).with_name("ros2")
MARKER = "MIR2_TEST_RUN"
DEADLINE_S = 120.0  # for anything that happens at all: a machine may be ten times as busy as it can bear


def environment_of_a_test(folder: Path, domain: int) -> dict[str, str]:
    """Environment of one test's processes; the marker lets `survivors` find them."""
    return {**ros_environment(domain), "ROS_LOG_DIR": str(folder / "log"), MARKER: uuid.uuid4().hex}


def survivors(environment: dict[str, str]) -> list[str]:
    """Command lines of processes that still carry this environment's marker."""
    wanted = f"{MARKER}={environment[MARKER]}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(f"{folder.name}: {(folder / 'cmdline').read_bytes().replace(bytes(1), b' ').decode()}")
        except OSError:
            continue
    return found


def wait_until(condition: Callable[[], object], deadline_s: float, what: str) -> None:
    """Poll until a condition holds; fail with `what` when it does not in time."""
    end_s = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end_s, f"not within {deadline_s} s: {what}"
        time.sleep(0.02)


class Process:
    """A running command whose output is collected."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self.process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, text: str, deadline_s: float) -> None:
        """Wait until a line of the output holds `text`."""

        def seen() -> bool:
            assert text in self.output or self.process.poll() is None, f"ended without '{text}':\n{self.output}"
            return text in self.output

        wait_until(seen, deadline_s, f"'{text}' in the output, which is:\n{self.output}")

    def end(self, deadline_s: float) -> int:
        """Wait for the end; the exit status."""
        try:
            status = self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"still running after {deadline_s} s:\n{self.output}") from None
        self._reader.join(5.0)
        return status


class Swarm:
    """Commands of one ROS domain."""

    def __init__(self, folder: Path, domain: int) -> None:
        self.folder = folder
        self.environment = environment_of_a_test(folder, domain)

    @contextmanager
    def running(self, *command: str) -> Iterator[Process]:
        """A `ros2` command in the background, interrupted at the end of the block if it still runs."""
        process = Process([str(ROS2), *command], self.environment, self.folder)
        try:
            yield process
        finally:
            if process.process.poll() is None:
                process.process.send_signal(signal.SIGINT)
                process.end(DEADLINE_S)

    def ros2(self, *command: str, deadline_s: float = DEADLINE_S) -> tuple[int, str]:
        """Run a `ros2` command to its end: exit status and output."""
        process = Process([str(ROS2), *command], self.environment, self.folder)
        status = process.end(deadline_s)
        return status, process.output

    def assert_nothing_runs(self) -> None:
        """Every process of this domain has ended."""
        wait_until(
            lambda: not survivors(self.environment), DEADLINE_S, f"all processes ended: {survivors(self.environment)}"
        )


def process_of(swarm: Swarm, name: str) -> int:
    """Process id of a node's process."""
    return int(next(line for line in survivors(swarm.environment) if f"mir2_swarm.entry:{name}" in line).split(":")[0])
