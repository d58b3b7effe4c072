"""Shuts contexts down on SIGINT and SIGTERM.

Cyclone's wait does not return when a signal arrives, so a thread that sleeps on Python's wake-up pipe interrupts all
waits; only then can Python run the handlers below in the main thread.
"""

import os
import signal
import threading
import weakref
from enum import IntEnum
from typing import Any, Protocol

from .context import Context


class SignalHandlerOptions(IntEnum):
    NO = 0
    SIGINT = 1
    SIGTERM = 2
    ALL = 3


class _Wakeable(Protocol):
    def wake(self) -> None: ...


_SIGNALS = {SignalHandlerOptions.SIGINT: signal.SIGINT, SignalHandlerOptions.SIGTERM: signal.SIGTERM}
_previous: dict[int, Any] = {}
_contexts: "weakref.WeakSet[Context]" = weakref.WeakSet()
_waiters: "weakref.WeakSet[_Wakeable]" = weakref.WeakSet()
_installed = SignalHandlerOptions.NO
_pipe: tuple[int, int] | None = None


def watch_context(context: Context) -> None:
    _contexts.add(context)


def watch_waiter(waiter: _Wakeable) -> None:
    """Has a wait interrupted when a signal arrives."""
    _waiters.add(waiter)


def install_signal_handlers(options: SignalHandlerOptions = SignalHandlerOptions.ALL) -> None:
    """Does nothing outside the main thread, where Python allows no handlers."""
    global _installed  # noqa: PLW0603
    if threading.current_thread() is not threading.main_thread():
        return
    uninstall_signal_handlers()
    for option, number in _SIGNALS.items():
        if options & option:
            _previous[number] = signal.signal(number, _handle)
    if options:
        _start_waker()
    _installed = SignalHandlerOptions(options)


def uninstall_signal_handlers() -> None:
    global _installed  # noqa: PLW0603
    if threading.current_thread() is threading.main_thread():
        for number, handler in _previous.items():
            signal.signal(number, handler)
        if _previous:
            signal.set_wakeup_fd(-1)
        _previous.clear()
        _installed = SignalHandlerOptions.NO


def get_current_signal_handlers_options() -> SignalHandlerOptions:
    return _installed


def _handle(number: int, frame: Any) -> None:
    for context in list(_contexts):
        context.try_shutdown()
    previous = _previous.get(number)
    if callable(previous) and number == signal.SIGINT:
        previous(number, frame)


def _start_waker() -> None:
    global _pipe  # noqa: PLW0603
    if _pipe is None:
        _pipe = os.pipe()
        os.set_blocking(_pipe[1], False)
        threading.Thread(target=_wake_on_signals, args=(_pipe[0],), daemon=True, name="rclpy signals").start()
    signal.set_wakeup_fd(_pipe[1], warn_on_full_buffer=False)


def _wake_on_signals(pipe: int) -> None:
    while os.read(pipe, 1):
        for waiter in list(_waiters):
            waiter.wake()
