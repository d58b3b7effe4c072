import atexit
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

from cyclonedds.core import DDSException
from embedded_ros import rosargs, wire
from embedded_ros.session import Session

from .destroyable import Destroyable, Handle
from .exceptions import NotInitializedException, RCLError

_open_contexts: "weakref.WeakSet[Context]" = weakref.WeakSet()


class Context(Destroyable):
    """The time between init and shutdown, with the DDS participant that all nodes made in it share."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._ok = False
        self._was_initialized = False
        self._domain_id = 0
        self._session: Session | None = None
        self._nodes: weakref.WeakSet[Any] = weakref.WeakSet()
        self._callbacks: list[Callable[[], Any]] = []
        self.arguments = rosargs.RosArguments()

    def init(
        self, args: list[str] | None = None, *, initialize_logging: bool = True, domain_id: int | None = None
    ) -> None:
        with self._lock:
            if self._was_initialized:
                raise RuntimeError("Context.init() must only be called once")
            if domain_id is not None and domain_id < 0:
                raise RuntimeError(f"Domain id ({domain_id}) should not be lower than zero.")
            try:
                self.arguments = rosargs.parse(sys.argv if args is None else args)
                self._domain_id = wire.domain_id() if domain_id is None else domain_id
                wire.cyclone_config()  # a mistake in the environment is told here
            except (rosargs.InvalidRosArgsError, ValueError) as error:
                raise RCLError(f"failed to initialize rcl: {error}") from error
            self._ok = self._was_initialized = True
            _open_contexts.add(self)
        if initialize_logging:
            from .impl import console

            console.configure(self.arguments.log_levels, self.arguments.stdout)

    def get_domain_id(self) -> int:
        if not self._was_initialized:
            raise RuntimeError("Context must be initialized before it can have a domain id")
        return self._domain_id

    def ok(self) -> bool:
        return self._ok

    @property
    def session(self) -> Session:
        """The participant; made for the first node."""
        with self._lock:
            if not self._ok:
                raise NotInitializedException()
            if self._session is None:
                try:
                    self._session = Session(self._domain_id, self.arguments.enclave)
                except DDSException as error:
                    raise RCLError(f"error creating node: {error}") from error
            return self._session

    def shutdown(self) -> None:
        """Ends the context; raises RCLError if that has been done before."""
        if not self._was_initialized:
            raise RuntimeError("Context must be initialized before it can be shutdown")
        with self._lock:
            if not self._ok:
                raise RCLError("failed to shutdown: rcl_shutdown already called on the given context")
        self.try_shutdown()

    def try_shutdown(self) -> None:
        with self._lock:
            if not self._ok:
                return
            self._ok = False
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            target = callback() if isinstance(callback, weakref.WeakMethod) else callback
            if target is not None:
                target()
        self._close_if_unused()

    def on_shutdown(self, callback: Callable[[], Any]) -> None:
        """Calls back at shutdown, or at once after it; bound methods are held weakly."""
        if not callable(callback):
            raise TypeError(f"callback should be a callable, got {type(callback)}")
        if self._was_initialized and not self._ok:
            callback()
            return
        with self._lock:
            if hasattr(callback, "__self__"):
                callback = weakref.WeakMethod(callback)
            if callback not in self._callbacks:
                self._callbacks.append(callback)

    def track_node(self, node: Any) -> None:
        self._nodes.add(node)

    def untrack_node(self, node: Any) -> None:
        self._nodes.discard(node)
        self._close_if_unused()

    def _close_if_unused(self) -> None:
        if not self._ok and not self._nodes:
            self._close_session()

    def _close_session(self) -> None:
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            session.close()

    @property
    def handle(self) -> Handle | None:  # type: ignore[override]
        return super().handle if self._was_initialized else None

    def _release(self) -> None:
        self.try_shutdown()

    def __enter__(self) -> "Context":
        self.init()
        return self

    def __exit__(self, *_: object) -> None:
        self.try_shutdown()


@atexit.register
def _leave_network() -> None:
    for context in list(_open_contexts):
        context._close_session()
