from functools import total_ordering
from typing import Any

from builtin_interfaces.msg import Duration as DurationMsg

from .constants import S_TO_NS

LIMIT_NS = 2**63


@total_ordering
class Duration:
    """A span of time with a precision of one nanosecond."""

    def __init__(self, *, seconds: float = 0, nanoseconds: int = 0) -> None:
        total = int(seconds * S_TO_NS) + int(nanoseconds)
        if not -LIMIT_NS <= total < LIMIT_NS:
            raise OverflowError("Total nanoseconds value is too large to store in C duration.")
        self._nanoseconds = total

    @property
    def nanoseconds(self) -> int:
        return self._nanoseconds

    def __repr__(self) -> str:
        return f"Duration(nanoseconds={self.nanoseconds})"

    def __str__(self) -> str:
        return "Infinite" if self == Infinite else f"{self.nanoseconds} nanoseconds"

    def __eq__(self, other: object) -> bool:
        return self.nanoseconds == other.nanoseconds if isinstance(other, Duration) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self.nanoseconds < other.nanoseconds if isinstance(other, Duration) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def to_msg(self) -> Any:
        seconds, nanoseconds = divmod(self.nanoseconds, S_TO_NS)
        return DurationMsg(sec=seconds, nanosec=nanoseconds)

    @classmethod
    def from_msg(cls, msg: Any) -> "Duration":
        if not isinstance(msg, DurationMsg):
            raise TypeError("Must pass a builtin_interfaces.msg.Duration object")
        return cls(seconds=msg.sec, nanoseconds=msg.nanosec)


Infinite = Duration(nanoseconds=LIMIT_NS - 1)
