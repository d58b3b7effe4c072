import inspect
import threading
import warnings
import weakref
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .executors import Executor


class Future:
    """The outcome of something that is still going on; can be awaited in callbacks."""

    def __init__(self, *, executor: "Executor | None" = None) -> None:
        self._done = False
        self._cancelled = False
        self._result: Any = None
        self._exception: BaseException | None = None
        self._exception_fetched = False
        self._actions: list[Callable[[], Any]] = []  # for its end
        self._lock = threading.Lock()
        self._executor: Callable[[], Executor | None] = lambda: None
        if executor is not None:
            self._set_executor(executor)

    def __del__(self) -> None:
        if self._exception is not None and not self._exception_fetched:
            warnings.warn(f"The following exception was never retrieved: {self._exception}", stacklevel=1)

    def __await__(self) -> Generator["Future", None, Any]:
        while not self._done:
            yield self
        return self.result()

    def cancel(self) -> None:
        with self._lock:
            if self._done:
                return
            self._cancelled = True
        self._ended()

    def cancelled(self) -> bool:
        return self._cancelled

    def done(self) -> bool:
        return self._done

    def result(self) -> Any:
        if self._exception is not None:
            self._exception_fetched = True
            raise self._exception
        return self._result

    def exception(self) -> BaseException | None:
        self._exception_fetched = True
        return self._exception

    def set_result(self, result: Any) -> None:
        with self._lock:
            self._result = result
            self._done, self._cancelled = True, False
        self._ended()

    def set_exception(self, exception: BaseException) -> None:
        with self._lock:
            self._exception, self._exception_fetched = exception, False
            self._done, self._cancelled = True, False
        self._ended()

    def add_done_callback(self, callback: Callable[["Future"], Any]) -> None:
        """Calls back when done: on the executor if there is one, otherwise at once."""
        self._when_done(partial(self._schedule, callback))

    def _when_done(self, action: Callable[[], Any]) -> None:
        with self._lock:
            if not self._done:
                self._actions.append(action)
                return
        action()

    def _schedule(self, callback: Callable[["Future"], Any]) -> None:
        executor = self._executor()
        if executor is not None:
            executor.create_task(callback, self)
        else:
            callback(self)

    def _ended(self) -> None:
        with self._lock:
            actions, self._actions = self._actions, []
        for action in actions:
            action()

    def _set_executor(self, executor: "Executor") -> None:
        self._executor = weakref.ref(executor)


class Task(Future):
    """A function or coroutine that an executor runs; a coroutine is resumed when what it awaits is done."""

    def __init__(
        self,
        handler: Callable[..., Any] | Coroutine[Any, Any, Any],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        executor: "Executor | None" = None,
    ) -> None:
        super().__init__(executor=executor)
        self._handler: Any = handler
        self._args, self._kwargs = args, kwargs or {}
        self._executing = False

    @property
    def suspended(self) -> bool:
        """Whether it is a coroutine that awaits something."""
        return inspect.iscoroutine(self._handler) and inspect.getcoroutinestate(self._handler) == inspect.CORO_SUSPENDED

    def executing(self) -> bool:
        return self._executing

    def __call__(self) -> None:
        """Runs the function, or the coroutine until it awaits something; then the executor is to resume it."""
        if self._done or self._cancelled or self._executing:
            return
        self._executing = True
        awaited = None
        try:
            awaited = self._step()
        except Exception as error:
            self._handler = None
            self.set_exception(error)
        finally:
            self._executing = False
        if self.suspended and (executor := self._executor()) is not None:
            if isinstance(awaited, Future):
                awaited._when_done(partial(executor.resume_later, self))
            else:
                executor.resume_later(self)

    def _step(self) -> Any:
        """What a coroutine awaits; None when all is done."""
        if not inspect.iscoroutine(self._handler):
            outcome = self._handler(*self._args, **self._kwargs)
            if not inspect.iscoroutine(outcome):
                self._finish(outcome)
                return None
            self._handler = outcome
        try:
            return self._handler.send(None)
        except StopIteration as stop:
            self._finish(stop.value)
            return None

    def _finish(self, outcome: Any) -> None:
        self._handler, self._args, self._kwargs = None, (), {}
        self.set_result(outcome)

    def cancel(self) -> None:
        if inspect.iscoroutine(self._handler) and not self._done:
            self._handler.close()
        self._handler = None
        super().cancel()
