from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .callback_groups import CallbackGroup, MutuallyExclusiveCallbackGroup
from .client import Client
from .clock import Clock, ROSClock
from .context import Context
from .event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from .exceptions import InvalidHandle, RCLError
from .guard_condition import GuardCondition
from .impl.rcutils_logger import RcutilsLogger
from .publisher import Publisher
from .qos import QoSProfile, qos_profile_services_default
from .qos_overriding_options import QoSOverridingOptions, overridden
from .service import Service
from .subscription import Subscription
from .timer import Rate, Timer

if TYPE_CHECKING:
    from .executors import Executor


class NodeEntityOwner:
    """The part of Node that makes, keeps and destroys publishers, subscriptions and so on."""

    _context: Context
    _clock: ROSClock
    _default_callback_group: CallbackGroup
    executor: "Executor | None"
    _destroyed: bool
    resolve_topic_name: Callable[[str], str]
    resolve_service_name: Callable[[str], str]
    get_logger: Callable[[], RcutilsLogger]

    def _init_entities(self) -> None:
        self._publishers: list[Publisher] = []
        self._subscriptions: list[Subscription] = []
        self._services: list[Service] = []
        self._clients: list[Client] = []
        self._timers: list[Timer] = []
        self._guards: list[GuardCondition] = []

    def waitables_now(self) -> list[Any]:
        handlers = [h for publisher in self._publishers for h in publisher.event_handlers]
        handlers += [h for subscription in self._subscriptions for h in subscription.event_handlers]
        return [*self._subscriptions, *self._services, *self._clients, *self._guards, *handlers]

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

    def _check_usable(self) -> None:
        if self._destroyed:
            raise InvalidHandle("cannot use Destroyable because destruction was requested")
        if not self._context.ok():
            raise RCLError("rcl node's context is invalid")

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
        event_callbacks: PublisherEventCallbacks | None = None,
        qos_overriding_options: QoSOverridingOptions | None = None,
        publisher_class: type[Publisher] = Publisher,
    ) -> Publisher:
        self._check_usable()
        _check_message_type(msg_type)
        group = callback_group or self._default_callback_group
        profile = self._profile(qos_profile, topic, qos_overriding_options, "publisher")
        publisher = publisher_class(self, msg_type, topic, profile, group)
        callbacks = event_callbacks or PublisherEventCallbacks()
        publisher.event_handlers = callbacks.create_event_handlers(
            group, publisher._writer, publisher.topic_name, self.get_logger()
        )
        self._added(self._publishers, publisher, group)
        return publisher

    def create_subscription(
        self,
        msg_type: Any,
        topic: str,
        callback: Callable[..., Any],
        qos_profile: QoSProfile | int,
        *,
        callback_group: CallbackGroup | None = None,
        event_callbacks: SubscriptionEventCallbacks | None = None,
        qos_overriding_options: QoSOverridingOptions | None = None,
        raw: bool = False,
    ) -> Subscription:
        self._check_usable()
        _check_message_type(msg_type)
        group = callback_group or self._default_callback_group
        subscription = Subscription(
            self,
            msg_type,
            topic,
            callback=callback,
            qos_profile=self._profile(qos_profile, topic, qos_overriding_options, "subscription"),
            callback_group=group,
            raw=raw,
        )
        callbacks = event_callbacks or SubscriptionEventCallbacks()
        subscription.event_handlers = callbacks.create_event_handlers(
            group, subscription._reader, subscription.topic_name, self.get_logger()
        )
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
        self._check_usable()
        _check_service_type(srv_type)
        group = callback_group or self._default_callback_group
        client = Client(self, srv_type, srv_name, qos_profile, group)
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
        self._check_usable()
        _check_service_type(srv_type)
        group = callback_group or self._default_callback_group
        service = Service(self, srv_type, srv_name, callback=callback, callback_group=group, qos_profile=qos_profile)
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

    def _destroy(self, kind: list[Any], entity: Any) -> bool:
        if entity not in kind:
            return False
        kind.remove(entity)
        if (executor := self.executor) is not None:
            for waited_for in (entity, *getattr(entity, "event_handlers", ())):
                executor.forget(waited_for)
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

    def _destroy_entities(self) -> None:
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

    def _profile(
        self, qos_or_depth: QoSProfile | int, topic: str, options: QoSOverridingOptions | None, kind: str
    ) -> QoSProfile:
        if not isinstance(qos_or_depth, QoSProfile | int):
            raise TypeError(f"Expected QoSProfile or int, but received {type(qos_or_depth)}")
        if isinstance(qos_or_depth, int):
            if qos_or_depth < 0:
                raise ValueError("history depth must be greater than or equal to zero")
            qos_or_depth = QoSProfile(depth=qos_or_depth)
        if options is None:
            return qos_or_depth
        return overridden(self, self.resolve_topic_name(topic), qos_or_depth, options, kind)

    def add_waitable(self, waitable: Any) -> None:
        raise NotImplementedError("Node.add_waitable")

    def remove_waitable(self, waitable: Any) -> None:
        raise NotImplementedError("Node.remove_waitable")


def _check_message_type(kind: Any) -> None:
    if not hasattr(kind, "get_fields_and_field_types"):
        raise AttributeError(f"{kind!r} is not a message type of ROS 2")


def _check_service_type(kind: Any) -> None:
    if not hasattr(kind, "Request") or not hasattr(kind, "Response"):
        raise RuntimeError(f"The service type provided is not valid ({kind}), this might be a message or action")
