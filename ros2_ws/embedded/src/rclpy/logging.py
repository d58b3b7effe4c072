from pathlib import Path

from .impl import console
from .impl.logging_severity import LoggingSeverity
from .impl.rcutils_logger import RcutilsLogger

_root_logger = RcutilsLogger()


def get_logger(name: str) -> RcutilsLogger:
    if not name:
        raise ValueError("Logger name must not be empty.")
    return _root_logger.get_child(name)


def initialize() -> None:
    """Nothing to prepare."""


def shutdown() -> None:
    """Nothing to release."""


def clear_config() -> None:
    console.clear_levels()


def set_logger_level(name: str, level: int, detailed_error: bool = False) -> None:
    console.set_level(name, level)


def get_logger_level(name: str) -> LoggingSeverity:
    return console.level_of(name)


def get_logger_effective_level(name: str) -> LoggingSeverity:
    return console.effective_level(name)


def get_logging_severity_from_string(log_severity: str) -> LoggingSeverity:
    return console.severity(log_severity)


def get_logging_directory() -> Path:
    return Path.home() / ".ros" / "log"
