"""Process groups that do not outlive the launcher, whatever ends it.

Every launched process leads its own session. Run as a program, this file is the guardian: one small process that
reads which groups exist from a pipe held open by the launcher alone, and ends them when the pipe closes. So a
launcher killed with SIGKILL leaves nothing behind, not even a grandchild that ignores SIGTERM.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

GRACE_S = 5.0


def signal_group(group: int, number: int) -> None:
    """Send a signal to every member; an empty group is no error."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def group_is_alive(group: int) -> bool:
    """Return whether the process group has a member that is not a zombie."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # ended meanwhile
            state, _parent, of_group = stat.read_text(errors="replace").rpartition(")")[2].split()[:3]
            if int(of_group) == group and state != "Z":
                return True
    return False


@cache
def start_guardian(_launcher: int) -> int:
    """Start the guardian of a process, once, and return the pipe that it reads."""
    reading, writing = os.pipe()
    command = [sys.executable, "-ISs", __file__]
    null = subprocess.DEVNULL
    subprocess.Popen(command, stdin=reading, stdout=null, stderr=null, cwd="/", start_new_session=True)
    os.close(reading)
    return writing


def enter_group(guardian: int) -> None:
    """Between fork and exec: lead a new session, whose group the guardian knows."""
    os.setsid()
    _tell(guardian, f"+{os.getpid()}\n")


def forget_group(guardian: int, group: int) -> None:
    """Tell the guardian that a group has ended."""
    _tell(guardian, f"-{group}\n")


def _tell(guardian: int, message: str) -> None:
    with suppress(BrokenPipeError):
        os.write(guardian, message.encode())


def _guard() -> None:
    """Keep the list of groups until the pipe closes, then end those that are left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    for group in groups:
        signal_group(group, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S
    while any(map(group_is_alive, groups)) and time.monotonic() < deadline:
        time.sleep(0.02)
    for group in groups:
        signal_group(group, signal.SIGKILL)


if __name__ == "__main__":
    _guard()
