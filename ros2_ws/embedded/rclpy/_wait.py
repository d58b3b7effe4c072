import itertools
import threading
from collections import deque
from collections.abc import Iterable
from typing import Any

from embedded_ros.dds import Guard, WaitSet
from embedded_ros.graph import Graph

from .context import Context

GUARD_COOKIE, GRAPH_COOKIE = 1, 2


class Waiter:
    """Blocks a thread until an entity of some nodes is ready; `wake` may be called from any thread."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waitset: WaitSet | None = None
        self._guard: Guard | None = None
        self._graph: Graph | None = None
        self._attached: dict[Any, tuple[Any, int]] = {}  # entity -> condition, cookie
        self._by_cookie: dict[int, Any] = {}
        self._cookies = itertools.count(GRAPH_COOKIE + 1)
        self._lock = threading.RLock()
        self.outdated = True  # the set of entities to wait for has to be made anew
        self.is_partial = False  # entities whose callback group is busy have been left out

    def wake(self) -> None:
        """Makes a wait in progress, or the next one, return at once."""
        if self._guard is not None:
            self._guard.set(True)

    def is_attached(self, entity: Any) -> bool:
        return entity in self._attached

    def forget(self, entity: Any) -> None:
        """Stops waiting for an entity; to be called before it is destroyed."""
        with self._lock:
            if (attached := self._attached.pop(entity, None)) is not None:
                del self._by_cookie[attached[1]]
                if self._waitset is not None:
                    self._waitset.detach(attached[0])

    def wait(self, nodes: Iterable[Any], limit_ns: int) -> deque[Any]:
        """Timers and entities that are ready; empty after `limit_ns` or when woken."""
        waitset, guard, graph = self._open()
        if self.outdated:
            self._attach(nodes, waitset)
        timers = [t for node in nodes for t in node.timers if t.callback_group.can_execute(t)]
        limits = [limit_ns, *(wait_ns for t in timers if (wait_ns := t.wait_ns()) is not None)]
        ready: deque[Any] = deque()
        for cookie in waitset.wait(min(limits)):
            if cookie == GUARD_COOKIE:
                guard.set(False)
            elif cookie == GRAPH_COOKIE:
                graph.collect()  # or announcements would pile up in the reader
            elif (entity := self._by_cookie.get(cookie)) is not None:
                ready.append(entity)
        ready.extendleft(timer for timer in timers if timer.is_ready())
        return ready

    def _open(self) -> tuple[WaitSet, Guard, Graph]:
        with self._lock:
            if self._waitset is None or self._guard is None or self._graph is None:
                session = self._context.session
                self._graph = session.graph
                self._waitset, self._guard = WaitSet(session.participant), Guard(session.participant)
                self._waitset.attach(self._guard, GUARD_COOKIE)
                self._waitset.attach(session.graph.reader.condition, GRAPH_COOKIE)
                self.outdated = True
            return self._waitset, self._guard, self._graph

    def _attach(self, nodes: Iterable[Any], waitset: WaitSet) -> None:
        self.outdated = False
        with self._lock:
            present = [entity for node in nodes for entity in node.waitables_now()]
            wanted = {entity for entity in present if entity.callback_group.can_execute(entity)}
            self.is_partial = len(wanted) < len(present)
            for entity in [e for e in self._attached if e not in wanted]:
                self.forget(entity)
            for entity in wanted - self._attached.keys():
                cookie = next(self._cookies)
                waitset.attach(entity.condition, cookie)
                self._attached[entity] = (entity.condition, cookie)
                self._by_cookie[cookie] = entity

    def close(self) -> None:
        with self._lock:
            for part in (self._waitset, self._guard):
                if part is not None:
                    part.delete()
            self._waitset = self._guard = self._graph = None
            self._attached.clear()
            self._by_cookie.clear()
