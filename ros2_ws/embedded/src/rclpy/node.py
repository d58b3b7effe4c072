import weakref
from collections.abc import Callable

from embedded_ros import names, rosargs
from rcl_interfaces.msg import Log, ParameterEvent

from ._node_entities import NodeEntityOwner
from ._node_graph import NodeGraph
from ._node_parameters import NodeParameters
from .callback_groups import CallbackGroup, MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from .client import Client
from .clock import Clock, ROSClock
from .context import Context
from .event_handler import PublisherEventCallbacks
from .exceptions import (
    InvalidServiceNameException,
    InvalidTopicNameException,
    NameValidationException,
    NodeNameNonExistentError,
    NotInitializedException,
    RCLError,
    RCLInvalidROSArgsError,
)
from .executors import Executor
from .impl import console
from .impl.rcutils_logger import RcutilsLogger
from .logging import get_logger
from .parameter import Parameter
from .parameter_service import ParameterService
from .publisher import Publisher
from .qos import qos_profile_parameter_events, qos_profile_rosout_default
from .service import Service
from .subscription import Subscription
from .time import Time
from .time_source import TimeSource
from .timer import Rate, Timer
from .type_description_service import TypeDescriptionService
from .utilities import get_default_context
from .validate_namespace import validate_namespace
from .validate_node_name import validate_node_name

__all__ = [
    "Client",
    "Node",
    "NodeNameNonExistentError",
    "Publisher",
    "Rate",
    "ReentrantCallbackGroup",
    "Service",
    "Subscription",
    "Timer",
]


