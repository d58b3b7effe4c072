"""Wall time to a return of −20: `mir2 train` beside training that goes robot by robot, as published.

Both run as processes of their own on one thread each and take turns, so that other work on the machine slows both
alike. The published way of training needs hours; by default it gets three minutes, from which follows a lower bound.
"""

import argparse
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from mir2_policies.training.progress import read_progress

TARGET_RETURN = -20.0
EVERY_STEPS = 4000  # evaluations of `mir2 train`
SLICE_S, POLL_S = 5.0, 0.1
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class Row(NamedTuple):
    """An evaluation, and the time that its side had used by then."""

    wall_s: float
    cpu_s: float
    transitions: int
    return_mean: float


class Side:
    """A training process that stands still except during its turns."""

    def __init__(self, name: str, command: list[str], directory: Path) -> None:
        self.name = name
        self.rows: list[Row] = []
        self.wall_s = self.cpu_s = self.peak_mib = 0.0
        self._directory = directory
        self._process = subprocess.Popen(command, cwd=Path(__file__).parent, stdout=subprocess.DEVNULL)
        self._process.send_signal(signal.SIGSTOP)

    @property
    def arrived(self) -> bool:
        """Whether the target return was reached."""
        return any(row.return_mean >= TARGET_RETURN for row in self.rows)

    def turn(self) -> None:
        """Run for one slice, or until the target is reached."""
        start_s, before_s = time.monotonic(), self.wall_s
        self._process.send_signal(signal.SIGCONT)
        while not self.arrived and (elapsed_s := time.monotonic() - start_s) < SLICE_S:
            if self._process.poll() is not None:
                sys.exit(f"error: {self.name} ended with status {self._process.returncode} before it was told to")
            time.sleep(POLL_S)
            self.wall_s = before_s + elapsed_s
            self._look()
        self._process.send_signal(signal.SIGSTOP)

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()

    def _look(self) -> None:
        proc = Path(f"/proc/{self._process.pid}")
        fields = proc.joinpath("stat").read_text().rpartition(")")[2].split()
        self.cpu_s = (int(fields[11]) + int(fields[12])) / CLOCK_TICKS
        status = dict(line.split(":", 1) for line in proc.joinpath("status").read_text().splitlines())
        self.peak_mib = int(status["VmHWM"].split()[0]) / 1024
        for row in read_progress(self._directory)[len(self.rows) :]:
            self.rows.append(Row(self.wall_s, self.cpu_s, row.transitions, row.return_mean))
            print(f"{self.name:16} {self.wall_s:6.0f} s {row.transitions:9,d} steps   return {row.return_mean:7.2f}")
            sys.stdout.flush()

    def summary(self) -> str:
        """One line of the table."""
        steps = self.rows[-1].transitions if self.rows else 0
        best = max((row.return_mean for row in self.rows), default=math.nan)
        speed = steps / self.rows[-1].wall_s if steps else 0.0
        return f"{self.name:16} {self.wall_s:7.0f} {self.cpu_s:7.0f} {speed:9.0f} {best:9.2f} {self.peak_mib:9.0f}"


def compare(ours: Side, theirs: Side, minutes: float) -> None:
    """Take turns until `ours` has arrived and `theirs` has had its minutes."""
    while not ours.arrived or (theirs.wall_s < 60.0 * minutes and not theirs.arrived):
        if not ours.arrived:
            ours.turn()
        if theirs.wall_s < 60.0 * minutes and not theirs.arrived:
            theirs.turn()


def verdict(ours: Side, theirs: Side) -> str:
    """How many times less time `ours` took, as far as it was seen."""
    wall, cpu = theirs.wall_s / ours.wall_s, theirs.cpu_s / ours.cpu_s
    if theirs.arrived:
        return f"{ours.name} took {wall:.1f} times less wall time to {TARGET_RETURN:g} ({cpu:.1f} times less CPU time)"
    return (
        f"{theirs.name} had not reached {TARGET_RETURN:g} after {theirs.wall_s:.0f} s, {ours.name} had after "
        f"{ours.wall_s:.0f} s:\nat least {wall:.1f} times less wall time ({cpu:.1f} times less CPU time); "
        "the true ratio needs a larger --minutes"
    )


def main() -> None:
    """Train side by side and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0, help="for the published way; default: 3; inf: to the end")
    parser.add_argument("--algorithm", default="maddpg", help="of mir2 train; default: maddpg")
    arguments = parser.parse_args()
    mir2 = str(Path(sys.executable).with_name("mir2"))
    environment_load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        batched, loop = Path(folder, "batched"), Path(folder, "loop")
        loop.mkdir()
        train = [mir2, "train", "--algorithm", arguments.algorithm, "--set", f"evaluation_interval={EVERY_STEPS}"]
        sides = [
            Side("mir2 train", [*train, "--quiet", "--output", str(batched)], batched),
            Side("robot by robot", [sys.executable, "-m", "per_agent.training", str(loop)], loop),
        ]
        try:
            compare(sides[0], sides[1], arguments.minutes)
        finally:
            for side in sides:
                side.end()
    print(f"\n{'':16} {'wall s':>7} {'CPU s':>7} {'steps/s':>9} {'best':>9} {'peak MiB':>9}")
    for side in sides:
        print(side.summary())
    print(verdict(sides[0], sides[1]))
    print(f"load of the machine {environment_load:.1f} before, {os.getloadavg()[0]:.1f} after, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
