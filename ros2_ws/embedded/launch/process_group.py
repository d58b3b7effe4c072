"""Process groups that do not outlive the launcher, whatever ends it.

Every launched process leads its own session. Run as a program, this file is the guardian: one small process that
reads which groups exist from a pipe held open by the launcher alone, and ends them when the pipe closes. So a
launcher killed with SIGKILL leaves nothing behind, not even a grandchild that ignores SIGTERM.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

GRACE_S = 5.0
_PR_SET_PDEATHSIG = 1


def group_is_alive(group: int) -> bool:
    """Return whether the process group has a member that is not a zombie."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    states = [state for state, of_group in _processes() if of_group == group]
    return not states or any(state != "Z" for state in states)


def _processes() -> Iterator[tuple[str, int]]:
    """Yield state letter and process group of every process; nothing where there is no /proc."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, group = stat.read_text(errors="replace").rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        yield state, int(group)


def signal_group(group: int, number: int) -> None:
    """Send a signal to every member; an empty group is no error."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


class Guardian:
    """The launcher's side of the guardian process, started with the first group."""

    def __init__(self) -> None:
        self._pipe: int | None = None
        self._owner = 0

    def start(self) -> int:
        """Return the pipe's writing end."""
        if self._pipe is None or self._owner != os.getpid():
            import subprocess  # not needed by the guardian itself, which shall start fast

            reading, self._pipe = os.pipe()
            self._owner = os.getpid()
            self._process = subprocess.Popen(
                [sys.executable, "-ISs", __file__],
                stdin=reading,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
            os.close(reading)
        return self._pipe

    def forget(self, group: int) -> None:
        """Take a group that has ended off the list."""
        with suppress(BrokenPipeError):
            os.write(self.start(), b"-%d\n" % group)


def end_with_parent(parent: int) -> None:
    """Between fork and exec: get SIGTERM when the parent ends."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
        if os.getppid() != parent:
            os._exit(1)


def enter_group(launcher: int, guardian_pipe: int) -> None:
    """Between fork and exec: lead a new session that ends with the launcher."""
    os.setsid()
    end_with_parent(launcher)
    with suppress(BrokenPipeError):
        os.write(guardian_pipe, b"+%d\n" % os.getpid())


def _load_prctl() -> Any:
    if sys.platform != "linux":
        return None
    import ctypes

    return ctypes.CDLL(None, use_errno=True).prctl


def guard() -> None:
    """Keep the list of groups until the pipe closes, then end those that are left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    _end(groups)


def _end(groups: set[int]) -> None:
    for group in groups:
        signal_group(group, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S
    while any(map(group_is_alive, groups)) and time.monotonic() < deadline:
        time.sleep(0.02)
    for group in groups:
        signal_group(group, signal.SIGKILL)


if __name__ == "__main__":
    guard()
else:
    _prctl = _load_prctl()
    guardian = Guardian()
