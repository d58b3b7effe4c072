"""Events of quality of service: missed deadlines, liveliness, incompatible QoS, matches and lost messages."""

from collections.abc import Callable
from enum import IntEnum
from typing import Any, ClassVar, NamedTuple

from cyclonedds.core import DDSStatus
from embedded_ros.dds import Reader, Writer

from . import exceptions
from .callback_groups import CallbackGroup
from .impl.rcutils_logger import RcutilsLogger
from .qos import QoSPolicyKind

UnsupportedEventTypeError = exceptions.UnsupportedEventTypeError
Callback = Callable[[Any], Any]
# Numbers of the policies in DDS.
POLICIES = {2: "DURABILITY", 4: "DEADLINE", 8: "LIVELINESS", 11: "RELIABILITY", 13: "HISTORY", 21: "LIFESPAN"}


class QoSPublisherEventType(IntEnum):
    RCL_PUBLISHER_OFFERED_DEADLINE_MISSED = 0
    RCL_PUBLISHER_LIVELINESS_LOST = 1
    RCL_PUBLISHER_OFFERED_INCOMPATIBLE_QOS = 2
    RCL_PUBLISHER_INCOMPATIBLE_TYPE = 3
    RCL_PUBLISHER_MATCHED = 4


class QoSSubscriptionEventType(IntEnum):
    RCL_SUBSCRIPTION_REQUESTED_DEADLINE_MISSED = 0
    RCL_SUBSCRIPTION_LIVELINESS_CHANGED = 1
    RCL_SUBSCRIPTION_REQUESTED_INCOMPATIBLE_QOS = 2
    RCL_SUBSCRIPTION_MESSAGE_LOST = 3
    RCL_SUBSCRIPTION_INCOMPATIBLE_TYPE = 4
    RCL_SUBSCRIPTION_MATCHED = 5


class QoSCountInfo(NamedTuple):
    total_count: int
    total_count_change: int


class QoSLivelinessChangedInfo(NamedTuple):
    alive_count: int
    not_alive_count: int
    alive_count_change: int
    not_alive_count_change: int


class QoSIncompatibleInfo(NamedTuple):
    total_count: int
    total_count_change: int
    last_policy_kind: QoSPolicyKind


class QoSMatchedInfo(NamedTuple):
    total_count: int
    total_count_change: int
    current_count: int
    current_count_change: int


QoSOfferedDeadlineMissedInfo = QoSCountInfo
QoSRequestedDeadlineMissedInfo = QoSCountInfo
QoSLivelinessLostInfo = QoSCountInfo
QoSMessageLostInfo = QoSCountInfo
QoSOfferedIncompatibleQoSInfo = QoSRequestedIncompatibleQoSInfo = QoSIncompatibleInfo
QoSPublisherMatchedInfo = QoSSubscriptionMatchedInfo = QoSMatchedInfo


def _info(kind: Any, status: Any) -> Any:
    """What a callback is given for a status of Cyclone DDS."""
    if kind is QoSIncompatibleInfo:
        policy = QoSPolicyKind[POLICIES.get(status.last_policy_id, "INVALID")]
        return QoSIncompatibleInfo(status.total_count, status.total_count_change, policy)
    return kind(*(getattr(status, name) for name in kind._fields))


class EventHandler:
    """Lets an executor call back when the statuses of one reader or writer change."""

    def __init__(
        self, endpoint: Reader | Writer, callback_group: CallbackGroup, handled: dict[tuple[str, Any], Callback]
    ) -> None:
        self.condition = self._endpoint = endpoint
        self.callback_group = callback_group
        self._handled = [
            (_mask(status), f"get_{status}_status", kind, call) for (status, kind), call in handled.items()
        ]
        endpoint.set_status_mask(sum(mask for mask, *_ in self._handled))

    def take_job(self) -> Callable[[], Any] | None:
        changed = self._endpoint.get_status_changes()
        calls = [
            (call, _info(kind, getattr(self._endpoint, read)()))
            for mask, read, kind, call in self._handled
            if changed & mask
        ]
        return (lambda: [call(info) for call, info in calls]) if calls else None


def _mask(status: str) -> int:
    """offered_deadline_missed -> DDSStatus.OfferedDeadlineMissed"""
    return int(getattr(DDSStatus, status.title().replace("_", "")))


class _EventCallbacks:
    """Callbacks of one endpoint; without `incompatible_qos` a warning is logged."""

    STATUSES: ClassVar[dict[str, tuple[str, Any]]]  # callback -> Cyclone's status and what the callback is given
    WARNING: ClassVar[str]

    def __init__(
        self,
        *,
        incompatible_qos: Callback | None = None,
        liveliness: Callback | None = None,
        deadline: Callback | None = None,
        incompatible_type: Callback | None = None,
        matched: Callback | None = None,
        use_default_callbacks: bool = True,
    ) -> None:
        self.incompatible_qos, self.liveliness, self.deadline = incompatible_qos, liveliness, deadline
        self.incompatible_type = incompatible_type  # never called, because Cyclone DDS reports none
        self.matched, self.use_default_callbacks = matched, use_default_callbacks

    def create_event_handlers(
        self, group: CallbackGroup, endpoint: Any, topic: str, logger: RcutilsLogger
    ) -> list[EventHandler]:
        def warn(info: QoSIncompatibleInfo) -> None:
            logger.warning(self.WARNING.format(topic=topic, policy=info.last_policy_kind.name))

        chosen = {status: getattr(self, name) for name, status in self.STATUSES.items()}
        if self.incompatible_qos is None and self.use_default_callbacks:
            chosen[self.STATUSES["incompatible_qos"]] = warn
        handled = {status: callback for status, callback in chosen.items() if callback is not None}
        return [EventHandler(endpoint, group, handled)] if handled else []


class PublisherEventCallbacks(_EventCallbacks):
    """Callbacks of one publisher; without `incompatible_qos` a warning is logged."""

    STATUSES: ClassVar = {
        "deadline": ("offered_deadline_missed", QoSOfferedDeadlineMissedInfo),
        "liveliness": ("liveliness_lost", QoSLivelinessLostInfo),
        "incompatible_qos": ("offered_incompatible_qos", QoSOfferedIncompatibleQoSInfo),
        "matched": ("publication_matched", QoSPublisherMatchedInfo),
    }
    WARNING = (
        "New subscription discovered on topic '{topic}', requesting incompatible QoS. No messages will be sent to it."
        " Last incompatible policy: {policy}"
    )


class SubscriptionEventCallbacks(_EventCallbacks):
    """Callbacks of one subscription; without `incompatible_qos` a warning is logged."""

    STATUSES: ClassVar = {
        "deadline": ("requested_deadline_missed", QoSRequestedDeadlineMissedInfo),
        "liveliness": ("liveliness_changed", QoSLivelinessChangedInfo),
        "incompatible_qos": ("requested_incompatible_qos", QoSRequestedIncompatibleQoSInfo),
        "message_lost": ("sample_lost", QoSMessageLostInfo),
        "matched": ("subscription_matched", QoSSubscriptionMatchedInfo),
    }
    WARNING = (
        "New publisher discovered on topic '{topic}', offering incompatible QoS. No messages will be received from it."
        " Last incompatible policy: {policy}"
    )

    def __init__(self, *, message_lost: Callback | None = None, **others: Any) -> None:
        super().__init__(**others)
        self.message_lost = message_lost
