import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rcl_interfaces.msg import Log, ParameterEvent

from embedded_ros import names, rosargs

from ._node_graph import NodeGraph
from ._node_parameters import NodeParameters
from .callback_groups import CallbackGroup, MutuallyExclusiveCallbackGroup
from .client import Client
from .clock import Clock, ROSClock
from .context import Context
from .exceptions import (
    InvalidNamespaceException,
    InvalidNodeNameException,
    InvalidServiceNameException,
    InvalidTopicNameException,
    NodeNameNonExistentError,
    NotInitializedException,
)
from .executors import Executor
from .guard_condition import GuardCondition
from .impl import console
from .impl.rcutils_logger import RcutilsLogger
from .parameter import Parameter
from .parameter_service import ParameterService
from .publisher import Publisher
from .qos import (
    QoSProfile,
    qos_profile_parameter_events,
    qos_profile_rosout_default,
    qos_profile_services_default,
)
from .service import Service
from .subscription import Subscription
from .time import Time
from .time_source import TimeSource
from .timer import Rate, Timer
from .type_description_service import TypeDescriptionService
from .utilities import get_default_context

__all__ = ["Node", "NodeNameNonExistentError"]


class Node(NodeParameters, NodeGraph):
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
        if enable_logger_service:
            raise NotImplementedError("Node(enable_logger_service=True)")
        self._context = context or get_default_context()
        if not self._context.ok():
            raise NotInitializedException("cannot create node")
        own = rosargs.parse(["--ros-args", *cli_args] if cli_args and "--ros-args" not in cli_args else cli_args or [])
        self._arguments = [own, self._context.arguments] if use_global_arguments else [own]
        self._name, self._namespace = self._final_names(node_name, namespace or "")
        self._executor: weakref.ref[Executor] | None = None
        self._publishers: list[Publisher] = []
        self._subscriptions: list[Subscription] = []
        self._services: list[Service] = []
        self._clients: list[Client] = []
        self._timers: list[Timer] = []
        self._guards: list[GuardCondition] = []
        self._default_callback_group = MutuallyExclusiveCallbackGroup()
        self._logger = RcutilsLogger(f"{self._namespace}/{self._name}".replace("//", "/").strip("/").replace("/", "."))
        self._clock = ROSClock()
        graph = self._context.session.graph
        self._entities = graph.add_node(self._namespace, self._name)
        self._context.track_node(self)
        self._init_parameters(self._overrides(parameter_overrides or []), allow_undeclared_parameters)
        with graph.one_update():
            self._start(enable_rosout and self._context.arguments.rosout, start_parameter_services)
        if automatically_declare_parameters_from_overrides:
            missing = [(n, p.value) for n, p in self._parameter_overrides.items() if n not in self._parameters]
            self.declare_parameters("", missing, ignore_override=True)

    def _final_names(self, name: str, namespace: str) -> tuple[str, str]:
        namespace = namespace if namespace.startswith("/") else f"/{namespace}"
        if fault := names.node_name_fault(name):
            raise InvalidNodeNameException(name, *fault)
        for arguments in reversed(self._arguments):
            namespace = arguments.namespace(name, namespace)
        for arguments in reversed(self._arguments):
            name = arguments.node_name(name)
        if fault := names.node_name_fault(name):
            raise InvalidNodeNameException(name, *fault)
        if fault := names.namespace_fault(namespace):
            raise InvalidNamespaceException(namespace, *fault)
        return name, namespace

    def _overrides(self, given: list[Parameter]) -> dict[str, Parameter]:
        found: dict[str, Parameter] = {}
        for arguments in reversed(self._arguments):
            values = arguments.overrides(self.get_fully_qualified_name())
            found.update({name: Parameter(name, value=value) for name, value in values.items()})
        return found | {parameter.name: parameter for parameter in given}

    def _start(self, rosout: bool, parameter_services: bool) -> None:
        if rosout:
            self._rosout = self.create_publisher(Log, "/rosout", qos_profile_rosout_default)
            console.add_sink(self._logger.name, self._to_rosout)
        self._parameter_event_publisher = self.create_publisher(
            ParameterEvent, "/parameter_events", qos_profile_parameter_events
        )
        self._time_source = TimeSource(node=self, clock=self._clock)  # type: ignore[arg-type]
        if parameter_services:
            self._parameter_service = ParameterService(self)
        self._type_description_service = TypeDescriptionService(self)

    def _to_rosout(self, stamp_ns: int, level: int, name: str, text: str, file: str, function: str, line: int) -> None:
        if self._context.ok():
            stamp = Time(nanoseconds=stamp_ns).to_msg()
            self._rosout.publish(
                Log(stamp=stamp, level=level, name=name, msg=text, file=file, function=function, line=line)
            )

    def _graph_change(self, *, add: Iterable[bytes] = (), remove: Iterable[bytes] = (), readers: bool = False) -> None:
        if self._context._session is not None:
            self._context._session.graph.change(self._entities, add=add, remove=remove, readers=readers)

    def _waitables(self) -> list[Any]:
        return [*self._subscriptions, *self._services, *self._clients, *self._guards]

    # What it is and has

    @property
    def context(self) -> Context:  # type: ignore[override]
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
        if current is not None and current is not new_executor:
            current.remove_node(self)
        self._executor = None if new_executor is None else weakref.ref(new_executor)
        if new_executor is not None and self not in new_executor.get_nodes():
            new_executor.add_node(self)

    @property
    def publishers(self) -> Iterator[Publisher]:
        return iter(list(self._publishers))

    @property
    def subscriptions(self) -> Iterator[Subscription]:
        return iter(list(self._subscriptions))

    @property
    def services(self) -> Iterator[Service]:
        return iter(list(self._services))

    @property
    def clients(self) -> Iterator[Client]:
        return iter(list(self._clients))

    @property
    def timers(self) -> Iterator[Timer]:
        return iter(list(self._timers))

    @property
    def guards(self) -> Iterator[GuardCondition]:
        return iter(list(self._guards))

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
        if fault := names.topic_name_fault(topic):
            raise InvalidTopicNameException(topic, *fault)
        return self._resolve(topic, only_expand)

    def resolve_service_name(self, service: str, *, only_expand: bool = False) -> str:
        if fault := names.topic_name_fault(service):
            raise InvalidServiceNameException(service, *(fault[0].replace("topic", "service"), fault[1]))
        return self._resolve(service, only_expand)

    def _resolve(self, name: str, only_expand: bool) -> str:
        expanded = names.expand(name, self._name, self._namespace)
        return expanded if only_expand else names.remap(expanded, self._name, self._namespace, self._arguments)

    # Making things

    def _added(self, kind: list[Any], entity: Any, group: CallbackGroup) -> None:
        group.add_entity(entity)
        kind.append(entity)
        if (executor := self.executor) is not None:
            executor.entities_changed()

    def create_publisher(
        self,
        msg_type: Any,
        topic: str,
        qos_profile: QoSProfile | int,
        *,
        callback_group: CallbackGroup | None = None,
        event_callbacks: Any = None,
        qos_overriding_options: Any = None,
        publisher_class: type[Publisher] = Publisher,
    ) -> Publisher:
        _refuse("create_publisher", event_callbacks=event_callbacks, qos_overriding_options=qos_overriding_options)
        _check_type(msg_type, "TYPE_NAME")
        group = callback_group or self._default_callback_group
        publisher = publisher_class(self, msg_type, self.resolve_topic_name(topic), _profile(qos_profile), group)
        self._publishers.append(publisher)
        return publisher

    def create_subscription(
        self,
        msg_type: Any,
        topic: str,
        callback: Callable[..., Any],
        qos_profile: QoSProfile | int,
        *,
        callback_group: CallbackGroup | None = None,
        event_callbacks: Any = None,
        qos_overriding_options: Any = None,
        raw: bool = False,
    ) -> Subscription:
        _refuse("create_subscription", event_callbacks=event_callbacks, qos_overriding_options=qos_overriding_options)
        _check_type(msg_type, "TYPE_NAME")
        group = callback_group or self._default_callback_group
        name = self.resolve_topic_name(topic)
        subscription = Subscription(self, msg_type, name, callback, _profile(qos_profile), group, raw)
        self._added(self._subscriptions, subscription, group)
        return subscription

    def create_client(
        self,
        srv_type: Any,
        srv_name: str,
        *,
        qos_profile: QoSProfile = qos_profile_services_default,
        callback_group: CallbackGroup | None = None,
    ) -> Client:
        _check_type(srv_type, "Request")
        group = callback_group or self._default_callback_group
        client = Client(self, srv_type, self.resolve_service_name(srv_name), qos_profile, group)
        self._added(self._clients, client, group)
        return client

    def create_service(
        self,
        srv_type: Any,
        srv_name: str,
        callback: Callable[..., Any],
        *,
        qos_profile: QoSProfile = qos_profile_services_default,
        callback_group: CallbackGroup | None = None,
    ) -> Service:
        _check_type(srv_type, "Request")
        group = callback_group or self._default_callback_group
        service = Service(self, srv_type, self.resolve_service_name(srv_name), callback, group, qos_profile)
        self._added(self._services, service, group)
        return service

    def create_timer(
        self,
        timer_period_sec: float,
        callback: Callable[..., Any] | None,
        callback_group: CallbackGroup | None = None,
        clock: Clock | None = None,
        autostart: bool = True,
    ) -> Timer:
        group = callback_group or self._default_callback_group
        period_ns = int(float(timer_period_sec) * 1e9)
        timer = Timer(callback, group, period_ns, clock or self._clock, context=self._context, autostart=autostart)
        timer._on_change = self._wake_executor
        self._added(self._timers, timer, group)
        return timer

    def create_guard_condition(
        self, callback: Callable[[], Any], callback_group: CallbackGroup | None = None
    ) -> GuardCondition:
        group = callback_group or self._default_callback_group
        guard = GuardCondition(callback, group, self._context)
        self._added(self._guards, guard, group)
        return guard

    def create_rate(self, frequency: float, clock: Clock | None = None) -> Rate:
        if frequency <= 0:
            raise ValueError("frequency must be > 0")
        return Rate(
            self.create_timer(1.0 / frequency, None, MutuallyExclusiveCallbackGroup(), clock), context=self._context
        )

    def _wake_executor(self) -> None:
        if (executor := self.executor) is not None:
            executor.wake()

    # Destroying things

    def _destroy(self, kind: list[Any], entity: Any) -> bool:
        if entity not in kind:
            return False
        kind.remove(entity)
        if (executor := self.executor) is not None:
            executor.forget(entity)
        entity.destroy()
        return True

    def destroy_publisher(self, publisher: Publisher) -> bool:
        return self._destroy(self._publishers, publisher)

    def destroy_subscription(self, subscription: Subscription) -> bool:
        return self._destroy(self._subscriptions, subscription)

    def destroy_client(self, client: Client) -> bool:
        return self._destroy(self._clients, client)

    def destroy_service(self, service: Service) -> bool:
        return self._destroy(self._services, service)

    def destroy_timer(self, timer: Timer) -> bool:
        return self._destroy(self._timers, timer)

    def destroy_guard_condition(self, guard: GuardCondition) -> bool:
        return self._destroy(self._guards, guard)

    def destroy_rate(self, rate: Rate) -> bool:
        rate.destroy()
        return self.destroy_timer(rate._timer)

    def destroy_node(self) -> None:
        """Destroys everything the node has made; a second call does nothing."""
        if self._context._session is not None:
            console.remove_sink(self._logger.name, self._to_rosout)
            with self._context._session.graph.one_update():
                kinds: tuple[list[Any], ...] = (
                    self._publishers,
                    self._subscriptions,
                    self._services,
                    self._clients,
                    self._timers,
                    self._guards,
                )
                for kind in kinds:
                    for entity in list(kind):
                        self._destroy(kind, entity)
                self._context._session.graph.remove_node(self._entities)
        self.executor = None
        self._context.untrack_node(self)

    def add_waitable(self, waitable: Any) -> None:
        raise NotImplementedError("Node.add_waitable")

    def remove_waitable(self, waitable: Any) -> None:
        raise NotImplementedError("Node.remove_waitable")

    def __enter__(self) -> "Node":
        return self

    def __exit__(self, *_: object) -> None:
        self.destroy_node()


def _refuse(call: str, **options: Any) -> None:
    for name, value in options.items():
        if value is not None:
            raise NotImplementedError(f"Node.{call}({name}=…)")


def _check_type(interface: Any, attribute: str) -> None:
    if not hasattr(interface, attribute):
        raise TypeError(f"{interface!r} is not a message or service type as expected here")


def _profile(qos_or_depth: QoSProfile | int) -> QoSProfile:
    if isinstance(qos_or_depth, QoSProfile):
        return qos_or_depth
    if isinstance(qos_or_depth, int):
        if qos_or_depth < 0:
            raise ValueError("history depth must be greater than or equal to zero")
        return QoSProfile(depth=qos_or_depth)
    raise TypeError("Expected QoSProfile or int, but received '{}'".format(type(qos_or_depth)))
