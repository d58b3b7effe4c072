import sys
import time
from dataclasses import dataclass
from typing import Any

from ..clock import Clock
from . import console
from .logging_severity import LoggingSeverity

OPTIONS = ["throttle_duration_sec", "throttle_time_source_type", "skip_first", "once"]
CLOCK = Clock()  # for throttling, if no other is given


@dataclass
class _Call:
    """A place in the code that logs."""

    level: LoggingSeverity
    name: str
    options: dict[str, Any]  # the filters that are on
    count: int = 0
    last_ns: float = 0  # when throttling let a message pass


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
        console.set_level(self.name, level)

    def get_effective_level(self) -> LoggingSeverity:
        return console.effective_level(self.name)

    def is_enabled_for(self, severity: int) -> bool:
        return LoggingSeverity(severity) >= console.effective_level(self.name)

    def debug(self, message: str, **kwargs: Any) -> bool:
        return self.log(message, LoggingSeverity.DEBUG, **kwargs)

    def info(self, message: str, **kwargs: Any) -> bool:
        return self.log(message, LoggingSeverity.INFO, **kwargs)

    def warning(self, message: str, **kwargs: Any) -> bool:
        return self.log(message, LoggingSeverity.WARN, **kwargs)

    def warn(self, message: str, **kwargs: Any) -> bool:
        return self.log(message, LoggingSeverity.WARN, **kwargs)

    def error(self, message: str, **kwargs: Any) -> bool:
        return self.log(message, LoggingSeverity.ERROR, **kwargs)

    def fatal(self, message: str, **kwargs: Any) -> bool:
        return self.log(message, LoggingSeverity.FATAL, **kwargs)

    def log(self, message: str, severity: int, **kwargs: Any) -> bool:
        """Whether the message was written: the logger's level and the options let it pass."""
        if not self.is_enabled_for(severity):
            return False
        if not isinstance(message, str):
            raise TypeError(f"a log message must be a str, not {type(message).__name__}: {message!r}")
        level, name = LoggingSeverity(severity), kwargs.pop("name", self.name)
        frame = sys._getframe(1)
        while frame.f_code.co_filename == __file__ and frame.f_back is not None:
            frame = frame.f_back
        code = frame.f_code
        if not self._passes((code, frame.f_lasti), level, name, kwargs):
            return False
        place = (code.co_filename, code.co_name, frame.f_lineno)
        console.write(console.Record(time.time_ns(), level, name, message, *place))
        return True

    def _passes(self, caller: Any, level: LoggingSeverity, name: str, given: dict[str, Any]) -> bool:
        """Applies the options; each place in the code has its own memory, and has to log in the same way every time."""
        for option in given:
            if option not in OPTIONS:
                raise TypeError(f'parameter "{option}" is not one of the recognized logging options "{OPTIONS}"')
        options = {option: value for option, value in given.items() if value}
        if "throttle_time_source_type" in options and "throttle_duration_sec" not in given:
            reason = "is required for the the logging filter"  # sic
            raise TypeError(f'required parameter "throttle_duration_sec" not specified but {reason} "throttle"')
        call = self._calls.setdefault(caller, _Call(level, name, options))
        if call.level != level:
            raise ValueError("Logger severity cannot be changed between calls.")
        if call.name != name:
            raise ValueError("Logger name cannot be changed between calls.")
        if call.options.keys() != options.keys():
            raise ValueError("Requested logging filters cannot be changed between calls.")
        if call.options != options:
            raise ValueError("Logging filter parameters cannot be changed between calls.")
        call.count += 1
        if period_s := options.get("throttle_duration_sec"):
            now_ns = options.get("throttle_time_source_type", CLOCK).now().nanoseconds
            if now_ns < call.last_ns + period_s * 1e9:
                return False
            call.last_ns = now_ns
        if options.get("skip_first") and call.count == 1:
            return False
        return not (options.get("once") and call.count > (2 if options.get("skip_first") else 1))
