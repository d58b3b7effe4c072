"""The action whose work is a Python function."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..action import Action
from ..condition import Condition
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity


class OpaqueFunction(Action):
    """Calls `function(context, *args, **kwargs)` and runs the entities it returns."""

    def __init__(
        self,
        *,
        function: Callable[..., Iterable[LaunchDescriptionEntity] | None],
        args: Iterable[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        condition: Condition | None = None,
    ) -> None:
        super().__init__(condition=condition)
        if not callable(function):
            raise TypeError(f"OpaqueFunction expected a callable for 'function', got {type(function).__name__}")
        self._function = function
        self._args = tuple(args or ())
        self._kwargs = dict(kwargs or {})

    def execute(self, context: LaunchContext) -> Iterable[LaunchDescriptionEntity] | None:
        return self._function(context, *self._args, **self._kwargs)
