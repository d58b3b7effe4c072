import threading
from collections.abc import Callable
from typing import Any

from ._wait import FOREVER_NS
from .clock import Clock
from .context import Context
from .destroyable import Destroyable
from .exceptions import RCLError, ROSInterruptException
from .utilities import get_default_context


class Timer(Destroyable):
    """Calls back periodically on a clock; missed periods are skipped, the phase is kept."""

    condition = None

    def __init__(
        self,
        callback: Any,
        callback_group: Any,
        timer_period_ns: int,
        clock: Clock,
        *,
        context: Context | None = None,
        autostart: bool = True,
    ) -> None:
        if timer_period_ns < 0:
            raise RCLError("failed to create timer: timer period must be non-negative")
        self.callback, self.callback_group, self._clock = callback, callback_group, clock
        self._period_ns = timer_period_ns
        self._canceled = not autostart
        self._last_ns = clock._now_ns()
        self._next_ns = self._last_ns + timer_period_ns
        self._on_change: Callable[[], None] = lambda: None

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def timer_period_ns(self) -> int:
        return self._period_ns

    @timer_period_ns.setter
    def timer_period_ns(self, value: int) -> None:
        self._period_ns = int(value)
        self._on_change()

    def is_ready(self) -> bool:
        return not self._canceled and self._clock._now_ns() >= self._next_ns

    def is_canceled(self) -> bool:
        self._check_usable()
        return self._canceled

    def cancel(self) -> None:
        self._check_usable()
        self._canceled = True

    def reset(self) -> None:
        self._check_usable()
        self._canceled = False
        self._next_ns = self._clock._now_ns() + self._period_ns
        self._on_change()

    def time_since_last_call(self) -> int:
        self._check_usable()
        return self._clock._now_ns() - self._last_ns

    def time_until_next_call(self) -> int | None:
        self._check_usable()
        return None if self._canceled else self._next_ns - self._clock._now_ns()

    def wait_ns(self) -> int:
        """How long a wait may last for this timer."""
        if self._canceled or not self._clock._drives_itself():
            return FOREVER_NS
        return max(self._next_ns - self._clock._now_ns(), 0)

    def after_jump(self) -> None:
        """Keeps a timer whose clock went back from waiting for the time it has seen before."""
        self._next_ns = min(self._next_ns, self._clock._now_ns() + self._period_ns)

    def take_job(self) -> Callable[[], Any] | None:
        now = self._clock._now_ns()
        if self._canceled or now < self._next_ns:
            return None
        self._last_ns = now
        self._next_ns += self._period_ns
        if self._next_ns < now:
            missed = (now - self._next_ns) // self._period_ns + 1 if self._period_ns else 0
            self._next_ns += missed * self._period_ns if self._period_ns else now - self._next_ns
        return self.callback or (lambda: None)

    def _release(self) -> None:
        self._canceled = True


class Rate:
    """Sleeps in a thread until its timer fires, which another thread's executor must do."""

    def __init__(self, timer: Timer, *, context: Context | None = None) -> None:
        self._timer = timer
        self._context = context or get_default_context()
        self._fired = threading.Condition()
        self._count = 0
        self._destroyed = False
        timer.callback = self._fire
        self._context.on_shutdown(self.destroy)

    def _fire(self) -> None:
        with self._fired:
            self._count += 1
            self._fired.notify_all()

    def sleep(self) -> None:
        with self._fired:
            count = self._count
            self._fired.wait_for(lambda: self._count != count or self._destroyed)
        if not self._context.ok():
            raise ROSInterruptException()

    def destroy(self) -> None:
        self._destroyed = True
        self._fire()
