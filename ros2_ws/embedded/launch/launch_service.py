"""The service that runs launch descriptions."""

from __future__ import annotations

import asyncio
import signal
import threading
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from logging import DEBUG, INFO
from typing import Any

from . import logging
from .event import Event
from .event_handler import EventHandler
from .event_handlers import OnShutdown
from .events import IncludeLaunchDescription, Shutdown
from .launch_context import LaunchContext
from .launch_description import LaunchDescription
from .utilities import normalize_to_list_of_entities, visit_all_entities_and_collect_futures


class LaunchService:
    """Runs launch descriptions until nothing is left to do or it is told to end."""

    def __init__(self, *, argv: Iterable[str] | None = None, noninteractive: bool = False, debug: bool = False) -> None:
        logging.launch_config.level = DEBUG if debug else INFO
        self._log = logging.get_logger("launch")
        self.context = LaunchContext(argv=argv, noninteractive=noninteractive)
        self.event_loop: asyncio.AbstractEventLoop | None = None
        self.task: asyncio.Task[int] | None = None
        self._loop_lock = threading.Lock()
        self._futures: list[asyncio.Future[None]] = []
        self._errors: list[str] = []
        self._next: asyncio.Task[Event] | None = None
        self.context.register_event_handler(OnShutdown(on_shutdown=self._on_shutdown))
        self.context.register_event_handler(_run_included())

    def include_launch_description(self, launch_description: LaunchDescription) -> None:
        """Run a description, now or as soon as the service runs; may be called from any thread."""
        self.emit_event(IncludeLaunchDescription(launch_description))

    def emit_event(self, event: Event) -> None:
        """Emit an event; may be called from any thread."""
        with self._loop_lock:
            if self.event_loop is None:
                self.context.emit_event_sync(event)
            else:
                self.event_loop.call_soon_threadsafe(self.context.emit_event_sync, event)

    def shutdown(self, force_sync: bool = False) -> None:
        """End the service if it runs; may be called from any thread."""
        if self.event_loop is not None:
            self.emit_event(Shutdown(reason="LaunchService.shutdown() called"))

    def run(self, *, shutdown_when_idle: bool = True) -> int:
        """Run until everything has ended; return 0, or 1 if there was an error."""
        return asyncio.run(self.run_async(shutdown_when_idle=shutdown_when_idle))

    async def run_async(self, *, shutdown_when_idle: bool = True) -> int:
        """Run in the current loop, which must be the main thread's."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("LaunchService can only be run in the main thread.")
        with self._running():
            logging.log_launch_config(self._log)
            while not (self.context.is_shutdown and self._is_idle()):
                if shutdown_when_idle and self._is_idle():
                    self._begin_shutdown("idle")
                try:
                    await self._step()
                except Exception as error:
                    self._fail(error)
        for message in self._errors:
            self._log.error(message)
        return 1 if self._errors else 0

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Hold the loop and the signals."""
        loop = asyncio.get_running_loop()
        with self._loop_lock:
            if self.event_loop is not None:
                raise RuntimeError("LaunchService cannot be run multiple times concurrently.")
            self.event_loop = loop
        self.task = asyncio.current_task()
        self.context.set_asyncio_loop(loop)
        loop.add_signal_handler(signal.SIGINT, self._on_signal, "ctrl-c (SIGINT)")
        loop.add_signal_handler(signal.SIGTERM, self._on_signal, "SIGTERM")
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGINT)
            loop.remove_signal_handler(signal.SIGTERM)
            with self._loop_lock:
                self.event_loop = None
            self.context.set_asyncio_loop(None)
            self.context.is_shutdown = False

    def _is_idle(self) -> bool:
        pending = [future for future in self._all_futures() if not future.done()]
        return not pending and self.context.event_queue.empty() and (self._next is None or not self._next.done())

    def _all_futures(self) -> list[asyncio.Future[None]]:
        return [*self._futures, *self.context.completion_futures]

    async def _step(self) -> None:
        """Handle the next event, or notice that some work has ended."""
        if self._next is None:
            self._next = asyncio.ensure_future(self.context.event_queue.get())
        waiting = self._all_futures()
        awaited: list[asyncio.Future[Any]] = [self._next, *waiting]
        await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        ended = [future for future in waiting if future.done()]
        self._futures = [future for future in self._futures if future not in ended]
        self.context.completion_futures = [f for f in self.context.completion_futures if f not in ended]
        if self._next.done():
            event, self._next = self._next.result(), None
            self._handle(event)
        for future in ended:
            if not future.cancelled():
                future.result()

    def _handle(self, event: Event) -> None:
        for handler in tuple(self.context.event_handlers):
            if not handler.matches(event):
                continue
            self.context.push_locals()
            try:
                for entity in normalize_to_list_of_entities(handler.handle(event, self.context)):
                    pairs = visit_all_entities_and_collect_futures(entity, self.context)
                    self._futures += [future for _, future in pairs]
            finally:
                self.context.pop_locals()

    def _fail(self, error: Exception) -> None:
        """Remember the error for the end and shut down."""
        self._log.debug("".join(traceback.format_exception(error)))
        self._errors.append(f"Caught exception in launch (see debug for traceback): {error}")
        self._begin_shutdown(self._errors[-1])

    def _begin_shutdown(self, reason: str, due_to_sigint: bool = False) -> None:
        if not self.context.is_shutdown:
            self.context.is_shutdown = True
            self.context.emit_event_sync(Shutdown(reason=reason, due_to_sigint=due_to_sigint))

    def _on_signal(self, source: str) -> None:
        if self.context.is_shutdown:
            self._log.warning(f"user interrupted with {source} again, ignoring...")
            return
        self._log.warning(f"user interrupted with {source}")
        self._begin_shutdown(source, due_to_sigint=True)

    def _on_shutdown(self, _event: Shutdown, context: LaunchContext) -> None:
        context.is_shutdown = True


def _run_included() -> EventHandler:
    from .actions import OpaqueFunction

    return EventHandler(
        matcher=lambda event: isinstance(event, IncludeLaunchDescription),
        entities=OpaqueFunction(function=lambda context: [context.locals.event.launch_description]),
    )
