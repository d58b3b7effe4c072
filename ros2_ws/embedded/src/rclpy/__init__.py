"""The Python API of ROS 2 Jazzy on Cyclone DDS, for machines without ROS 2; see the README of the runtime."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .context import Context
from .parameter import Parameter
from .signals import SignalHandlerOptions, install_signal_handlers, uninstall_signal_handlers, watch_context
from .task import Future
from .utilities import get_default_context, get_rmw_implementation_identifier, ok, try_shutdown
from .utilities import shutdown as _shutdown

if TYPE_CHECKING:
    from .executors import Executor
    from .node import Node

__all__ = [
    "Context",
    "Future",
    "Parameter",
    "create_node",
    "get_default_context",
    "get_global_executor",
    "get_rmw_implementation_identifier",
    "init",
    "ok",
    "shutdown",
    "spin",
    "spin_once",
    "spin_until_future_complete",
    "try_shutdown",
    "uninstall_signal_handlers",
]

_executor: "Executor | None" = None


def init(
    *,
    args: list[str] | None = None,
    context: Context | None = None,
    domain_id: int | None = None,
    signal_handler_options: SignalHandlerOptions | None = None,
) -> None:
    """Starts a context, the default one if none is given; that one also handles SIGINT and SIGTERM."""
    if signal_handler_options is None:
        signal_handler_options = SignalHandlerOptions.ALL if context is None else SignalHandlerOptions.NO
    context = context or get_default_context()
    context.init(args, domain_id=domain_id)
    watch_context(context)
    if signal_handler_options != SignalHandlerOptions.NO:
        install_signal_handlers(signal_handler_options)


def get_global_executor() -> "Executor":
    global _executor  # noqa: PLW0603
    if _executor is None or _executor._is_shutdown or not _executor.context.ok():
        from .executors import SingleThreadedExecutor

        _executor = SingleThreadedExecutor()
    return _executor


def shutdown(*, context: Context | None = None, uninstall_handlers: bool | None = None) -> None:
    global _executor  # noqa: PLW0603
    ended, is_default = context or get_default_context(), context in (None, get_default_context())
    _shutdown(context=context)
    if _executor is not None and _executor.context is ended:
        _executor.shutdown()
        _executor = None
    if is_default if uninstall_handlers is None else uninstall_handlers:
        uninstall_signal_handlers()


def create_node(node_name: str, **options: Any) -> "Node":
    """Takes the options of Node."""
    from .node import Node

    return Node(node_name, **options)


def _executor_for(node: "Node", executor: "Executor | None") -> "Executor":
    if executor is not None:
        return executor
    if node.context is get_default_context():
        return get_global_executor()
    from .executors import SingleThreadedExecutor

    return SingleThreadedExecutor(context=node.context)


def spin(node: "Node", executor: "Executor | None" = None) -> None:
    """Runs the node's callbacks until the context is shut down."""
    _with_node(node, executor, lambda chosen: chosen.spin())


def spin_once(node: "Node", *, executor: "Executor | None" = None, timeout_sec: float | None = None) -> None:
    _with_node(node, executor, lambda chosen: chosen.spin_once(timeout_sec))


def spin_until_future_complete(
    node: "Node", future: Future, executor: "Executor | None" = None, timeout_sec: float | None = None
) -> None:
    _with_node(node, executor, lambda chosen: chosen.spin_until_future_complete(future, timeout_sec))


def _with_node(node: "Node", executor: "Executor | None", action: "Callable[[Executor], None]") -> None:
    chosen = _executor_for(node, executor)
    added = chosen.add_node(node)
    try:
        action(chosen)
    finally:
        if added:
            chosen.remove_node(node)
