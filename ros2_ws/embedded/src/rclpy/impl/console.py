"""Log levels, and the lines written to the terminal."""

import os
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from .logging_severity import LoggingSeverity

COLOURS = {"DEBUG": "\033[32m", "INFO": "\033[0m", "WARN": "\033[33m", "ERROR": "\033[31m", "FATAL": "\033[31m"}


@dataclass(frozen=True)
class Record:
    """One thing a logger said, and where in the code."""

    stamp_ns: int
    level: LoggingSeverity
    name: str
    message: str
    file: str
    function: str
    line: int


Sink = Callable[[Record], None]

_levels = {"": LoggingSeverity.INFO}
_sinks: dict[str, Sink] = {}
_lock = threading.RLock()  # a signal handler may log
_to_terminal = True


def severity(name: str) -> LoggingSeverity:
    """Raises RuntimeError for what is no severity's name."""
    if name.upper() not in LoggingSeverity.__members__:
        raise RuntimeError(f"Failed to get severity name {name!r}: use debug, info, warn, error or fatal")
    return LoggingSeverity[name.upper()]


def configure(levels: Sequence[tuple[str, str]], to_terminal: bool) -> None:
    global _to_terminal  # noqa: PLW0603
    _to_terminal = to_terminal
    for logger, level in levels:
        _levels[logger] = severity(level)


def set_level(logger: str, level: int) -> None:
    """Raises ValueError for what is no severity."""
    _levels[logger] = LoggingSeverity(level)


def level_of(logger: str) -> LoggingSeverity:
    return _levels.get(logger, LoggingSeverity.UNSET)


def effective_level(logger: str) -> LoggingSeverity:
    """The logger's level, or that of the nearest parent that has one."""
    while logger:
        if level := level_of(logger):
            return level
        logger = logger.rpartition(".")[0]
    return _levels[""]


def clear_levels() -> None:
    _levels.clear()
    _levels[""] = LoggingSeverity.INFO


def add_sink(logger: str, sink: Sink) -> bool:
    """Also gives what this logger and its children say to a function; False if they have one already."""
    return _sinks.setdefault(logger, sink) is sink


def remove_sink(logger: str) -> None:
    _sinks.pop(logger, None)


def write(record: Record) -> None:
    if _to_terminal:
        _print(record)
    parent = record.name
    while parent and parent not in _sinks:
        parent = parent.rpartition(".")[0]
    if parent:
        _sinks[parent](record)


def _print(record: Record) -> None:
    layout = os.environ.get("RCUTILS_CONSOLE_OUTPUT_FORMAT", "[{severity}] [{time}] [{name}]: {message}")
    seconds, nanoseconds = divmod(record.stamp_ns, 10**9)
    values = {
        "severity": record.level.name,
        "time": f"{seconds}.{nanoseconds:09d}",
        "time_as_nanoseconds": str(record.stamp_ns),
        "date_time_with_ms": f"{datetime.fromtimestamp(seconds)}.{nanoseconds // 10**6:03d}",
        "name": record.name,
        "function_name": record.function,
        "file_name": record.file,
        "line_number": str(record.line),
        "message": record.message,
    }
    for key, value in values.items():
        layout = layout.replace(f"{{{key}}}", value)
    stream = sys.stdout if os.environ.get("RCUTILS_LOGGING_USE_STDOUT") == "1" else sys.stderr
    coloured = os.environ.get("RCUTILS_COLORIZED_OUTPUT")
    if coloured == "1" or (coloured is None and stream.isatty()):
        layout = f"{COLOURS[record.level.name]}{layout}\033[0m"
    with _lock:
        try:
            stream.write(layout + "\n")
            stream.flush()
        except (OSError, ValueError):
            pass  # the terminal is gone
