import itertools
import threading
from collections.abc import Iterable
from typing import Any

from embedded_ros.dds import Guard, WaitSet
from embedded_ros.graph import Graph

from .context import Context

FOREVER_NS = 2**62
GUARD_COOKIE, GRAPH_COOKIE = 1, 2


class Waiter:
    """Blocks threads until an entity of some nodes is ready; `wake` and `close` may be called from any thread."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waitset: WaitSet | None = None
        self._guard: Guard | None = None
        self._graph: Graph | None = None
        self._timers: list[Any] = []
        self._attached: dict[Any, tuple[Any, int]] = {}  # entity -> condition, cookie
        self._by_cookie: dict[int, Any] = {}
        self._cookies = itertools.count(GRAPH_COOKIE + 1)
        self._lock = threading.RLock()
        self._waiting = 0  # threads
        self._closed = False
        self.outdated = True  # the set of entities to wait for has to be made anew
        self.is_partial = False  # entities whose callback group is busy have been left out

    def wake(self) -> None:
        """Makes a wait in progress, or the next one, return at once."""
        if self._guard is not None:
            self._guard.set(True)

    def knows(self, entity: Any) -> bool:
        return entity in self._attached or entity in self._timers

    def forget(self, entity: Any) -> None:
        """Stops waiting for an entity; to be called before it is destroyed."""
        with self._lock:
            if entity in self._timers:
                self._timers.remove(entity)
            elif (attached := self._attached.pop(entity, None)) is not None:
                del self._by_cookie[attached[1]]
                if self._waitset is not None:
                    self._waitset.detach(attached[0])

    def wait(self, nodes: Iterable[Any], limit_ns: int) -> list[Any]:
        """Timers and entities that are ready; empty after `limit_ns`, or when woken or closed."""
        with self._lock:
            if self._closed:
                return []
            waitset = self._waitset or self._open()
            if self.outdated:
                self._attach(nodes, waitset)
            self._waiting += 1
        try:
            timers = self._timers
            for timer in timers:
                limit_ns = min(limit_ns, timer.wait_ns())
            cookies = waitset.wait(limit_ns)
            return [timer for timer in timers if timer.is_ready()] + self._entities(cookies)
        finally:
            with self._lock:
                self._waiting -= 1
                self._delete_if_closed()

    def _entities(self, cookies: list[int]) -> list[Any]:
        ready = []
        for cookie in cookies:
            if (entity := self._by_cookie.get(cookie)) is not None:
                ready.append(entity)
            elif cookie == GUARD_COOKIE and self._guard is not None and not self._closed:
                self._guard.set(False)  # when closed, it is to end the waits of all threads
            elif cookie == GRAPH_COOKIE and self._graph is not None:
                self._graph.collect()  # or announcements would pile up in the reader
        return ready

    def _attach(self, nodes: Iterable[Any], waitset: WaitSet) -> None:
        """Has the wait set hold what can be executed now."""
        self.outdated = False
        timers = [timer for node in nodes for timer in node.timers]
        entities = [entity for node in nodes for entity in node.waitables_now()]
        self._timers = [timer for timer in timers if timer.callback_group.can_execute(timer)]
        wanted = {entity: None for entity in entities if entity.callback_group.can_execute(entity)}
        self.is_partial = len(self._timers) + len(wanted) < len(timers) + len(entities)
        for entity in [entity for entity in self._attached if entity not in wanted]:
            self.forget(entity)
        for entity in [entity for entity in wanted if entity not in self._attached]:
            cookie = next(self._cookies)
            waitset.attach(entity.condition, cookie)
            self._attached[entity] = (entity.condition, cookie)
            self._by_cookie[cookie] = entity

    def _open(self) -> WaitSet:
        session = self._context.session
        self._graph = session.graph
        self._waitset, self._guard = WaitSet(session.participant), Guard(session.participant)
        self._waitset.attach(self._guard, GUARD_COOKIE)
        self._waitset.attach(session.graph.reader.condition, GRAPH_COOKIE)
        return self._waitset

    def close(self) -> None:
        """Ends all waits."""
        self.wake()
        with self._lock:
            self._closed = True
            self._delete_if_closed()

    def _delete_if_closed(self) -> None:
        if not self._closed or self._waiting:
            return
        for part in (self._waitset, self._guard):
            if part is not None:
                part.delete()
        self._waitset = self._guard = self._graph = None
        self._timers.clear()
        self._attached.clear()
        self._by_cookie.clear()
