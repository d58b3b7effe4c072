import inspect
import os
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future as PoolFuture
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from ._wait import FOREVER_NS, Waiter
from .context import Context
from .exceptions import NotInitializedException
from .signals import watch_waiter
from .task import Future, Task
from .utilities import get_default_context

if TYPE_CHECKING:
    from .node import Node

Job = Callable[[], Any]


class TimeoutException(Exception):
    """Nothing became ready in time."""


class ShutdownException(Exception):
    """The executor has been shut down."""


class ExternalShutdownException(Exception):
    """The context has been shut down while an executor was spinning."""


class ConditionReachedException(Exception):
    """A condition has been reached while waiting."""


def _never() -> bool:
    return False


class Executor:
    """Waits in the calling thread until something of its nodes is ready, and runs the callback."""

    def __init__(self, *, context: Context | None = None) -> None:
        self._context = context or get_default_context()
        self._nodes: dict[Node, None] = {}
        self._tasks: deque[Task] = deque()
        self._ready: deque[Any] = deque()
        self._waiter = Waiter(self._context)
        self._is_shutdown = False
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
        self.resume_later(task)
        return task

    def resume_later(self, task: Task) -> None:
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
        self._waiter.close()
        return True

    def spin(self) -> None:
        """Runs callbacks until shutdown; ExternalShutdownException if the context ends while waiting."""
        while self._context.ok() and not self._is_shutdown:
            self.spin_once()

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Waits for one callback and runs it; returns after the timeout."""
        self._spin_once(timeout_sec)

    def spin_until_future_complete(self, future: Future, timeout_sec: float | None = None) -> None:
        deadline = None if timeout_sec is None or timeout_sec < 0 else time.monotonic() + timeout_sec
        future.add_done_callback(lambda _: self.wake())
        while self._context.ok() and not future.done() and not self._is_shutdown:
            self._spin_once(None if deadline is None else max(deadline - time.monotonic(), 0), future.done)
            if deadline is not None and time.monotonic() >= deadline:
                return

    def spin_once_until_future_complete(self, future: Future, timeout_sec: float | None = None) -> None:
        future.add_done_callback(lambda _: self.wake())
        self._spin_once(timeout_sec, future.done)

    def wait_for_ready_callbacks(
        self, timeout_sec: float | None = None, nodes: None = None, condition: Callable[[], bool] = _never
    ) -> tuple[Task, Any, "Node | None"]:
        """For executors of one's own: a task to be called, and the entity and node it is for.

        Raises TimeoutException, ShutdownException, ConditionReachedException and ExternalShutdownException.
        """
        if nodes is not None:
            raise NotImplementedError("Executor.wait_for_ready_callbacks(nodes=…)")
        job, entity = self._next(timeout_sec, condition)
        node = next((node for node in self._nodes if entity in [*node.waitables_now(), *node.timers]), None)
        return Task(partial(self._execute, job, entity)), entity, node

    def _spin_once(self, timeout_sec: float | None, condition: Callable[[], bool] = _never) -> None:
        try:
            job, entity = self._next(timeout_sec, condition)
        except (TimeoutException, ConditionReachedException, ShutdownException):
            return
        self._run(job, entity)

    def _next(self, timeout_sec: float | None, condition: Callable[[], bool]) -> tuple[Job, Any]:
        """Waits for the next task, or callback of an entity, whose callback group is then held."""
        deadline = None if timeout_sec is None or timeout_sec < 0 else time.monotonic_ns() + int(timeout_sec * 1e9)
        waited = False
        while True:
            while (ready := _pop(self._ready)) is not None:
                if isinstance(ready, Task):
                    return partial(self._resume, ready), None
                if (job := self._claim(ready)) is not None:
                    return job, ready
            if condition():
                raise ConditionReachedException()
            if self._is_shutdown:
                raise ShutdownException()
            if not self._context.ok():
                raise ExternalShutdownException()
            remaining = FOREVER_NS if deadline is None else max(deadline - time.monotonic_ns(), 0)
            while (task := _pop(self._tasks)) is not None:
                self._ready.appendleft(task)  # the newest first, as in ROS 2
            if self._ready:
                remaining = 0
            elif remaining == 0 and waited:
                raise TimeoutException()
            try:
                self._ready.extend(self._waiter.wait(self._nodes, remaining))
            except NotInitializedException:  # shut down since it was asked above
                continue
            waited = True

    def _claim(self, entity: Any) -> Job | None:
        """What an entity has to do; its callback group is then held."""
        if not self._waiter.knows(entity):
            return None  # destroyed meanwhile
        if not entity.callback_group.beginning_execution(entity):
            self._waiter.outdated = True  # not to be woken by it again
            return None
        job: Job | None = None
        try:
            job = entity.take_job()
        finally:
            if job is None:
                self._release(entity)
        return job

    def _run(self, job: Job, entity: Any) -> None:
        self._execute(job, entity)

    def _execute(self, job: Job, entity: Any) -> None:
        """Runs a callback; one that is a coroutine goes on as a task, which holds the callback group until it ends."""
        held = entity
        try:
            outcome = job()
            if inspect.iscoroutine(outcome):
                task, held = Task(outcome, executor=self), None
                self._holding[task] = entity
                self._resume(task)
        finally:
            if held is not None:
                self._release(held)

    def _resume(self, task: Task) -> None:
        task()
        if not task.suspended and (held := self._holding.pop(task, None)) is not None:
            self._release(held)
        if task.done() and (error := task.exception()) is not None:
            raise error

    def _release(self, entity: Any) -> None:
        entity.callback_group.ending_execution(entity)
        if self._waiter.is_partial:
            self._waiter.outdated = True

    def can_execute(self, entity: Any) -> bool:
        return bool(entity.callback_group.can_execute(entity))


def _pop(queue: deque[Any]) -> Any:
    """The first element, None if there is none."""
    try:
        return queue.popleft() if queue else None
    except IndexError:  # another thread has taken it
        return None


class SingleThreadedExecutor(Executor):
    """Runs callbacks one after the other in the thread that spins."""


class MultiThreadedExecutor(Executor):
    """Runs callbacks in a pool of threads, as far as their callback groups allow."""

    def __init__(self, num_threads: int | None = None, *, context: Context | None = None) -> None:
        super().__init__(context=context)
        if num_threads is None:
            num_threads = len(os.sched_getaffinity(0))
        if num_threads == 1:
            warnings.warn(
                "MultiThreadedExecutor is used with a single thread.\nUse the SingleThreadedExecutor instead.",
                stacklevel=2,
            )
        self._executor = ThreadPoolExecutor(num_threads)
        self._running: list[PoolFuture[None]] = []

    def _spin_once(self, timeout_sec: float | None, condition: Callable[[], bool] = _never) -> None:
        with suppress(ExternalShutdownException):
            super()._spin_once(timeout_sec, condition)

    def _run(self, job: Job, entity: Any) -> None:
        self._waiter.outdated = True  # the entity's group is busy now
        self._running.append(self._executor.submit(self._execute, job, entity))
        done = [future for future in self._running if future.done()]
        self._running = [future for future in self._running if future not in done]
        for future in done:
            future.result()  # raises what a callback has raised

    def _release(self, entity: Any) -> None:
        super()._release(entity)
        self.entities_changed()

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        done = super().shutdown(timeout_sec)
        self._executor.shutdown(wait=False)
        return done
