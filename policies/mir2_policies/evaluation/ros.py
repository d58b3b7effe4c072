"""One run through the real nodes: `ros2 launch` in a ROS domain of its own, and the record that it leaves."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from mir2_core.errors import EXIT_USER_ERROR, UserError
from mir2_core.roster import MAX_ROBOTS
from mir2_core.run import Run
from mir2_core.types import FloatArray
from numpy.typing import NDArray

START_S = 240.0  # until the nodes of a run have found each other, on a machine that is ten times too busy
SLOWEST = 4.0  # seconds that one second of one robot may take
LOOK_S = 0.5
END_S = 20.0  # in which nodes that are told to end write down what they have
RESERVATION_PORT = 19000  # one TCP port a domain, by which those who look for one keep out of each other's way
LAUNCH = ("launch", "mir2_swarm", "rendezvous.launch.py")


@dataclass(frozen=True)
class RunRecord:
    """What a run left behind: T steps of N robots; `status` is the launch's, 0 where the run was whole."""

    folder: Path
    status: int
    output: str  # what the launch and its nodes printed
    names: tuple[str, ...]
    time_s: FloatArray  # (T + 1,)
    poses: FloatArray  # (T + 1, N, 3)
    twists: FloatArray  # (T, N, 2) v_mps, omega_radps as gates let them through
    rewards: FloatArray  # (T,) of the team
    compromised: NDArray[np.bool_]  # (T, N) who was a traitor
    metrics: dict[str, Any]
    events: tuple[dict[str, Any], ...]

    @property
    def complaint(self) -> str:
        """The launch's last word on what went wrong."""
        return _complaint(self.output)

    @classmethod
    def read(cls, folder: Path, status: int = 0, output: str = "") -> "RunRecord":
        """Read a run folder; `UserError` if it holds no whole record."""
        try:
            with np.load(folder / "trajectories.npz") as arrays:
                kept = {name: arrays[name] for name in arrays.files}
            return cls(
                folder,
                status,
                output,
                names=tuple(map(str, kept["names"])),
                time_s=kept["time_s"],
                poses=kept["poses"],
                twists=kept["twists"],
                rewards=kept["reward"],
                compromised=kept["compromised"],
                metrics=json.loads((folder / "metrics.json").read_text()),
                events=tuple(map(json.loads, (folder / "events.jsonl").read_text().splitlines())),
            )
        except OSError as error:
            raise UserError(f"{error.filename}: {error.strerror}; is {folder} the folder of a finished run?") from None
        except (BadZipFile, KeyError, ValueError) as error:
            raise UserError(f"{folder}: its record cannot be read ({error}); play the run again") from None


def play_run(run: Run, folder: Path, stop: threading.Event | None = None) -> RunRecord:
    """Play a run into a new `folder`, in a ROS domain of its own on this machine only.

    Nothing of it is left running, whatever happens; `stop` ends it early. Raises `UserError` with the launch's last
    word if there is no record afterwards; a record whose `status` is not 0 is that of a run that was not whole.
    """
    arguments = run.model_copy(update={"output": str(folder)}).to_arguments()
    command = [ros2_command(), *LAUNCH, *(f"{name}:={text}" for name, text in arguments.items())]
    with reserved_domain() as domain, tempfile.TemporaryDirectory() as logs:
        environment = ros_environment(domain) | {"ROS_LOG_DIR": logs}
        status, output = _run_to_its_end(command, environment, deadline_s(run), stop or threading.Event())
    try:
        return RunRecord.read(folder, status, output)
    except UserError:
        raise UserError(f"{folder}: no run was recorded (exit status {status}): {_complaint(output)}") from None


def deadline_s(run: Run) -> float:
    """When a run is given up: the nodes notice nearly everything that can go wrong much earlier."""
    return START_S + SLOWEST * (run.robots or MAX_ROBOTS) * run.duration_s


def ros2_command() -> str:
    """The `ros2` beside this interpreter, which gives way to a ROS 2 that is sourced, else the one on the path."""
    beside = Path(sys.executable).with_name("ros2")
    found = str(beside) if beside.exists() else shutil.which("ros2")
    if found is None:
        raise UserError("there is no 'ros2' command; in the checkout: make setup, or source a ROS 2 workspace")
    return found


def ros_environment(domain: int) -> dict[str, str]:
    """The environment of nodes that hear nothing but each other."""
    own = {"ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **own}


@contextmanager
def reserved_domain() -> Iterator[int]:
    """A random ROS_DOMAIN_ID that nobody else who asks here has, nor any participant on the loopback interface."""
    for domain in random.sample(range(1, 101), 100):
        with socket.socket() as reservation, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as discovery:
            try:
                reservation.bind(("127.0.0.1", RESERVATION_PORT + domain))
                discovery.bind(("127.0.0.1", 7410 + 250 * domain))
            except OSError:
                continue
            discovery.close()
            yield domain
            return
    raise UserError("every ROS domain from 1 to 100 has a participant on this machine; end some of the runs")


def _complaint(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "error: " in line.lower()]
    return (errors or lines or ["it said nothing"])[-1]


def _run_to_its_end(
    command: list[str], environment: dict[str, str], limit_s: float, stop: threading.Event
) -> tuple[int, str]:
    """Exit status and output of a command that is the head of a process group, of which nothing is left afterwards."""
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    end_s = time.monotonic() + limit_s
    try:
        while time.monotonic() < end_s and not stop.is_set():
            with suppress(subprocess.TimeoutExpired):
                output, _ = process.communicate(timeout=LOOK_S)
                return process.returncode, output
        early = "stopped" if stop.is_set() else f"not over after {limit_s:.0f} s"
        output = f"{_interrupt(process)}\nerror: the run was {early} and has been interrupted\n"
        return process.returncode or EXIT_USER_ERROR, output
    finally:
        _kill_group(process)


def _interrupt(process: "subprocess.Popen[str]") -> str:
    """End the launch as a Ctrl-C does, which lets its nodes write down what they have; what all have printed."""
    process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=END_S)[0]
    except subprocess.TimeoutExpired:
        _kill_group(process)
        return process.communicate()[0]


def _kill_group(process: "subprocess.Popen[str]") -> None:
    """Kill the launch and its group; the embedded runtime's launch has a guardian, which ends nodes in other groups."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
