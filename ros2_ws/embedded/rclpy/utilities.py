import sys
import threading
from collections.abc import Sequence

from embedded_ros import rosargs

from .context import Context
from .signals import uninstall_signal_handlers

_default_context: Context | None = None
_lock = threading.Lock()


def get_default_context(*, shutting_down: bool = False) -> Context:
    """The context used where none is given."""
    global _default_context  # noqa: PLW0603
    with _lock:
        if _default_context is None:
            if shutting_down:
                raise RuntimeError("Cannot shutdown the default context, since it is not initialized")
            _default_context = Context()
        return _default_context


def ok(*, context: Context | None = None) -> bool:
    return (context or get_default_context()).ok()


def shutdown(*, context: Context | None = None) -> None:
    """Ends a context; the default one is then made anew by the next init."""
    (context or get_default_context()).shutdown()
    _forget_default(context)


def try_shutdown(*, context: Context | None = None) -> None:
    """Like shutdown, but not an error where there is nothing to end."""
    (context or get_default_context()).try_shutdown()
    _forget_default(context)


def _forget_default(context: Context | None) -> None:
    global _default_context  # noqa: PLW0603
    if context is None or context is _default_context:
        _default_context = None
        uninstall_signal_handlers()


def remove_ros_args(args: Sequence[str] | None = None) -> list[str]:
    """The arguments that are not for ROS."""
    return rosargs.parse(sys.argv if args is None else args).others


def get_rmw_implementation_identifier() -> str:
    return "rmw_cyclonedds_cpp"


def get_available_rmw_implementations() -> set[str]:
    return {get_rmw_implementation_identifier()}


def timeout_sec_to_nsec(timeout_sec: float | None) -> int:
    """Nanoseconds; -1 for ever."""
    return -1 if timeout_sec is None or timeout_sec < 0 else int(timeout_sec * 1e9)
