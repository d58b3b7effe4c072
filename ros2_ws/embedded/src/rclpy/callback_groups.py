import weakref
from threading import Lock
from typing import Any


class CallbackGroup:
    """Decides which callbacks of a node may run at the same time; the base class is not to be used itself."""

    def __init__(self) -> None:
        self.entities: set[weakref.ref[Any]] = set()

    def add_entity(self, entity: Any) -> None:
        self.entities.add(weakref.ref(entity, self.entities.discard))

    def has_entity(self, entity: Any) -> bool:
        return weakref.ref(entity) in self.entities

    def can_execute(self, entity: Any) -> bool:
        raise NotImplementedError("CallbackGroup.can_execute")

    def beginning_execution(self, entity: Any) -> bool:
        raise NotImplementedError("CallbackGroup.beginning_execution")

    def ending_execution(self, entity: Any) -> None:
        raise NotImplementedError("CallbackGroup.ending_execution")


class ReentrantCallbackGroup(CallbackGroup):
    """Callbacks may run in parallel, also with themselves."""

    def can_execute(self, entity: Any) -> bool:
        return True

    def beginning_execution(self, entity: Any) -> bool:
        return True

    def ending_execution(self, entity: Any) -> None:
        pass


class MutuallyExclusiveCallbackGroup(CallbackGroup):
    """One callback at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._active: Any = None
        self._lock = Lock()

    def can_execute(self, entity: Any) -> bool:
        return self._active is None

    def beginning_execution(self, entity: Any) -> bool:
        with self._lock:
            if self._active is not None:
                return False
            self._active = entity
            return True

    def ending_execution(self, entity: Any) -> None:
        with self._lock:
            self._active = None
