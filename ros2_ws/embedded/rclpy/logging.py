from enum import IntEnum
from pathlib import Path

from .impl import console
from .impl.rcutils_logger import RcutilsLogger


class LoggingSeverity(IntEnum):
    UNSET = 0
    DEBUG = 10
    INFO = 20
    WARN = 30
    ERROR = 40
    FATAL = 50


_root_logger = RcutilsLogger()


def get_logger(name: str) -> RcutilsLogger:
    if not name:
        raise ValueError("Logger name must not be empty.")
    return RcutilsLogger(name)


def initialize() -> None:
    """Nothing to prepare."""


def shutdown() -> None:
    """Nothing to release."""


def clear_config() -> None:
    console._levels.clear()
    console._levels[""] = console.INFO


def set_logger_level(name: str, level: int, detailed_error: bool = False) -> None:
    console.set_level(name, int(level))


def get_logger_level(name: str) -> LoggingSeverity:
    return LoggingSeverity(console.level_of(name))


def get_logger_effective_level(name: str) -> LoggingSeverity:
    return LoggingSeverity(console.effective_level(name))


def get_logging_severity_from_string(log_severity: str) -> LoggingSeverity:
    return LoggingSeverity(console.severity(log_severity))


def get_logging_directory() -> Path:
    return Path.home() / ".ros" / "log"
