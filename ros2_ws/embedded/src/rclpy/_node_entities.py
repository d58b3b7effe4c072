from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .callback_groups import CallbackGroup, MutuallyExclusiveCallbackGroup
from .client import Client
from .clock import Clock, ROSClock
from .context import Context
from .destroyable import Destroyable
from .event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from .exceptions import RCLError
from .guard_condition import GuardCondition
from .impl.rcutils_logger import RcutilsLogger
from .publisher import Publisher
from .qos import QoSProfile, qos_profile_services_default
from .qos_overriding_options import QoSOverridingOptions, overridden
from .service import Service
from .subscription import Subscription
from .timer import Rate, Timer
from .type_support import check_is_valid_msg_type, check_is_valid_srv_type

if TYPE_CHECKING:
    from .executors import Executor


class NodeEntityOwner(Destroyable):
    """The part of Node that makes, keeps and destroys publishers, subscriptions and so on."""

    _context: Context
    _clock: ROSClock
    _default_callback_group: CallbackGroup
    executor: "Executor | None"
    resolve_topic_name: Callable[[str], str]
    resolve_service_name: Callable[[str], str]
    get_logger: Callable[[], RcutilsLogger]

    def _init_entities(self) -> None:
        kinds: list[type] = [Publisher, Subscription, Service, Client, Timer, GuardCondition]
        self._made: dict[type, list[Any]] = {kind: [] for kind in kinds}

    def waitables_now(self) -> list[Any]:
        """What an executor waits for; timers are asked themselves."""
        waitables = [e for kind in (Subscription, Service, Client, GuardCondition) for e in self._made[kind]]
        endpoints = [e for kind in (Publisher, Subscription, Service) for e in self._made[kind]]
        return waitables + [handler for endpoint in endpoints for handler in endpoint.event_handlers]

    @property
    def publishers(self) -> Iterator[Publisher]:
        return iter(list(self._made[Publisher]))

    @property
    def subscriptions(self) -> Iterator[Subscription]:
        return iter(list(self._made[Subscription]))

    @property
    def services(self) -> Iterator[Service]:
        return iter(list(self._made[Service]))

    @property
    def clients(self) -> Iterator[Client]:
        return iter(list(self._made[Client]))

    @property
    def timers(self) -> Iterator[Timer]:
        return iter(list(self._made[Timer]))

    @property
    def guards(self) -> Iterator[GuardCondition]:
        return iter(list(self._made[GuardCondition]))

    def _check_usable(self) -> None:
        super()._check_usable()
        if not self._context.ok():
            raise RCLError("rcl node's context is invalid")

    def _added(self, kind: type, entity: Any) -> None:
        entity.callback_group.add_entity(entity)
        self._made[kind].append(entity)
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
        check_is_valid_msg_type(msg_type)
        group = callback_group or self._default_callback_group
        profile = self._profile(qos_profile, topic, qos_overriding_options, "publisher")
        callbacks = event_callbacks or PublisherEventCallbacks()
        publisher = publisher_class(self, msg_type, topic, profile, event_callbacks=callbacks, callback_group=group)
        self._added(Publisher, publisher)
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
        check_is_valid_msg_type(msg_type)
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
            group, subscription._reader, topic, self.get_logger()
        )
        self._added(Subscription, subscription)
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
        check_is_valid_srv_type(srv_type)
        group = callback_group or self._default_callback_group
        client = Client(self, srv_type, srv_name, qos_profile, group)
        self._added(Client, client)
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
        check_is_valid_srv_type(srv_type)
        group = callback_group or self._default_callback_group
        service = Service(self, srv_type, srv_name, callback=callback, callback_group=group, qos_profile=qos_profile)
        self._added(Service, service)
        return service

    def create_timer(
        self,
        timer_period_sec: float,
        callback: Callable[..., Any] | None,
        callback_group: CallbackGroup | None = None,
        clock: Clock | None = None,
        autostart: bool = True,
    ) -> Timer:
        self._check_usable()
        group = callback_group or self._default_callback_group
        period_ns = int(float(timer_period_sec) * 1e9)
        timer = Timer(callback, group, period_ns, clock or self._clock, context=self._context, autostart=autostart)
        timer._on_change = self._wake_executor
        self._added(Timer, timer)
        return timer

    def create_guard_condition(
        self, callback: Callable[[], Any], callback_group: CallbackGroup | None = None
    ) -> GuardCondition:
        self._check_usable()
        group = callback_group or self._default_callback_group
        guard = GuardCondition(callback, group, self._context)
        self._added(GuardCondition, guard)
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

    def _destroy(self, entity: Any) -> bool:
        """Whether the node had made it and not destroyed it yet."""
        owner = next((made for made in self._made.values() if entity in made), None)
        if owner is None:
            return False
        owner.remove(entity)
        if (executor := self.executor) is not None:
            for waited_for in (entity, *getattr(entity, "event_handlers", ())):
                executor.forget(waited_for)
        entity.destroy()
        return True

    destroy_publisher = destroy_subscription = destroy_client = destroy_service = _destroy
    destroy_timer = destroy_guard_condition = _destroy

    def destroy_rate(self, rate: Rate) -> bool:
        rate.destroy()
        return self._destroy(rate._timer)

    def _destroy_entities(self) -> None:
        for entity in [entity for made in self._made.values() for entity in made]:
            self._destroy(entity)

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
