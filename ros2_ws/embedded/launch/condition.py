"""The base of all conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class Condition:
    """A question put to the launch context when an action is about to run."""

    def __init__(self, *, predicate: Callable[[LaunchContext], bool] = lambda context: True) -> None:
        self._predicate = predicate

    def evaluate(self, context: LaunchContext) -> bool:
        """Return whether the action shall run."""
        return self._predicate(context)
