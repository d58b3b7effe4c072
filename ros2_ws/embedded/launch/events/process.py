"""Events from and to launched processes."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..event import Event

if TYPE_CHECKING:
    from ..actions import ExecuteLocal

ProcessMatcher = Callable[["ExecuteLocal"], bool]


class RunningProcessEvent(Event):
    """Something that happened to a process that was started."""

    name = "launch.events.process.RunningProcessEvent"

    def __init__(
        self,
        *,
        action: ExecuteLocal,
        name: str,
        cmd: list[str],
        cwd: str | None,
        env: dict[str, str] | None,
        pid: int,
    ) -> None:
        self.action = action
        self.process_name = name
        self.cmd = cmd
        self.cwd = cwd
        self.env = env
        self.pid = pid


class ProcessStarted(RunningProcessEvent):
    """A process runs."""

    name = "launch.events.process.ProcessStarted"


class ProcessExited(RunningProcessEvent):
    """A process ended; a negative `returncode` is the signal that ended it."""

    name = "launch.events.process.ProcessExited"

    def __init__(self, *, returncode: int, **details: Any) -> None:
        super().__init__(**details)
        self.returncode = returncode


class ProcessIO(RunningProcessEvent):
    """Bytes a process wrote."""

    name = "launch.events.process.ProcessIO"
    from_stdin = from_stdout = from_stderr = False

    def __init__(self, *, text: bytes, **details: Any) -> None:
        super().__init__(**details)
        self.text = text


class ProcessStdout(ProcessIO):
    """Bytes a process wrote to its standard output."""

    name = "launch.events.process.ProcessStdout"
    from_stdout = True


class ProcessStderr(ProcessIO):
    """Bytes a process wrote to its standard error."""

    name = "launch.events.process.ProcessStderr"
    from_stderr = True


class ProcessTargetedEvent(Event):
    """A wish that concerns the processes for which the matcher is true."""

    name = "launch.events.process.ProcessTargetedEvent"

    def __init__(self, *, process_matcher: ProcessMatcher) -> None:
        self.process_matcher = process_matcher


class ShutdownProcess(ProcessTargetedEvent):
    """End the process: SIGINT, then SIGTERM, then SIGKILL."""

    name = "launch.events.process.ShutdownProcess"


class SignalProcess(ProcessTargetedEvent):
    """Send the process a signal."""

    name = "launch.events.process.SignalProcess"

    def __init__(self, *, signal_number: str | signal.Signals, process_matcher: ProcessMatcher) -> None:
        super().__init__(process_matcher=process_matcher)
        self.signal = signal.Signals[signal_number] if isinstance(signal_number, str) else signal_number

    @property
    def signal_name(self) -> str:
        """The signal's name, such as 'SIGINT'."""
        return signal.Signals(self.signal).name


def matches_pid(pid: int) -> ProcessMatcher:
    """Match the process with this process id."""
    return lambda action: _detail(action, "pid") == pid


def matches_name(name: str) -> ProcessMatcher:
    """Match the process with this label, such as 'talker-1'."""
    return lambda action: _detail(action, "name") == name


def matches_executable(executable: str) -> ProcessMatcher:
    """Match the processes whose program ends with this text."""
    return lambda action: str((_detail(action, "cmd") or [""])[0]).endswith(executable)


def _detail(action: ExecuteLocal, key: str) -> Any:
    return (action.process_details or {}).get(key)