class Node(NodeEntityOwner, NodeParameters, NodeGraph):
    """A participant in the ROS graph: makes publishers, subscriptions, services, clients and timers."""

    def __init__(
        self,
        node_name: str,
        *,
        context: Context | None = None,
        cli_args: list[str] | None = None,
        namespace: str | None = None,
        use_global_arguments: bool = True,
        enable_rosout: bool = True,
        start_parameter_services: bool = True,
        parameter_overrides: list[Parameter] | None = None,
        allow_undeclared_parameters: bool = False,
        automatically_declare_parameters_from_overrides: bool = False,
        enable_logger_service: bool = False,
    ) -> None:
        self._context = context or get_default_context()
        if not self._context.ok():
            raise NotInitializedException("cannot create node")
        try:
            own = rosargs.parse(cli_args or [])
        except rosargs.InvalidRosArgsError as error:
            raise RCLInvalidROSArgsError(f"Failed to parse ROS arguments: {error}") from error
        self._arguments = [own, self._context.arguments] if use_global_arguments else [own]
        self._name, self._namespace = self._final_names(node_name, namespace or "")
        self._executor: weakref.ref[Executor] | None = None
        self._rosout: Publisher | None = None
        self._init_entities()
        self._default_callback_group = MutuallyExclusiveCallbackGroup()
        self._logger = get_logger(f"{self._namespace}/{self._name}".replace("//", "/").strip("/").replace("/", "."))
        self._clock: ROSClock = ROSClock()
        self._time_source = TimeSource()
        self._time_source.attach_clock(self._clock)
        graph = self._context.session.graph
        self._entities = graph.add_node(self._namespace, self._name)
        self._context.track_node(self)
        self._init_parameters(self._overrides(parameter_overrides or []), allow_undeclared_parameters)
        with graph.one_update():
            if enable_rosout and self._context.arguments.rosout:
                self._start_rosout()
            self._parameter_event_publisher = self.create_publisher(
                ParameterEvent, "/parameter_events", qos_profile_parameter_events
            )
            if automatically_declare_parameters_from_overrides:
                found = [(name, parameter.value) for name, parameter in self._parameter_overrides.items()]
                self.declare_parameters("", found, ignore_override=True)
            self._time_source.attach_node(self)
            if start_parameter_services:
                ParameterService(self)
            if enable_logger_service:
                from .logging_service import LoggingService

                LoggingService(self)
            TypeDescriptionService(self)

    def _final_names(self, name: str, namespace: str) -> tuple[str, str]:
        namespace = namespace if namespace.startswith("/") else f"/{namespace}"
        validate_node_name(name)
        validate_namespace(namespace)
        for arguments in reversed(self._arguments):
            namespace = arguments.namespace(name, namespace)
        for arguments in reversed(self._arguments):
            name = arguments.node_name(name)
        validate_node_name(name)
        validate_namespace(namespace)
        return name, namespace

    def _overrides(self, given: list[Parameter]) -> dict[str, Parameter]:
        found: dict[str, Parameter] = {}
        for arguments in reversed(self._arguments):
            values = arguments.overrides(self.get_fully_qualified_name())
            found.update({n: Parameter(n, value=None if v == [] else v) for n, v in values.items()})  # [] has no type
        return found | {parameter.name: parameter for parameter in given}

    def _start_rosout(self) -> None:
        """This publisher is not one of the user's, and not among `publishers`."""
        silent = PublisherEventCallbacks(use_default_callbacks=False)
        group = self._default_callback_group
        self._rosout = Publisher(self, Log, "/rosout", qos_profile_rosout_default, silent, group)
        name = self._logger.name
        if not console.add_sink(name, self._to_rosout):
            get_logger("rcl.logging_rosout").warning(
                f"Publisher already registered for node name: '{name}'. If this is due to multiple nodes with the"
                f" same name then all logs for the logger named '{name}' will go out over the existing publisher."
                " As soon as any node with that name is destructed it will unregister the publisher, preventing"
                " any further logs for that name from being published on the rosout topic."
            )

    def _to_rosout(self, record: console.Record) -> None:
        if self._rosout is not None and self._context.ok():
            stamp = Time(nanoseconds=record.stamp_ns).to_msg()
            message = Log(stamp=stamp, level=record.level, name=record.name, msg=record.message)
            message.file, message.function, message.line = record.file, record.function, record.line
            self._rosout.publish(message)

    def _leave_graph(self, gid: bytes) -> None:
        if self._context._session is not None:
            self._context._session.graph.remove(self._entities, gid)

    # What it is and has

    @property
    def context(self) -> Context:
        return self._context

    @property
    def default_callback_group(self) -> CallbackGroup:
        return self._default_callback_group

    @property
    def executor(self) -> Executor | None:
        return self._executor() if self._executor else None

    @executor.setter
    def executor(self, new_executor: Executor | None) -> None:
        current = self.executor
        if current is new_executor:
            return
        if current is not None:
            current.remove_node(self)
        self._executor = None if new_executor is None else weakref.ref(new_executor)
        if new_executor is not None:
            new_executor.add_node(self)

    def get_name(self) -> str:
        return self._name

    def get_namespace(self) -> str:
        return self._namespace

    def get_fully_qualified_name(self) -> str:
        return names.full_name(self._namespace, self._name)

    def get_clock(self) -> Clock:
        return self._clock

    def get_logger(self) -> RcutilsLogger:
        return self._logger

    # Names

    def resolve_topic_name(self, topic: str, *, only_expand: bool = False) -> str:
        return self._resolved(topic, only_expand, InvalidTopicNameException)

    def resolve_service_name(self, service: str, *, only_expand: bool = False) -> str:
        return self._resolved(service, only_expand, InvalidServiceNameException)

    def _resolved(self, name: str, only_expand: bool, error: Callable[[str, str, int], Exception]) -> str:
        try:
            return self._final_name(name, error, only_expand)
        except NameValidationException as fault:
            raise RCLError(f"failed to resolve name: {fault.error_msg}") from fault

    def _final_name(self, name: str, error: Callable[[str, str, int], Exception], only_expand: bool = False) -> str:
        """After expansion and remapping; raises the error that is given."""
        if fault := names.topic_name_fault(name):
            raise error(name, *fault)
        expanded = names.expand(name, self._name, self._namespace)
        final = expanded if only_expand else names.remap(expanded, self._name, self._namespace, self._arguments)
        if fault := names.full_topic_name_fault(final):
            raise error(final, *fault)
        return final

    def destroy_node(self) -> None:
        """Destroys everything the node has made; a second call does nothing."""
        self._destroyed = True
        if self._context._session is not None:
            console.remove_sink(self._logger.name)
            with self._context._session.graph.one_update():
                self._destroy_entities()
                if self._rosout is not None:
                    self._rosout.destroy()
                self._context._session.graph.remove_node(self._entities)
        self.executor = None
        self._context.untrack_node(self)
