"""Events from and to launched processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from signal import Signals
from typing import TYPE_CHECKING

from ..utilities import missing
from . import Event

if TYPE_CHECKING:
    from ..actions import ExecuteProcess

__getattr__ = missing(__name__, "ProcessStdin")
ProcessMatcher = Callable[["ExecuteProcess"], bool]


@dataclass(eq=False, kw_only=True)
class RunningProcessEvent(Event):
    """Something that happened to a process that was started."""

    action: ExecuteProcess
    process_name: str
    cmd: list[str]
    cwd: str | None
    env: dict[str, str]
    pid: int


class ProcessStarted(RunningProcessEvent):
    """A process runs."""


@dataclass(eq=False, kw_only=True)
class ProcessExited(RunningProcessEvent):
    """A process ended; a negative `returncode` is the signal that ended it."""

    returncode: int


@dataclass(eq=False, kw_only=True)
class ProcessIO(RunningProcessEvent):
    """Bytes that a process wrote."""

    text: bytes
    from_stdout: bool

    @property
    def from_stderr(self) -> bool:
        return not self.from_stdout


@dataclass(eq=False, kw_only=True)
class ShutdownProcess(Event):
    """End the processes for which the matcher is true: SIGINT, then SIGTERM, then SIGKILL."""

    process_matcher: ProcessMatcher


@dataclass(eq=False, kw_only=True)
class SignalProcess(Event):
    """Send a signal to the processes for which the matcher is true."""

    signal_number: Signals
    process_matcher: ProcessMatcher
