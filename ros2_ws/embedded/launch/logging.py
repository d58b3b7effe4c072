"""The launch system's output: the screen, `launch.log` and a process's own log files."""

from __future__ import annotations

import logging
import os
import socket
import sys
from datetime import datetime
from functools import cached_property
from pathlib import Path

# A screen nobody reads any more (`ros2 launch … | head`) or a full disk must not stop what was launched.
logging.raiseExceptions = False

# What each value of a process's `output` stands for: where a stream goes, and where both go.
_OUTPUTS: dict[str, dict[str, str | set[str]]] = {
    "screen": {"both": "screen"},
    "log": {"both": "log", "stderr": "screen"},
    "both": {"both": {"log", "screen"}},
    "own_log": {"both": "own_log"},
    "full": {"both": {"log", "screen", "own_log"}},
}


class LaunchConfig:
    """Where this process logs to."""

    def __init__(self) -> None:
        self.level: int = logging.INFO
        self._handlers: dict[tuple[str, str], logging.Handler] = {}

    @cached_property
    def log_dir(self) -> str:
        """The folder of this run's log files, made when first needed below $ROS_LOG_DIR, $ROS_HOME/log or ~/.ros/log.

        The link `latest` beside it is replaced in one step, because two launches may do so at once.
        """
        base = os.environ.get("ROS_LOG_DIR") or os.path.join(os.environ.get("ROS_HOME") or "~/.ros", "log")
        stamp = datetime.now().strftime("%Y-%m-%d-%H-%M-%S-%f")
        folder = Path(base).expanduser().absolute() / f"{stamp}-{socket.gethostname()}-{os.getpid()}"
        folder.mkdir(parents=True)
        latest, link = folder.with_name("latest"), folder.with_name(f".latest-{os.getpid()}")
        if latest.is_symlink() or not latest.exists():
            link.unlink(missing_ok=True)
            link.symlink_to(folder, target_is_directory=True)
            link.replace(latest)
        return str(folder)

    def handler(self, file_name: str, form: str) -> logging.Handler:
        """Return the handler that writes in this format to a file of the log folder, or to the screen ('')."""
        if (file_name, form) not in self._handlers:
            path = os.path.join(self.log_dir, file_name)
            handler = logging.FileHandler(path, "a", "utf-8") if file_name else logging.StreamHandler(sys.stdout)
            handler.setFormatter(logging.Formatter(form, style="{"))
            self._handlers[file_name, form] = handler
        return self._handlers[file_name, form]


launch_config = LaunchConfig()


def get_logger(name: str = "launch") -> logging.Logger:
    """Return a logger that writes to the screen and to `launch.log`."""
    form = "[{levelname}] [{name}]: {message}"
    screen, file = launch_config.handler("", form), launch_config.handler("launch.log", "{created:.7f} " + form)
    return _prepared(name, [screen, file], launch_config.level)


def get_output_loggers(process_name: str, output: str | dict[str, str | set[str]]) -> list[logging.Logger]:
    """Return the loggers of a process's standard output and standard error.

    `output` is a name of `_OUTPUTS`, or a dict from 'stdout', 'stderr' or 'both' to 'screen', 'log' or 'own_log'.
    """
    if isinstance(output, str):
        if output not in _OUTPUTS:
            raise ValueError(f"'{output}' is not a valid output; valid are {', '.join(_OUTPUTS)}")
        output = _OUTPUTS[output]
    loggers = []
    for source in ("stdout", "stderr"):
        chosen = (output.get(key, set()) for key in ("both", source))
        destinations = set[str]().union(*({to} if isinstance(to, str) else to for to in chosen))
        if not destinations <= {"screen", "log", "own_log"}:
            raise ValueError(f"{destinations} is not a valid destination; valid are screen, log, own_log")
        handlers = []
        if "screen" in destinations:
            handlers.append(launch_config.handler("", "{message}"))
        if "log" in destinations:
            handlers.append(launch_config.handler("launch.log", "{created:.7f} {message}"))
        if "own_log" in destinations:
            files = (f"{process_name}-{source}.log", f"{process_name}.log")
            handlers += [launch_config.handler(file, "{message}") for file in files]
        loggers.append(_prepared(f"{process_name}-{source}", handlers, logging.INFO))
    return loggers


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
