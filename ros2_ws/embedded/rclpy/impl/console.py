"""Log levels, and the lines written to the terminal."""

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence

DEBUG, INFO, WARN, ERROR, FATAL = 10, 20, 30, 40, 50
NAMES = {DEBUG: "DEBUG", INFO: "INFO", WARN: "WARN", ERROR: "ERROR", FATAL: "FATAL"}
COLOURS = {DEBUG: "\033[32m", WARN: "\033[33m", ERROR: "\033[31m", FATAL: "\033[31m"}
UNSET = 0

_levels: dict[str, int] = {"": INFO}
_sinks: dict[str, Callable[..., None]] = {}
_lock = threading.Lock()
_to_terminal = True


def severity(name: str) -> int:
    """Number of a severity's name; raises RuntimeError."""
    for number, label in NAMES.items():
        if label == name.upper():
            return number
    raise RuntimeError(f"Invalid severity string {name!r}: use debug, info, warn, error or fatal")


def configure(levels: Sequence[tuple[str, str]], to_terminal: bool) -> None:
    global _to_terminal  # noqa: PLW0603
    _to_terminal = to_terminal
    for logger, level in levels:
        _levels[logger] = severity(level)


def set_level(logger: str, level: int) -> None:
    _levels[logger] = level


def level_of(logger: str) -> int:
    return _levels.get(logger, UNSET)


def effective_level(logger: str) -> int:
    """The logger's level, or that of the nearest parent that has one."""
    while True:
        if level := _levels.get(logger):
            return level
        if not logger:
            return INFO
        logger = logger.rpartition(".")[0]


def add_sink(logger: str, sink: Callable[..., None]) -> None:
    """Also gives what this logger and its children say to `sink(stamp_ns, level, name, message, file, function, line)`."""
    _sinks[logger] = sink


def remove_sink(logger: str, sink: Callable[..., None]) -> None:
    if _sinks.get(logger) == sink:
        del _sinks[logger]


def write(level: int, name: str, message: str, file: str, function: str, line: int) -> None:
    stamp_ns = time.time_ns()
    if _to_terminal:
        _print(stamp_ns, level, name, message, file, function, line)
    parent = name
    while parent and parent not in _sinks:
        parent = parent.rpartition(".")[0]
    if parent:
        _sinks[parent](stamp_ns, level, name, message, file, function, line)


def _print(stamp_ns: int, level: int, name: str, message: str, file: str, function: str, line: int) -> None:
    layout = os.environ.get("RCUTILS_CONSOLE_OUTPUT_FORMAT", "[{severity}] [{time}] [{name}]: {message}")
    seconds = f"{stamp_ns // 10**9}.{stamp_ns % 10**9:09d}"
    values = {
        "severity": NAMES[level],
        "time": seconds,
        "time_as_nanoseconds": str(stamp_ns),
        "name": name,
        "function_name": function,
        "file_name": file,
        "line_number": str(line),
        "message": message,
    }
    for key, value in values.items():
        layout = layout.replace(f"{{{key}}}", value)
    stream = sys.stdout if os.environ.get("RCUTILS_LOGGING_USE_STDOUT") == "1" else sys.stderr
    coloured = os.environ.get("RCUTILS_COLORIZED_OUTPUT")
    if (coloured == "1" or (coloured is None and stream.isatty())) and level in COLOURS:
        layout = f"{COLOURS[level]}{layout}\033[0m"
    with _lock:
        try:
            stream.write(layout + "\n")
            stream.flush()
        except (OSError, ValueError):
            pass  # the terminal is gone
