from collections.abc import Callable
from typing import Any

from embedded_ros.dds import Guard

from .context import Context
from .utilities import get_default_context


class GuardCondition:
    """Runs a callback on the executor when triggered."""

    def __init__(self, callback: Any, callback_group: Any, context: Context | None = None) -> None:
        self.callback, self.callback_group = callback, callback_group
        self.condition = Guard((context or get_default_context()).session.participant)

    def trigger(self) -> None:
        self.condition.set(True)

    def take_job(self) -> Callable[[], Any] | None:
        self.condition.set(False)
        return self.callback or (lambda: None)

    def destroy(self) -> None:
        self.condition.delete()
