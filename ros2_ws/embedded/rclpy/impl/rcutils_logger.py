import sys
import time
from typing import Any

from . import console

OPTIONS = {"once", "skip_first", "throttle_duration_sec", "throttle_time_source_type"}

_seen: dict[Any, Any] = {}  # (file, line) of a log call -> what its `once`, `skip_first` or throttling remembers


class RcutilsLogger:
    """Logger of a node or library."""

    def __init__(self, name: str = "") -> None:
        self.name = name

    def get_child(self, name: str) -> "RcutilsLogger":
        if not name:
            raise ValueError("Child logger name must not be empty.")
        return RcutilsLogger(f"{self.name}.{name}" if self.name else name)

    def set_level(self, level: int) -> None:
        console.set_level(self.name, int(level))

    def get_effective_level(self) -> int:
        from ..logging import LoggingSeverity

        return LoggingSeverity(console.effective_level(self.name))

    def is_enabled_for(self, severity: int) -> bool:
        return severity >= console.effective_level(self.name)

    def debug(self, message: str, **kwargs: Any) -> bool:
        return self._log(console.DEBUG, message, kwargs)

    def info(self, message: str, **kwargs: Any) -> bool:
        return self._log(console.INFO, message, kwargs)

    def warning(self, message: str, **kwargs: Any) -> bool:
        return self._log(console.WARN, message, kwargs)

    def warn(self, message: str, **kwargs: Any) -> bool:
        return self._log(console.WARN, message, kwargs)

    def error(self, message: str, **kwargs: Any) -> bool:
        return self._log(console.ERROR, message, kwargs)

    def fatal(self, message: str, **kwargs: Any) -> bool:
        return self._log(console.FATAL, message, kwargs)

    def log(self, message: str, severity: int, **kwargs: Any) -> bool:
        return self._log(int(severity), message, kwargs)

    def _log(self, level: int, message: str, options: dict[str, Any]) -> bool:
        if not isinstance(message, str):
            raise TypeError(f"a log message must be a str, not {type(message).__name__}: {message!r}")
        name = options.pop("name", self.name)
        frame = sys._getframe(2)
        code = frame.f_code
        if options and not _passes((code.co_filename, frame.f_lineno, code.co_name), options):
            return False
        if level < console.effective_level(name):
            return False
        place = (code.co_filename, code.co_name, frame.f_lineno)
        console.write(console.Record(time.time_ns(), level, name, message, *place))
        return True


def _passes(caller: tuple[str, int, str], options: dict[str, Any]) -> bool:
    """Applies `once`, `skip_first` and `throttle_duration_sec`; each place in the code remembers for itself."""
    unknown = options.keys() - OPTIONS
    if unknown:
        raise TypeError(f"parameters {sorted(unknown)} are not among the logging options {sorted(OPTIONS)}")
    if options.get("skip_first") and not _seen.get((caller, "skip")):
        _seen[caller, "skip"] = True
        return False
    if options.get("once"):
        if _seen.get((caller, "once")):
            return False
        _seen[caller, "once"] = True
    if (period := options.get("throttle_duration_sec")) is not None:
        source = options.get("throttle_time_source_type")
        now = time.monotonic() if source is None else source.now().nanoseconds / 1e9
        last = _seen.get((caller, "throttle"))
        if last is not None and 0 <= now - last < period:
            return False
        _seen[caller, "throttle"] = now
    return True
