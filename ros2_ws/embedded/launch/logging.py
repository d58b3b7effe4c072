"""The launch system's output: the screen, `launch.log` and a process's own log files."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    StreamHandler = logging.StreamHandler[Any]
else:
    StreamHandler = logging.StreamHandler

_SCREEN = "[{levelname}] [{name}]: {message}"
_FILE = "{created:.7f} [{levelname}] [{name}]: {message}"
_ALIASES: dict[str, dict[str, set[str]]] = {
    "screen": {"both": {"screen"}},
    "log": {"both": {"log"}, "stderr": {"screen"}},
    "both": {"both": {"log", "screen"}},
    "own_log": {"both": {"own_log"}, "stdout": {"own_log"}, "stderr": {"own_log"}},
    "full": {"both": {"screen", "log", "own_log"}, "stdout": {"own_log"}, "stderr": {"own_log"}},
}


def base_log_dir() -> Path:
    """Return $ROS_LOG_DIR, or $ROS_HOME/log, or ~/.ros/log."""
    chosen = os.environ.get("ROS_LOG_DIR") or os.path.join(os.environ.get("ROS_HOME") or "~/.ros", "log")
    return Path(chosen).expanduser().absolute()


class _Screen(StreamHandler):
    """Prints; where nobody reads any more (`ros2 launch … | head`), the log file still has it."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], BrokenPipeError):
            super().handleError(record)


class LaunchConfig:
    """Where this process logs to; the folder is made when first needed."""

    def __init__(self) -> None:
        self._log_dir: Path | None = None
        self._handlers: dict[tuple[str, str], logging.Handler] = {}
        self.level: int = logging.INFO

    @property
    def log_dir(self) -> str:
        """The folder of this run's log files."""
        if self._log_dir is None:
            stamp = datetime.now().strftime("%Y-%m-%d-%H-%M-%S-%f")
            self._log_dir = base_log_dir() / f"{stamp}-{socket.gethostname()}-{os.getpid()}"
            self._log_dir.mkdir(parents=True)
            _point_latest_to(self._log_dir)
        return str(self._log_dir)

    @log_dir.setter
    def log_dir(self, folder: str) -> None:
        if not os.path.isdir(folder):
            raise ValueError(f"{folder} is not a directory")
        self._log_dir = Path(folder)

    def screen_handler(self, form: str) -> logging.Handler:
        """Return the handler that prints to standard output in this format."""
        return self._handler("", form, lambda: _Screen(sys.stdout))

    def file_handler(self, file_name: str, form: str) -> logging.Handler:
        """Return the handler that appends to a file below the log folder in this format."""
        path = os.path.join(self.log_dir, file_name)
        return self._handler(file_name, form, lambda: logging.FileHandler(path, "a", "utf-8"))

    def _handler(self, target: str, form: str, make: Callable[[], logging.Handler]) -> logging.Handler:
        if (target, form) not in self._handlers:
            handler = make()
            handler.setFormatter(logging.Formatter(form, style="{"))
            self._handlers[target, form] = handler
        return self._handlers[target, form]


launch_config = LaunchConfig()


def get_logger(name: str = "launch") -> logging.Logger:
    """Return a logger that writes to the screen and to `launch.log`."""
    handlers = [launch_config.screen_handler(_SCREEN), launch_config.file_handler("launch.log", _FILE)]
    return _prepared(name, handlers, launch_config.level)


def get_output_loggers(
    process_name: str, output_config: str | dict[str, str | set[str]]
) -> tuple[logging.Logger, logging.Logger]:
    """Return the loggers for a process's standard output and standard error.

    `output_config` is 'screen', 'log' (everything to the log, errors also to the screen), 'both', 'own_log' or
    'full', or a dict from 'stdout', 'stderr' or 'both' to 'screen', 'log' or 'own_log'.
    """
    config = _destinations(output_config)
    loggers = []
    for source in ("stdout", "stderr"):
        wanted = config["both"] | config[source]
        handlers = []
        if "screen" in wanted:
            handlers.append(launch_config.screen_handler("{message}"))
        if "log" in wanted:
            handlers.append(launch_config.file_handler("launch.log", "{created:.7f} {message}"))
        if "own_log" in config[source]:
            handlers.append(launch_config.file_handler(f"{process_name}-{source}.log", "{message}"))
        if "own_log" in config["both"]:
            handlers.append(launch_config.file_handler(f"{process_name}.log", "{message}"))
        loggers.append(_prepared(f"{process_name}-{source}", handlers, logging.INFO))
    return loggers[0], loggers[1]


def log_launch_config(logger: logging.Logger) -> None:
    """Say where the log files are."""
    logger.info(f"All log files can be found below {launch_config.log_dir}")
    logger.info(f"Default logging verbosity is set to {logging.getLevelName(launch_config.level)}")


def _prepared(name: str, handlers: list[logging.Handler], level: int) -> logging.Logger:
    logger = logging.getLogger(name)
    logger.handlers[:] = handlers
    logger.propagate = False
    logger.setLevel(level)
    return logger


def _destinations(config: str | dict[str, str | set[str]]) -> dict[str, set[str]]:
    if isinstance(config, str):
        if config not in _ALIASES:
            raise ValueError(f"'{config}' is not a valid output; valid are {', '.join(_ALIASES)}")
        chosen = _ALIASES[config]
    else:
        chosen = {source: {to} if isinstance(to, str) else set(to) for source, to in config.items()}
    for source, destinations in chosen.items():
        if source not in ("stdout", "stderr", "both"):
            raise ValueError(f"'{source}' is not a valid output source; valid are stdout, stderr, both")
        if not destinations <= {"screen", "log", "own_log"}:
            raise ValueError(f"{destinations} is not a valid destination; valid are screen, log, own_log")
    return {"both": set(), "stdout": set(), "stderr": set(), **chosen}


def _point_latest_to(folder: Path) -> None:
    """Make the link `latest` beside the folder; two launches may do so at once."""
    link = folder.parent / f".latest-{os.getpid()}"
    latest = folder.parent / "latest"
    if latest.exists() and not latest.is_symlink():
        return
    link.unlink(missing_ok=True)
    link.symlink_to(folder, target_is_directory=True)
    link.replace(latest)
