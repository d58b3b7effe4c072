from functools import total_ordering
from typing import Any, overload

from builtin_interfaces.msg import Time as TimeMsg

from .clock_type import ClockType
from .constants import S_TO_NS
from .duration import LIMIT_NS, Duration


@total_ordering
class Time:
    """A point on one kind of clock; points on different kinds cannot be compared."""

    def __init__(
        self, *, seconds: float = 0, nanoseconds: int = 0, clock_type: ClockType = ClockType.SYSTEM_TIME
    ) -> None:
        if not isinstance(clock_type, ClockType):
            raise TypeError("Clock type must be a ClockType enum")
        if seconds < 0:
            raise ValueError("Seconds value must not be negative")
        if nanoseconds < 0:
            raise ValueError("Nanoseconds value must not be negative")
        total = int(seconds * S_TO_NS) + int(nanoseconds)
        if total >= LIMIT_NS:
            raise OverflowError("Total nanoseconds value is too large to store in C time point.")
        self._nanoseconds = total
        self._clock_type = clock_type

    @property
    def nanoseconds(self) -> int:
        return self._nanoseconds

    @property
    def clock_type(self) -> ClockType:
        return self._clock_type

    def seconds_nanoseconds(self) -> tuple[int, int]:
        return divmod(self._nanoseconds, S_TO_NS)

    def __repr__(self) -> str:
        return f"Time(nanoseconds={self.nanoseconds}, clock_type={self.clock_type.name})"

    def __add__(self, other: object) -> "Time":
        if not isinstance(other, Duration):
            return NotImplemented
        return Time(nanoseconds=self.nanoseconds + other.nanoseconds, clock_type=self.clock_type)

    __radd__ = __add__

    @overload
    def __sub__(self, other: "Time") -> Duration: ...
    @overload
    def __sub__(self, other: Duration) -> "Time": ...
    def __sub__(self, other: Any) -> Any:
        if isinstance(other, Time):
            if self.clock_type != other.clock_type:
                raise TypeError("Can't subtract times with different clock types")
            return Duration(nanoseconds=self.nanoseconds - other.nanoseconds)
        if not isinstance(other, Duration):
            return NotImplemented
        if other.nanoseconds > self.nanoseconds:
            raise ValueError("Subtraction leads to negative time.")
        return Time(nanoseconds=self.nanoseconds - other.nanoseconds, clock_type=self.clock_type)

    def _comparable(self, other: object) -> bool:
        if not isinstance(other, Time):
            return False
        if self.clock_type != other.clock_type:
            raise TypeError("Can't compare times with different clock types")
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Time) and self._comparable(other) and self.nanoseconds == other.nanoseconds

    def __lt__(self, other: "Time") -> bool:
        return self.nanoseconds < other.nanoseconds if self._comparable(other) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def to_msg(self) -> Any:
        seconds, nanoseconds = self.seconds_nanoseconds()
        return TimeMsg(sec=seconds, nanosec=nanoseconds)

    @classmethod
    def from_msg(cls, msg: Any, clock_type: ClockType = ClockType.ROS_TIME) -> "Time":
        if not isinstance(msg, TimeMsg):
            raise TypeError("Must pass a builtin_interfaces.msg.Time object")
        return cls(seconds=msg.sec, nanoseconds=msg.nanosec, clock_type=clock_type)
