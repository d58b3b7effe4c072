"""The launch system's output: the screen and `launch.log`."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path

# A screen nobody reads any more (`ros2 launch … | head`) or a full disk must not stop what was launched.
logging.raiseExceptions = False

Output = str | Mapping[str, str | Collection[str]]
_OUTPUTS: dict[str, dict[str, Collection[str]]] = {  # the names of usual outputs
    "screen": {"both": ["screen"]},
    "log": {"both": ["log"], "stderr": ["screen"]},
    "both": {"both": ["log", "screen"]},
}


class LaunchConfig:
    """Where this process logs to, and from which level on."""

    level: str = "INFO"

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


launch_config = LaunchConfig()


def get_logger(name: str = "launch") -> logging.Logger:
    """Return a logger that writes to the screen and to `launch.log`."""
    return _make_logger(name, ["screen", "log"], "[{levelname}] [{name}]: {message}", launch_config.level)


def get_output_logger(process_name: str, source: str, output: Output) -> logging.Logger:
    """Return the logger of a process's 'stdout' or 'stderr'.

    `output` is 'screen', 'log' (everything to the log, errors also to the screen), 'both', or a dict from 'stdout',
    'stderr' or 'both' to 'screen' or 'log'; raises ValueError for others.
    """
    if isinstance(output, str):
        if output not in _OUTPUTS:
            raise ValueError(f"'{output}' is not a valid output; valid are {', '.join(_OUTPUTS)}")
        output = _OUTPUTS[output]
    chosen = (output.get(key, ()) for key in ("both", source))
    destinations = {each for some in chosen for each in ([some] if isinstance(some, str) else some)}
    return _make_logger(f"{process_name}-{source}", destinations, "{message}", "INFO")


def _make_logger(name: str, destinations: Collection[str], form: str, level: str) -> logging.Logger:
    if not {*destinations} <= {"screen", "log"}:
        raise ValueError(f"{destinations} is not a valid destination; valid are screen, log")
    logger = logging.getLogger(name)
    log_dir = launch_config.log_dir
    logger.handlers = [_make_handler(log_dir, destination, form) for destination in destinations]
    logger.propagate = False
    logger.setLevel(level)
    return logger


@cache
def _make_handler(log_dir: str, destination: str, form: str) -> logging.Handler:
    if destination == "screen":
        handler: logging.Handler = logging.StreamHandler(sys.stdout)
    else:
        form = "{created:.7f} " + form
        handler = logging.FileHandler(os.path.join(log_dir, "launch.log"), "a", "utf-8")
    handler.setFormatter(logging.Formatter(form, style="{"))
    return handler
