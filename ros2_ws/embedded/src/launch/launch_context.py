"""What launch entities share while they run: configurations, environment, locals and events."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from . import logging
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
        self.asyncio_loop: asyncio.AbstractEventLoop | None = None
        self.launch_configurations: dict[str, Any] = {}
        self.environment = os.environ
        self.event_queue: asyncio.Queue[Event | asyncio.Future[Any]] = asyncio.Queue()
        self.event_handlers: list[EventHandler] = []
        self.unfinished: set[asyncio.Future[Any]] = set()
        self._first_environment = dict(os.environ)
        self._globals: dict[str, Any] = {}
        self._locals: dict[str, Any] = {}
        self._scopes: dict[str, MutableMapping[str, Any]] = {
            "locals": self._locals,
            "launch_configurations": self.launch_configurations,
            "environment": self.environment,
        }
        self._stacks: dict[str, list[dict[str, Any]]] = {scope: [] for scope in self._scopes}

    # -- locals

    @property
    def locals(self) -> Any:
        """Locals and globals as attributes."""
        return _Attributes(self.get_locals_as_dict())

    def get_locals_as_dict(self) -> dict[str, Any]:
        return {**self._globals, **self._locals}

    def extend_locals(self, extensions: Mapping[str, Any]) -> None:
        """Have more locals until the present event is handled."""
        self._locals.update(extensions)

    def extend_globals(self, extensions: Mapping[str, Any]) -> None:
        self._globals.update(extensions)

    # -- scopes

    def push(self, scope: str) -> None:
        """Remember the 'locals', the 'launch_configurations' or the 'environment'."""
        self._stacks[scope].append(dict(self._scopes[scope]))

    def pop(self, scope: str) -> None:
        """Go back to what was remembered last."""
        if not self._stacks[scope]:
            raise RuntimeError(f"{scope} stack unexpectedly empty")
        self._replace(scope, self._stacks[scope].pop())

    def reset_environment(self) -> None:
        """Go back to the environment that the launch began with."""
        self._replace("environment", self._first_environment)

    def _replace(self, scope: str, values: Mapping[str, Any]) -> None:
        self._scopes[scope].clear()
        self._scopes[scope].update(values)

    # -- events

    def use_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run in this loop, and have a queue that belongs to it."""
        self.asyncio_loop = loop
        waiting, self.event_queue = self.event_queue, asyncio.Queue()
        while not waiting.empty():
            self.event_queue.put_nowait(waiting.get_nowait())

    def would_handle_event(self, event: Event) -> bool:
        return any(handler.matches(event) for handler in self.event_handlers)

    def register_event_handler(self, event_handler: EventHandler, append: bool = False) -> None:
        """Add a handler, called before the earlier ones, or after them."""
        self.event_handlers.insert(len(self.event_handlers) if append else 0, event_handler)

    def unregister_event_handler(self, event_handler: EventHandler) -> None:
        """Remove a handler; ValueError if it is not registered."""
        self.event_handlers.remove(event_handler)

    def emit_event_sync(self, event: Event) -> None:
        logging.get_logger("launch.launch_context").debug(f"emitting event synchronously: '{event.name}'")
        self.event_queue.put_nowait(event)

    async def emit_event(self, event: Event) -> None:
        self.emit_event_sync(event)

    def add_completion_future(self, completion_future: asyncio.Future[Any]) -> None:
        """Have the launch system wait for a future before it ends."""
        if completion_future not in self.unfinished:
            self.unfinished.add(completion_future)
            completion_future.add_done_callback(self.event_queue.put_nowait)

    def perform_substitution(self, substitution: Substitution) -> str:
        return substitution.perform(self)


class _Attributes:
    """The items of a dictionary as attributes that cannot be set."""

    def __init__(self, items: dict[str, Any]) -> None:
        vars(self).update(items)

    def __getattr__(self, key: str) -> Any:
        raise AttributeError(
            f"context.locals does not contain attribute '{key}', it contains: [{', '.join(vars(self))}]"
        )

    def __setattr__(self, key: str, value: Any) -> None:
        raise AttributeError(f"can't set attribute '{key}', locals are read-only")
