from collections.abc import Callable
from typing import Any

from .context import Context
from .utilities import get_default_context


class GuardCondition:
    """Runs a callback on the executor when triggered."""

    def __init__(self, callback: Any, callback_group: Any, context: Context | None = None) -> None:
        self.callback, self.callback_group = callback, callback_group
        self._guard = (context or get_default_context()).session.guard()
        self.condition = self._guard.condition

    def trigger(self) -> None:
        self._guard.set(True)

    def take_job(self) -> Callable[[], Any] | None:
        self._guard.set(False)
        return self.callback or (lambda: None)

    def destroy(self) -> None:
        self._guard.delete()
