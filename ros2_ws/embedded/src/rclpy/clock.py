import threading
import time
from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from .clock_type import ClockType
from .duration import Duration
from .exceptions import NotInitializedException
from .time import Time

if TYPE_CHECKING:
    from .context import Context


class ClockChange(IntEnum):
    ROS_TIME_NO_CHANGE = 1
    ROS_TIME_ACTIVATED = 2
    ROS_TIME_DEACTIVATED = 3
    SYSTEM_TIME_NO_CHANGE = 4


class JumpThreshold:
    """When a jump callback is called: on jumps at least this large, or when ROS time is switched on or off."""

    def __init__(
        self, *, min_forward: Duration | None, min_backward: Duration | None, on_clock_change: bool = True
    ) -> None:
        if min_forward is not None and min_forward.nanoseconds <= 0:
            raise ValueError("min_forward must be a positive non-zero duration")
        if min_backward is not None and min_backward.nanoseconds >= 0:
            raise ValueError("min_backward must be a negative non-zero duration")
        if min_forward is None and min_backward is None and not on_clock_change:
            raise ValueError("At least one jump threshold must be enabled")
        self.min_forward, self.min_backward, self.on_clock_change = min_forward, min_backward, on_clock_change

    def passed_by(self, jump: "TimeJump") -> bool:
        if jump.clock_change in (ClockChange.ROS_TIME_ACTIVATED, ClockChange.ROS_TIME_DEACTIVATED):
            return self.on_clock_change
        forward, backward = self.min_forward, self.min_backward
        return (forward is not None and jump.delta >= forward) or (backward is not None and jump.delta <= backward)


class TimeJump:
    def __init__(self, clock_change: ClockChange, delta: Duration) -> None:
        self.clock_change, self.delta = clock_change, delta


class JumpHandle:
    """Keeps a jump callback registered until `unregister`."""

    def __init__(
        self, *, clock: "Clock", threshold: JumpThreshold, pre_callback: Callable[[], Any] | None, post_callback: Any
    ) -> None:
        if pre_callback is None and post_callback is None:
            raise ValueError("One of pre_callback or post_callback must be callable")
        for name, callback in (("pre_callback", pre_callback), ("post_callback", post_callback)):
            if callback is not None and not callable(callback):
                raise ValueError(f"{name} must be callable if given")
        self._clock = clock
        self.threshold, self.pre_callback, self.post_callback = threshold, pre_callback, post_callback
        clock._jump_handles.append(self)

    def unregister(self) -> None:
        if self in self._clock._jump_handles:
            self._clock._jump_handles.remove(self)

    def __enter__(self) -> "JumpHandle":
        return self

    def __exit__(self, *_: object) -> None:
        self.unregister()


class Clock:
    """Tells the time; `Clock(clock_type=ClockType.ROS_TIME)` is a ROSClock."""

    _clock_type: ClockType

    def __new__(cls, *, clock_type: ClockType = ClockType.SYSTEM_TIME) -> "Clock":
        if not isinstance(clock_type, ClockType):
            raise TypeError("Clock type must be a ClockType enum")
        clock = super().__new__(ROSClock if clock_type is ClockType.ROS_TIME else cls)
        clock._clock_type = clock_type
        clock._jump_handles = []
        clock._changed = threading.Condition()
        return clock

    _jump_handles: list[JumpHandle]
    _changed: threading.Condition

    @property
    def clock_type(self) -> ClockType:
        return self._clock_type

    def __repr__(self) -> str:
        return f"Clock(clock_type={self.clock_type.name})"

    def _now_ns(self) -> int:
        return time.monotonic_ns() if self._clock_type is ClockType.STEADY_TIME else time.time_ns()

    def _drives_itself(self) -> bool:
        return True

    def now(self) -> Time:
        return Time(nanoseconds=self._now_ns(), clock_type=self._clock_type)

    def create_jump_callback(
        self, threshold: JumpThreshold, *, pre_callback: Callable[[], Any] | None = None, post_callback: Any = None
    ) -> JumpHandle:
        return JumpHandle(clock=self, threshold=threshold, pre_callback=pre_callback, post_callback=post_callback)

    def sleep_until(self, until: Time, context: "Context | None" = None) -> bool:
        """Sleeps until a time on this clock; False if the context shuts down or ROS time is switched meanwhile."""
        from .utilities import get_default_context

        context = context or get_default_context()
        if not context.ok():
            raise NotInitializedException()
        if until.clock_type != self._clock_type:
            raise ValueError("until's clock type does not match this clock's type")
        by_itself = self._drives_itself()
        context.on_shutdown(self._wake_sleepers)
        with self._changed:
            while (usable := context.ok() and self._drives_itself() == by_itself) and self.now() < until:
                self._changed.wait((until - self.now()).nanoseconds / 1e9 if by_itself else None)
        return usable

    def sleep_for(self, rel_time: Duration, context: "Context | None" = None) -> bool:
        return self.sleep_until(self.now() + rel_time, context)

    def _wake_sleepers(self) -> None:
        with self._changed:
            self._changed.notify_all()


class ROSClock(Clock):
    """System time, or while `ros_time_is_active` whatever a simulation publishes."""

    _active = False
    _override_ns = 0

    def __new__(cls) -> "ROSClock":
        return super().__new__(Clock, clock_type=ClockType.ROS_TIME)  # type: ignore[return-value]

    @property
    def ros_time_is_active(self) -> bool:
        return self._active

    def _drives_itself(self) -> bool:
        return not self._active

    def _now_ns(self) -> int:
        return self._override_ns if self._active else time.time_ns()

    def _set_ros_time_is_active(self, enabled: bool) -> None:
        if enabled != self._active:
            change = ClockChange.ROS_TIME_ACTIVATED if enabled else ClockChange.ROS_TIME_DEACTIVATED
            self._jump(TimeJump(change, Duration()), "_active", enabled)

    def set_ros_time_override(self, time: Time) -> None:
        if not isinstance(time, Time):
            raise TypeError(f"Time must be specified as rclpy.time.Time. Received type: {type(time)}")
        delta = Duration(nanoseconds=time.nanoseconds - self._override_ns)
        self._jump(TimeJump(ClockChange.ROS_TIME_NO_CHANGE, delta), "_override_ns", time.nanoseconds)

    def _jump(self, jump: TimeJump, attribute: str, value: Any) -> None:
        """Changes an attribute between the callbacks that the jump concerns; while inactive, ROS time does not jump."""
        concerned = self._active or jump.clock_change is ClockChange.ROS_TIME_ACTIVATED
        handles = [handle for handle in self._jump_handles if concerned and handle.threshold.passed_by(jump)]
        for handle in handles:
            if handle.pre_callback:
                handle.pre_callback()
        setattr(self, attribute, value)
        for handle in handles:
            if handle.post_callback:
                handle.post_callback(jump)
        self._wake_sleepers()
