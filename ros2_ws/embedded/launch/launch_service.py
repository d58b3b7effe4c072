"""The service that runs launch descriptions."""

from __future__ import annotations

import asyncio
import signal
import threading
import traceback
from collections.abc import Iterable
from typing import Any

from . import logging
from .action import SomeEntitiesType, normalize_to_list_of_entities
from .events import Event, Shutdown, Visit
from .launch_context import LaunchContext
from .launch_description import LaunchDescription

SIGNALS = {signal.SIGINT: "ctrl-c (SIGINT)", signal.SIGTERM: "SIGTERM"}


class LaunchService:
    """Runs launch descriptions until nothing is left to do or it is told to end."""

    def __init__(self, *, argv: Iterable[str] | None = None, noninteractive: bool = False, debug: bool = False) -> None:
        logging.launch_config.level = "DEBUG" if debug else "INFO"
        self._log = logging.get_logger("launch")
        self.context = LaunchContext(argv=argv, noninteractive=noninteractive)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_lock = threading.Lock()
        self._unfinished: set[asyncio.Future[Any]] = set()
        self._errors: list[str] = []

    def include_launch_description(self, launch_description: LaunchDescription) -> None:
        """Run a description, now or as soon as the service runs; may be called from any thread."""
        self.emit_event(Visit([launch_description], {}))

    def emit_event(self, event: Event) -> None:
        """Emit an event; may be called from any thread."""
        with self._loop_lock:
            if self._loop is None:
                self.context.emit_event_sync(event)
            else:
                self._loop.call_soon_threadsafe(self.context.emit_event_sync, event)

    def shutdown(self) -> None:
        """End the service if it runs; may be called from any thread."""
        if self._loop is not None:
            self.emit_event(Shutdown(reason="LaunchService.shutdown() called"))

    def run(self, *, shutdown_when_idle: bool = True) -> int:
        """Run until everything has ended; return 0, or 1 if there was an error."""
        return asyncio.run(self.run_async(shutdown_when_idle=shutdown_when_idle))

    async def run_async(self, *, shutdown_when_idle: bool = True) -> int:
        """Run in the current loop, which must be the main thread's."""
        self._loop = loop = asyncio.get_running_loop()
        for number, source in SIGNALS.items():
            loop.add_signal_handler(number, self._on_signal, source)
        try:
            self._log.info(f"All log files can be found below {logging.launch_config.log_dir}")
            self._log.info(f"Default logging verbosity is set to {logging.launch_config.level}")
            await self._run(shutdown_when_idle)
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)
            with self._loop_lock:
                self._loop = None
            self.context.is_shutdown = False
        for message in self._errors:
            self._log.error(message)
        return 1 if self._errors else 0

    async def _run(self, shutdown_when_idle: bool) -> None:
        while not (self.context.is_shutdown and self._is_idle()):
            if shutdown_when_idle and self._is_idle():
                self._begin_shutdown("idle")
            try:
                self._handle(await self.context.event_queue.get())
            except Exception as error:
                self._log.debug("".join(traceback.format_exception(error)))
                self._errors.append(f"Caught exception in launch (see debug for traceback): {error}")
                self._begin_shutdown(self._errors[-1])

    def _is_idle(self) -> bool:
        return not self._unfinished and self.context.event_queue.empty()

    def _handle(self, item: Event | asyncio.Future[Any]) -> None:
        """Answer an event, or take note that some work has ended."""
        if isinstance(item, asyncio.Future):
            self._unfinished.discard(item)
            if not item.cancelled():
                item.result()
            return
        if isinstance(item, Shutdown):
            self.context.is_shutdown = True
        elif isinstance(item, Visit):
            with self.context.extended_locals(**item.context_locals):
                self._visit(item.entities)
        for handler in tuple(self.context.event_handlers):
            if handler.matches(item):
                with self.context.extended_locals(event=item):
                    self._visit(handler.handle(item, self.context))

    def _visit(self, entities: SomeEntitiesType | None) -> None:
        """Visit entities and what they yield, depth first."""
        for entity in normalize_to_list_of_entities(entities):
            self._visit(entity.visit(self.context))
            future = entity.get_asyncio_future()
            if future is not None and future not in self._unfinished:
                self._unfinished.add(future)
                future.add_done_callback(self.context.event_queue.put_nowait)

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
