"""The service that runs launch descriptions."""

from __future__ import annotations

import asyncio
import signal
import threading
import traceback
from collections.abc import Iterable
from typing import Any

from . import logging
from .action import LaunchDescriptionEntity
from .event_handlers import EventHandler, OnIncludeLaunchDescription, OnShutdown
from .events import Event, IncludeLaunchDescription, Shutdown, TimerEvent
from .launch_context import LaunchContext
from .launch_description import LaunchDescription

SIGNALS = {signal.SIGINT: "ctrl-c (SIGINT)", signal.SIGTERM: "SIGTERM", signal.SIGQUIT: "SIGQUIT"}


class LaunchService:
    """Runs launch descriptions until nothing is left to do or it is told to end."""

    def __init__(self, *, argv: Iterable[str] | None = None, noninteractive: bool = False, debug: bool = False) -> None:
        logging.launch_config.level = "DEBUG" if debug else "INFO"
        self._log = logging.get_logger("launch")
        self.context = LaunchContext(argv=argv, noninteractive=noninteractive)
        self.context.register_event_handler(OnIncludeLaunchDescription())
        self.context.register_event_handler(OnShutdown(on_shutdown=self._on_shutdown))
        self.context.register_event_handler(
            EventHandler(
                matcher=lambda event: isinstance(event, TimerEvent),
                entities=lambda event, context: event.timer_action.handle(context),
            )
        )
        self.event_loop: asyncio.AbstractEventLoop | None = None
        self.task: asyncio.Task[Any] | None = None
        self._loop_lock = threading.Lock()
        self._return_code = 0

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
        if self.event_loop is not None:
            raise RuntimeError("LaunchService cannot be run multiple times concurrently.")
        loop = asyncio.get_running_loop()
        self.context.use_loop(loop)
        self.event_loop, self.task, self._return_code = loop, asyncio.current_task(), 0
        for number, source in SIGNALS.items():
            loop.add_signal_handler(number, self._on_signal, source)
        try:
            self._log.info(f"All log files can be found below {logging.launch_config.log_dir}")
            self._log.info(f"Default logging verbosity is set to {logging.launch_config.level_name}")
            await self._run(shutdown_when_idle)
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)
            with self._loop_lock:
                self.event_loop = None
            self.context.is_shutdown = False
        return self._return_code

    async def _run(self, shutdown_when_idle: bool) -> None:
        while not (self.context.is_shutdown and self._is_idle()):
            if shutdown_when_idle and self._is_idle():
                self._begin_shutdown("idle")
            try:
                self._handle(await self.context.event_queue.get())
            except Exception as error:
                message = f"Caught exception in launch (see debug for traceback): {error}"
                self._log.debug(traceback.format_exc())
                self._log.error(message)
                self._begin_shutdown(message)
                self._return_code = 1

    def _is_idle(self) -> bool:
        return not self.context.unfinished and self.context.event_queue.empty()

    def _handle(self, item: Event | asyncio.Future[Any]) -> None:
        """Answer an event, or take note that some work has ended."""
        if isinstance(item, asyncio.Future):
            self.context.unfinished.discard(item)
            if not item.cancelled():
                item.result()
            return
        self._log.debug(f"processing event: '{item}'")
        for handler in tuple(self.context.event_handlers):
            if handler.matches(item):
                self._log.debug(f"processing event: '{item}' ✓ '{handler}'")
                self.context.push("locals")
                try:
                    entities = handler.handle(item, self.context)
                    for entity in entities if isinstance(entities, Iterable) else [entities]:
                        if entity is not None:
                            self._visit(entity)
                finally:
                    self.context.pop("locals")

    def _visit(self, entity: LaunchDescriptionEntity) -> None:
        """Visit an entity and what it yields, depth first."""
        if not isinstance(entity, LaunchDescriptionEntity):
            raise RuntimeError(f"expected a LaunchDescriptionEntity from event_handler, got '{entity}'")
        sub_entities = entity.visit(self.context)
        future = entity.get_asyncio_future()
        if future is not None:
            self.context.add_completion_future(future)
        for sub_entity in sub_entities or []:
            self._visit(sub_entity)

    def _on_shutdown(self, event: Shutdown, context: LaunchContext) -> None:
        context.is_shutdown = True

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
