"""Events from and to launched processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from signal import Signals
from typing import TYPE_CHECKING, Any

from ..utilities import ensure_argument_type, missing, name_modules
from . import Event

if TYPE_CHECKING:
    from ..actions import ExecuteProcess

__getattr__ = missing(__name__, "ProcessStdin matches_executable matches_name matches_pid")
ProcessMatcher = Callable[["ExecuteProcess"], bool]


class RunningProcessEvent(Event):
    """Something that happened to a process that was started."""

    def __init__(
        self, *, action: ExecuteProcess, name: str, cmd: list[str], cwd: str | None, env: dict[str, str], pid: int
    ) -> None:
        self.action = action
        self.process_name = name
        self.cmd = cmd
        self.cwd = cwd
        self.env = env
        self.pid = pid


class ProcessStarted(RunningProcessEvent):
    """A process runs."""


class ProcessExited(RunningProcessEvent):
    """A process ended; a negative `returncode` is the signal that ended it."""

    def __init__(self, *, returncode: int, **details: Any) -> None:
        super().__init__(**details)
        self.returncode = returncode


class ProcessIO(RunningProcessEvent):
    """Bytes that a process wrote; `fd` is 1 for standard output and 2 for standard error."""

    def __init__(self, *, text: bytes, fd: int, **details: Any) -> None:
        super().__init__(**details)
        self.text = text
        self.from_stdin, self.from_stdout, self.from_stderr = (fd == number for number in range(3))


@dataclass(eq=False, kw_only=True)
class ProcessTargetedEvent(Event):
    """An event sent to the processes for which the matcher is true."""

    process_matcher: ProcessMatcher


class ShutdownProcess(ProcessTargetedEvent):
    """Ends processes: SIGINT, then SIGTERM, then SIGKILL."""


@dataclass(eq=False, kw_only=True)
class SignalProcess(ProcessTargetedEvent):
    """Sends a signal, given as number or name."""

    signal_number: Signals | str

    def __post_init__(self) -> None:
        ensure_argument_type(self.signal_number, (str, Signals), "signal_number", "SignalProcess")
        self.signal = self.signal_number if isinstance(self.signal_number, Signals) else Signals[self.signal_number]
        self.signal_name = self.signal.name


name_modules(__name__)
