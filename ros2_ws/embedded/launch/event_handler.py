"""The base of all event handlers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .action import LaunchDescriptionEntity, SomeEntitiesType, normalize_to_list_of_entities
from .event import Event

if TYPE_CHECKING:
    from .launch_context import LaunchContext

Answer = SomeEntitiesType | Callable[[Any, "LaunchContext"], SomeEntitiesType | None] | None


class EventHandler:
    """Answers the events its matcher accepts with entities, or with what a function of event and context returns."""

    def __init__(self, *, matcher: Callable[[Any], bool], entities: Answer = None, handle_once: bool = False) -> None:
        self.matches = matcher
        self._answer = entities if callable(entities) else normalize_to_list_of_entities(entities)
        self._handle_once = handle_once

    @property
    def entities(self) -> list[LaunchDescriptionEntity]:
        """The entities of the answer, where they are known before."""
        return [] if callable(self._answer) else self._answer

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        """Return the entities to visit, for which the event is `context.locals.event`."""
        context.extend_locals({"event": event})
        if self._handle_once:
            context.unregister_event_handler(self)
        return self._answer(event, context) if callable(self._answer) else self._answer


BaseEventHandler = EventHandler
