"""What launch entities share while they run: configurations, environment, locals and events."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from .events import Event
from .substitution import Substitution

if TYPE_CHECKING:
    from .event_handlers import EventHandler


class LaunchContext:
    """The state of one running launch service.

    `launch_configurations` holds texts, and what `launch_ros` keeps per scope; `locals` is what substitutions can
    look at while an event is handled: the event, and the launch file. Launched processes inherit the `environment`.
    """

    def __init__(self, *, argv: Iterable[str] | None = None, noninteractive: bool = False) -> None:
        self.argv = list(argv or [])
        self.noninteractive = noninteractive
        self.is_shutdown = False
        self.launch_configurations: dict[str, Any] = {}
        self.configurations_stack: list[dict[str, Any]] = []
        self.environment = os.environ
        self.first_environment = dict(os.environ)
        self.locals = SimpleNamespace()
        self.globals: dict[str, Any] = {}
        self.event_queue: asyncio.Queue[Event | asyncio.Future[Any]] = asyncio.Queue()
        self.event_handlers: list[EventHandler] = []

    def set_environment(self, environment: Mapping[str, str]) -> None:
        """Replace the whole environment."""
        self.environment.clear()
        self.environment.update(environment)

    @contextmanager
    def extended_locals(self, **values: Any) -> Iterator[None]:
        """Have more locals for a while."""
        before = self.locals
        self.locals = SimpleNamespace(**{**vars(before), **values})
        try:
            yield
        finally:
            self.locals = before

    def register_event_handler(self, event_handler: EventHandler) -> None:
        """Add a handler, called before the earlier ones."""
        self.event_handlers.insert(0, event_handler)

    def unregister_event_handler(self, event_handler: EventHandler) -> None:
        """Remove a handler; ValueError if it is not registered."""
        self.event_handlers.remove(event_handler)

    def emit_event_sync(self, event: Event) -> None:
        self.event_queue.put_nowait(event)

    def perform_substitution(self, substitution: Substitution) -> str:
        return substitution.perform(self)
