"""`ros2 run`."""

import argparse
import ctypes
import os
import shlex
import signal
import subprocess
import sys

from . import entry_point
from .pkg_command import executables
from .verbs import Status, argument, verb

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)  # loaded before the fork


@verb(
    "run",
    argument("--prefix", default="", help="command put in front, such as 'gdb -ex run --args'"),
    argument("package_name", help="name of the package"),
    argument("executable_name", help="name of the executable"),
    argument("argv", nargs=argparse.REMAINDER, help="arguments of the executable"),
)
def _run(args: argparse.Namespace) -> Status:
    """Run an executable of a package."""
    found = executables(args.package_name)
    if found is None:
        return f"Package '{args.package_name}' not found"
    if args.executable_name not in found:
        return "No executable found"
    command = entry_point.command(args.executable_name, found[args.executable_name])
    return _pass_on([*shlex.split(args.prefix), *command, *args.argv])


def _pass_on(command: list[str]) -> int:
    """Run a command that gets this process's signals, and ends with it; return its exit status."""
    parent = os.getpid()
    ours = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ours)  # until there is a process to pass them on to

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)  # when the parent ends
        if os.getppid() != parent:
            os._exit(1)

    process = subprocess.Popen(command, preexec_fn=prepare)  # noqa: PLW1509 (no threads)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    signal.signal(signal.SIGINT, lambda *_: None if _is_in_foreground() else process.send_signal(signal.SIGINT))
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    status = process.wait()
    if status < 0:
        print("[ros2run]:", signal.strsignal(-status))
    elif status > 0:
        print(f"[ros2run]: Process exited with failure {status}")
    return status


def _is_in_foreground() -> bool:
    """Return whether a terminal sends its Ctrl-C to the child as well."""
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False
