"""What launch entities share while they run: configurations, environment, locals and events."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Iterable, MutableMapping
from types import SimpleNamespace
from typing import Any

from .event import Event
from .event_handler import BaseEventHandler
from .substitution import Substitution


class LaunchContext:
    """The state of one running launch service."""

    def __init__(self, *, argv: Iterable[str] | None = None, noninteractive: bool = False) -> None:
        """Start with nothing; `launch_configurations` holds texts, and what `launch_ros` keeps per scope."""
        self.argv = list(argv or [])
        self.noninteractive = noninteractive
        self.is_shutdown = False
        self.launch_configurations: dict[str, Any] = {}
        self.event_queue: asyncio.Queue[Event] = asyncio.Queue()
        self.event_handlers: deque[BaseEventHandler] = deque()
        self.completion_futures: list[asyncio.Future[Any]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._globals: dict[str, Any] = {}
        self._locals: dict[str, Any] = {}
        self._locals_stack: list[dict[str, Any]] = []
        self._configurations_stack: list[dict[str, Any]] = []
        self._environment_stack: list[dict[str, str]] = []
        self._first_environment = dict(os.environ)

    @property
    def asyncio_loop(self) -> asyncio.AbstractEventLoop:
        """The loop of the running service; RuntimeError before it runs."""
        if self._loop is None:
            raise RuntimeError("the launch service is not running")
        return self._loop

    def set_asyncio_loop(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Set by the launch service."""
        self._loop = loop

    @property
    def environment(self) -> MutableMapping[str, str]:
        """The environment that launched processes inherit."""
        return os.environ

    def add_completion_future(self, completion_future: asyncio.Future[Any]) -> None:
        """Make the launch service wait for this future before it counts as idle."""
        self.completion_futures.append(completion_future)

    # -- locals: values seen by entities while an event is handled or a file included

    @property
    def locals(self) -> SimpleNamespace:
        """The current locals as attributes."""
        return SimpleNamespace(**self.get_locals_as_dict())

    def get_locals_as_dict(self) -> dict[str, Any]:
        """Return globals and locals; a local hides a global of the same name."""
        return {**self._globals, **self._locals}

    def extend_globals(self, extensions: dict[str, Any]) -> None:
        """Add values for the rest of the run."""
        self._globals.update(extensions)

    def extend_locals(self, extensions: dict[str, Any]) -> None:
        """Add values until the event being handled is done."""
        self._locals.update(extensions)

    def remove_local(self, name: str) -> None:
        """Forget one local value."""
        self._locals.pop(name, None)

    def push_locals(self) -> None:
        """Remember the locals."""
        self._locals_stack.append(dict(self._locals))

    def pop_locals(self) -> None:
        """Go back to the locals last remembered."""
        self._locals = self._locals_stack.pop()

    # -- scopes

    def push_launch_configurations(self) -> None:
        """Remember the launch configurations."""
        self._configurations_stack.append(dict(self.launch_configurations))

    def pop_launch_configurations(self) -> None:
        """Go back to the launch configurations last remembered."""
        self.launch_configurations = self._configurations_stack.pop()

    def push_environment(self) -> None:
        """Remember the environment."""
        self._environment_stack.append(dict(os.environ))

    def pop_environment(self) -> None:
        """Go back to the environment last remembered."""
        self._set_environment(self._environment_stack.pop())

    def reset_environment(self) -> None:
        """Go back to the environment the context was made in."""
        self._set_environment(self._first_environment)

    @staticmethod
    def _set_environment(environment: dict[str, str]) -> None:
        os.environ.clear()
        os.environ.update(environment)

    # -- events

    def would_handle_event(self, event: Event) -> bool:
        """Return whether any registered handler wants the event."""
        return any(handler.matches(event) for handler in self.event_handlers)

    def register_event_handler(self, event_handler: BaseEventHandler, append: bool = False) -> None:
        """Add a handler, called before the earlier ones unless `append`."""
        if append:
            self.event_handlers.append(event_handler)
        else:
            self.event_handlers.appendleft(event_handler)

    def unregister_event_handler(self, event_handler: BaseEventHandler) -> None:
        """Remove a handler; ValueError if it is not registered."""
        self.event_handlers.remove(event_handler)

    def emit_event_sync(self, event: Event) -> None:
        """Queue an event."""
        self.event_queue.put_nowait(event)

    async def emit_event(self, event: Event) -> None:
        """Queue an event, from a coroutine."""
        self.emit_event_sync(event)

    def perform_substitution(self, substitution: Substitution) -> str:
        """Return the substitution's text."""
        return substitution.perform(self)
