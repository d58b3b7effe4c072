import sys
import threading
from collections.abc import Sequence

from embedded_ros import rosargs

from .context import Context

_default_context: Context | None = None
_lock = threading.Lock()


def get_default_context(*, shutting_down: bool = False) -> Context:
    """The context used where none is given; after `shutting_down` the next call makes another one."""
    global _default_context  # noqa: PLW0603
    with _lock:
        context = _default_context or Context()
        _default_context = None if shutting_down else context
        return context


def ok(*, context: Context | None = None) -> bool:
    return (context or get_default_context()).ok()


def shutdown(*, context: Context | None = None) -> None:
    (context or get_default_context(shutting_down=True)).shutdown()


def try_shutdown(*, context: Context | None = None) -> None:
    """Like shutdown, but not an error where there is nothing to end."""
    (context or get_default_context(shutting_down=True)).try_shutdown()


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
