import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ._wait import Waiter
from .context import Context
from .exceptions import NotInitializedException
from .signals import watch_waiter
from .task import Future, Task
from .utilities import get_default_context

if TYPE_CHECKING:
    from .node import Node

FOREVER_NS = 2**62


class TimeoutException(Exception):
    """Nothing became ready in time."""


class ShutdownException(Exception):
    """The executor has been shut down."""


class ExternalShutdownException(Exception):
    """The context has been shut down while an executor was spinning."""

    def __init__(self) -> None:
        super().__init__("This context has been shut down.")


class ConditionReachedException(Exception):
    """A condition has been reached while waiting."""


def _pop(queue: deque[Any]) -> Any:
    """The first element, None if another thread has taken the last one."""
    try:
        return queue.popleft()
    except IndexError:
        return None


class Executor:
    """Waits in the calling thread until something of its nodes is ready, and runs the callback."""

    def __init__(self, *, context: Context | None = None) -> None:
        self._context = context or get_default_context()
        self._nodes: dict[Node, None] = {}
        self._tasks: deque[Task] = deque()
        self._ready: deque[Any] = deque()
        self._waiter = Waiter(self._context)
        self._is_shutdown = False
        self._spinning = 0  # callbacks and other threads may spin as well
        self._holding: dict[Task, Any] = {}  # unfinished task -> entity whose callback group it holds
        self._lock = threading.RLock()
        self._context.on_shutdown(self.wake)
        watch_waiter(self._waiter)

    @property
    def context(self) -> Context:
        return self._context

    def __enter__(self) -> "Executor":
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    def add_node(self, node: "Node") -> bool:
        with self._lock:
            if node in self._nodes:
                return False
            self._nodes[node] = None
        node.executor = self
        self.entities_changed()
        return True

    def remove_node(self, node: "Node") -> None:
        with self._lock:
            self._nodes.pop(node, None)
        self.entities_changed()

    def get_nodes(self) -> list["Node"]:
        return list(self._nodes)

    def create_task(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> Task:
        """Runs a function or coroutine while spinning; the task is its future."""
        task = Task(callback, args, kwargs, executor=self)
        self._resume_later(task)
        return task

    def _resume_later(self, task: Task) -> None:
        self._tasks.append(task)
        self.wake()

    def wake(self) -> None:
        """Makes a wait in progress return."""
        self._waiter.wake()

    def entities_changed(self) -> None:
        self._waiter.outdated = True
        self.wake()

    def forget(self, entity: Any) -> None:
        """Stops waiting for an entity; to be called before it is destroyed."""
        self._waiter.forget(entity)

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        with self._lock:
            self._is_shutdown = True
            for node in list(self._nodes):
                self.remove_node(node)
        self.wake()
        if not self._spinning:
            self._waiter.close()
        return True

    def spin(self) -> None:
        """Runs callbacks until shutdown; ExternalShutdownException if the context ends while waiting."""
        with self._spin_section():
            while self._context.ok() and not self._is_shutdown:
                self._spin_once(None)

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Waits for one callback and runs it; returns after the timeout."""
        with self._spin_section():
            self._spin_once(timeout_sec)

    def spin_until_future_complete(self, future: Future, timeout_sec: float | None = None) -> None:
        deadline = None if timeout_sec is None or timeout_sec < 0 else time.monotonic() + timeout_sec
        future.add_done_callback(lambda _: self.wake())
        with self._spin_section():
            while self._context.ok() and not future.done() and not self._is_shutdown:
                remaining = None if deadline is None else deadline - time.monotonic()
                if remaining is not None and remaining <= 0 and timeout_sec != 0:
                    return
                self._spin_once(remaining, until=future.done)
                if timeout_sec == 0:
                    return

    def spin_once_until_future_complete(self, future: Future, timeout_sec: float | None = None) -> None:
        future.add_done_callback(lambda _: self.wake())
        with self._spin_section():
            self._spin_once(timeout_sec, until=future.done)

    @contextmanager
    def _spin_section(self) -> Iterator[None]:
        with self._lock:
            self._spinning += 1
        try:
            yield
        finally:
            with self._lock:
                self._spinning -= 1
                if self._is_shutdown and not self._spinning:
                    self._waiter.close()

    def _spin_once(self, timeout_sec: float | None, until: Callable[[], bool] = lambda: False) -> None:
        try:
            task, entity = self._next(timeout_sec, until)
        except (TimeoutException, ConditionReachedException, ShutdownException):
            return
        self._run(task, entity)

    def _run(self, task: Task, entity: Any) -> None:
        self._execute(task, entity)
        self._raise_from(task)

    def _execute(self, task: Task, entity: Any) -> None:
        if entity is not None:
            self._holding[task] = entity
        try:
            task()
        finally:
            if not task.suspended and (held := self._holding.pop(task, None)) is not None:
                held.callback_group.ending_execution(held)
                self._waiter.outdated |= self._waiter.is_partial

    def _raise_from(self, task: Task) -> None:
        if task.done() and task._exception is not None and not task._exception_fetched:
            raise task.exception()  # type: ignore[misc]

    def _next(self, timeout_sec: float | None, until: Callable[[], bool]) -> tuple[Task, Any]:
        """Waits for the next task, or entity with a task; its callback group is then held."""
        deadline = None if timeout_sec is None or timeout_sec < 0 else time.monotonic_ns() + int(timeout_sec * 1e9)
        waited = False
        while True:
            if (task := _pop(self._tasks)) is not None:
                return task, None
            while (entity := _pop(self._ready)) is not None:
                if (found := self._claim(entity)) is not None:
                    return found
            if until():
                raise ConditionReachedException()
            if self._is_shutdown:
                raise ShutdownException()
            if not self._context.ok():
                raise ExternalShutdownException()
            remaining = FOREVER_NS if deadline is None else max(deadline - time.monotonic_ns(), 0)
            if remaining == 0 and waited:
                raise TimeoutException()
            with suppress(NotInitializedException):  # shut down since the line above
                self._ready.extend(self._waiter.wait(self.get_nodes(), remaining))
            waited = True

    def _claim(self, entity: Any) -> tuple[Task, Any] | None:
        if entity.condition is not None and not self._waiter.is_attached(entity):
            return None  # destroyed meanwhile
        if not entity.callback_group.beginning_execution(entity):
            self._waiter.outdated = True  # not to be woken by it again
            return None
        job = None
        try:
            job = entity.take_job()
        finally:
            if job is None:
                entity.callback_group.ending_execution(entity)
        return None if job is None else (Task(job, executor=self), entity)

    def can_execute(self, entity: Any) -> bool:
        return bool(entity.callback_group.can_execute(entity))

    def wait_for_ready_callbacks(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError("Executor.wait_for_ready_callbacks")


class SingleThreadedExecutor(Executor):
    """Runs callbacks one after the other in the thread that spins."""


class MultiThreadedExecutor(Executor):
    """Runs callbacks in a pool of threads, as far as their callback groups allow."""

    def __init__(self, num_threads: int | None = None, *, context: Context | None = None) -> None:
        super().__init__(context=context)
        self._pool = ThreadPoolExecutor(num_threads or max(2, len(os.sched_getaffinity(0))))
        self._running: deque[Task] = deque()

    def _run(self, task: Task, entity: Any) -> None:
        self._waiter.outdated = True  # the entity's group is busy now
        self._running.append(task)
        self._pool.submit(self._execute, task, entity)
        for _ in range(len(self._running)):
            running = self._running.popleft()
            if running.done():
                self._raise_from(running)
            elif running.executing() or running is task:
                self._running.append(running)

    def _execute(self, task: Task, entity: Any) -> None:
        try:
            super()._execute(task, entity)
        finally:
            self.entities_changed()

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        done = super().shutdown(timeout_sec)
        self._pool.shutdown(wait=timeout_sec is None)
        return done
