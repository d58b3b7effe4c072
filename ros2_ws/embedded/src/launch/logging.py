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
_FORMS = {"screen": ("screen", "{message}"), "log": ("launch.log", "{created:.7f} {message}")}


class LaunchConfig:
    """Where this process logs to, and from which level on."""

    @property
    def level(self) -> int:
        return logging.root.getEffectiveLevel()

    @level.setter
    def level(self, new_level: int | str) -> None:
        logging.root.setLevel(new_level)

    @property
    def level_name(self) -> str:
        return logging.getLevelName(self.level)

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


def get_logger(name: str | None = None) -> logging.Logger:
    """Return a logger that writes to the screen and to `launch.log`.

    OVERRIDE_LAUNCH_SCREEN_FORMAT and OVERRIDE_LAUNCH_LOG_FORMAT are the forms of its lines.
    """
    form = "[{levelname}] [{name}]: {message}"
    screen = os.environ.get("OVERRIDE_LAUNCH_SCREEN_FORMAT") or form
    file = os.environ.get("OVERRIDE_LAUNCH_LOG_FORMAT") or "{created:.7f} " + form
    return _make_logger(name or "root", {("screen", screen), ("launch.log", file)})


def get_output_loggers(process_name: str, output_config: Output) -> tuple[logging.Logger, logging.Logger]:
    """Return the loggers of a process's standard output and error.

    The output is 'screen', 'log' (everything to `launch.log`, errors also to the screen), 'both', or a dict from
    'stdout', 'stderr' or 'both' to 'screen' or 'log'; raises ValueError for others.
    """
    chosen = _OUTPUTS.get(output_config, {}) if isinstance(output_config, str) else output_config
    if not chosen:
        raise ValueError(f'{output_config} is not a valid standard output config i.e. "screen", "log" or "both"')
    targets: dict[str, set[tuple[str, str]]] = {"stdout": set(), "stderr": set()}
    for source, destinations in chosen.items():
        if source not in ("stdout", "stderr", "both"):
            raise ValueError(f'{source} is not a valid output source i.e. "stdout", "stderr" or "both"')
        for destination in [destinations] if isinstance(destinations, str) else destinations:
            if destination not in _FORMS:
                raise ValueError(f'{destination} is not a valid output destination i.e. "screen" or "log"')
            for each in targets if source == "both" else [source]:
                targets[each].add(_FORMS[destination])
    stdout, stderr = (_make_logger(f"{process_name}-{source}", found) for source, found in targets.items())
    return stdout, stderr


def _make_logger(name: str, targets: Collection[tuple[str, str]]) -> logging.Logger:
    logger = logging.getLogger(name)
    logger.handlers = [_make_handler(launch_config.log_dir, target, form) for target, form in targets]
    logger.propagate = False
    return logger


@cache
def _make_handler(log_dir: str, target: str, form: str) -> logging.Handler:
    """Return the handler that writes to the screen, or to this file, in this form."""
    if target == "screen":
        handler: logging.Handler = logging.StreamHandler(sys.stdout)
    else:
        handler = logging.FileHandler(os.path.join(log_dir, target), "a", "utf-8")
    handler.setFormatter(logging.Formatter(form, style="{"))
    return handler
