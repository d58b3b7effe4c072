"""What launch entities share while they run: configurations, environment, locals and events."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from .event import Event
from .substitution import Substitution

if TYPE_CHECKING:
    from .event_handlers import EventHandler


class LaunchContext:
    """The state of one running launch service.

    `launch_configurations` holds texts, and what `launch_ros` keeps per scope; `locals` is what substitutions can
    look at while an event is handled: the event, and the launch file.
    """

    def __init__(self, *, argv: Iterable[str] | None = None, noninteractive: bool = False) -> None:
        self.argv = list(argv or [])
        self.noninteractive = noninteractive
        self.is_shutdown = False
        self.launch_configurations: dict[str, Any] = {}
        self.configurations_stack: list[dict[str, Any]] = []
        self.first_environment = dict(os.environ)
        self.locals = SimpleNamespace()
        self.globals: dict[str, Any] = {}
        self.event_queue: asyncio.Queue[Event | asyncio.Future[Any]] = asyncio.Queue()
        self.event_handlers: list[EventHandler] = []

    @property
    def asyncio_loop(self) -> asyncio.AbstractEventLoop:
        """The loop of the running service; RuntimeError before it runs."""
        return asyncio.get_running_loop()

    @property
    def environment(self) -> MutableMapping[str, str]:
        """The environment that launched processes inherit."""
        return os.environ

    @staticmethod
    def set_environment(environment: Mapping[str, str]) -> None:
        """Replace the whole environment."""
        os.environ.clear()
        os.environ.update(environment)

    def get_locals_as_dict(self) -> dict[str, Any]:
        return dict(vars(self.locals))

    def extend_locals(self, extensions: Mapping[str, Any]) -> None:
        """Add values until the event being handled is done."""
        vars(self.locals).update(extensions)

    @contextmanager
    def scoped_locals(self) -> Iterator[None]:
        """Forget the values added inside."""
        before = self.get_locals_as_dict()
        try:
            yield
        finally:
            self.locals = SimpleNamespace(**before)

    def register_event_handler(self, event_handler: EventHandler) -> None:
        """Add a handler, called before the earlier ones."""
        self.event_handlers.insert(0, event_handler)

    def unregister_event_handler(self, event_handler: EventHandler) -> None:
        """Remove a handler; ValueError if it is not registered."""
        self.event_handlers.remove(event_handler)

    def emit_event_sync(self, event: Event) -> None:
        """Queue an event."""
        self.event_queue.put_nowait(event)

    def perform_substitution(self, substitution: Substitution) -> str:
        return substitution.perform(self)
