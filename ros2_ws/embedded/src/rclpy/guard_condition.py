from collections.abc import Callable
from typing import Any

from embedded_ros.dds import Guard

from .context import Context
from .destroyable import Destroyable
from .utilities import get_default_context


class GuardCondition(Destroyable):
    """Runs a callback on the executor when triggered."""

    def __init__(self, callback: Any, callback_group: Any, context: Context | None = None) -> None:
        self.callback, self.callback_group = callback, callback_group
        self.condition = Guard((context or get_default_context()).session.participant)

    def trigger(self) -> None:
        self._check_usable()
        self.condition.set(True)

    def take_job(self) -> Callable[[], Any] | None:
        self.condition.set(False)
        return self.callback or (lambda: None)

    def _release(self) -> None:
        self.condition.delete()
