import math
import sys
import time
from dataclasses import dataclass
from typing import Any

from . import console

OPTIONS = ["throttle_duration_sec", "throttle_time_source_type", "skip_first", "once"]


@dataclass
class _Call:
    """A place in the code that logs."""

    level: int
    name: str
    options: set[str]
    count: int = 0
    last: float = -math.inf  # when throttling let a message pass


class RcutilsLogger:
    """Logger of a node or library."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self._calls: dict[Any, _Call] = {}

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
        if not self.is_enabled_for(level):
            return False
        name = options.pop("name", self.name)
        frame = sys._getframe(2)
        code = frame.f_code
        if not self._passes((code, frame.f_lasti), level, name, options):
            return False
        place = (code.co_filename, code.co_name, frame.f_lineno)
        console.write(console.Record(time.time_ns(), level, name, message, *place))
        return True

    def _passes(self, caller: Any, level: int, name: str, options: dict[str, Any]) -> bool:
        """Applies the options; each place in the code has its own memory, and has to log in the same way every time."""
        for option in options:
            if option not in OPTIONS:
                raise TypeError(f'parameter "{option}" is not one of the recognized logging options "{OPTIONS}"')
        call = self._calls.setdefault(caller, _Call(level, name, set(options)))
        if call.level != level:
            raise ValueError("Logger severity cannot be changed between calls.")
        if call.name != name:
            raise ValueError("Logger name cannot be changed between calls.")
        if call.options != set(options):
            raise ValueError("Requested logging filters cannot be changed between calls.")
        call.count += 1
        if (period := options.get("throttle_duration_sec")) is not None:
            source = options.get("throttle_time_source_type")
            now = time.monotonic() if source is None else source.now().nanoseconds / 1e9
            if 0 <= now - call.last < period:
                return False
            call.last = now
        if options.get("skip_first") and call.count == 1:
            return False
        return not (options.get("once") and call.count > (2 if options.get("skip_first") else 1))
