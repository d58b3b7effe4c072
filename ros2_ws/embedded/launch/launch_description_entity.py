"""The base of everything a launch description may contain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class LaunchDescriptionEntity:
    """Something that can be described without running it, and visited to run it."""

    def describe(self) -> str:
        """Return a one-line description."""
        return repr(self)

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return the entities that a visit always yields."""
        return []

    def describe_conditional_sub_entities(self) -> list[tuple[str, Iterable[LaunchDescriptionEntity]]]:
        """Return the entities that a visit may yield, each list with the condition in words."""
        return []

    def visit(self, context: LaunchContext) -> Iterable[LaunchDescriptionEntity] | None:
        """Run this entity and return the entities to visit next."""
        return None

    def get_asyncio_future(self) -> asyncio.Future[None] | None:
        """Return a future that is done when this entity's work has ended, or None if there is none."""
        return None
