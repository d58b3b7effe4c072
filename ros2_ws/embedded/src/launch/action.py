"""The bases of everything a launch description may contain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .events import ExecutionComplete
from .substitution import normalize_texts

if TYPE_CHECKING:
    from .conditions import Condition
    from .launch_context import LaunchContext


class LaunchDescriptionEntity:
    """Something that is visited to run it."""

    def get_sub_entities(self) -> Iterable[LaunchDescriptionEntity]:
        """Return the entities that are known before the visit, for `--show-args`."""
        return []

    def describe(self) -> str:
        return repr(self)

    def visit(self, context: LaunchContext) -> Iterable[LaunchDescriptionEntity] | None:
        """Run this entity and return the entities to visit next."""
        return None

    def get_asyncio_future(self) -> asyncio.Future[None] | None:
        """Return a future that is done when this entity's work has ended, or None if there is none."""
        return None


SomeEntitiesType = LaunchDescriptionEntity | Iterable[LaunchDescriptionEntity]


@dataclass(eq=False, repr=False)
class Action(LaunchDescriptionEntity):
    """An intention to do something, carried out if its condition holds."""

    condition: Condition | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        normalize_texts(self)

    def visit(self, context: LaunchContext) -> Iterable[LaunchDescriptionEntity] | None:
        if self.condition is not None and not self.condition.evaluate(context):
            return None
        entities = self.execute(context)
        complete = ExecutionComplete(action=self)
        if context.would_handle_event(complete):
            future = self.get_asyncio_future()
            if future is None:
                context.emit_event_sync(complete)
            else:
                future.add_done_callback(lambda _: context.emit_event_sync(complete))
        return entities

    def execute(self, context: LaunchContext) -> Iterable[LaunchDescriptionEntity] | None:
        """Do it, and return the entities to visit next."""
        return None
