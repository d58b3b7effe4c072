"""Events of quality of service: missed deadlines, liveliness, incompatible QoS, matches and lost messages."""

from collections.abc import Callable
from enum import IntEnum
from typing import Any, NamedTuple

from embedded_ros import dds_status as dds
from embedded_ros.dds import Reader, Writer

from .callback_groups import CallbackGroup
from .impl.rcutils_logger import RcutilsLogger
from .qos import QoSPolicyKind


class UnsupportedEventTypeError(Exception):
    """The middleware does not report this kind of event."""


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

    @classmethod
    def from_dds(cls, total: int, change: int, policy: int) -> "QoSIncompatibleInfo":
        return cls(total, change, QoSPolicyKind[dds.POLICY_NAMES.get(policy, "INVALID")])


class QoSMatchedInfo(NamedTuple):
    total_count: int
    total_count_change: int
    current_count: int
    current_count_change: int


QoSOfferedDeadlineMissedInfo = QoSRequestedDeadlineMissedInfo = QoSLivelinessLostInfo = QoSMessageLostInfo = (
    QoSCountInfo
)
QoSOfferedIncompatibleQoSInfo = QoSRequestedIncompatibleQoSInfo = QoSIncompatibleInfo
QoSPublisherMatchedInfo = QoSSubscriptionMatchedInfo = QoSMatchedInfo

Callback = Callable[[Any], Any]
Handled = list[tuple[dds.Status, Callable[..., Any], Callback | None]]  # status, its information, the user's callback


class EventHandler:
    """Lets an executor call back when the statuses of one reader or writer change."""

    def __init__(self, endpoint: Reader | Writer, callback_group: CallbackGroup, handled: Handled) -> None:
        self._endpoint, self.callback_group = endpoint, callback_group
        self._handled = [(status, info, callback) for status, info, callback in handled if callback is not None]
        self.condition = endpoint.handle
        dds.watch(endpoint.handle, [status for status, _, _ in self._handled])

    def take_job(self) -> Callable[[], Any] | None:
        changed = dds.changed(self._endpoint.handle)
        calls = [
            (callback, info(*dds.read_status(self._endpoint.handle, status)))
            for status, info, callback in self._handled
            if changed & status.bit
        ]
        return (lambda: [callback(info) for callback, info in calls]) if calls else None


class PublisherEventCallbacks:
    """Callbacks of one publisher; without `incompatible_qos` a warning is logged."""

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
        if incompatible_type is not None:
            raise UnsupportedEventTypeError("Cyclone DDS reports no incompatible types")
        self.incompatible_qos, self.liveliness, self.deadline = incompatible_qos, liveliness, deadline
        self.matched, self.use_default_callbacks = matched, use_default_callbacks

    def create_event_handlers(
        self, group: CallbackGroup, writer: Writer, topic: str, logger: RcutilsLogger
    ) -> list[EventHandler]:
        def warn(info: QoSIncompatibleInfo) -> None:
            logger.warning(
                f"New subscription discovered on topic '{topic}', requesting incompatible QoS. No messages will be sent"
                f" to it. Last incompatible policy: {info.last_policy_kind.name}"
            )

        handled: Handled = [
            (dds.WRITER_DEADLINE, QoSCountInfo, self.deadline),
            (dds.WRITER_LIVELINESS, QoSCountInfo, self.liveliness),
            (dds.WRITER_MATCHED, QoSMatchedInfo, self.matched),
            (
                dds.WRITER_INCOMPATIBLE,
                QoSIncompatibleInfo.from_dds,
                self.incompatible_qos or (warn if self.use_default_callbacks else None),
            ),
        ]
        return [EventHandler(writer, group, handled)] if any(callback for _, _, callback in handled) else []


class SubscriptionEventCallbacks:
    """Callbacks of one subscription; without `incompatible_qos` a warning is logged."""

    def __init__(
        self,
        *,
        incompatible_qos: Callback | None = None,
        deadline: Callback | None = None,
        liveliness: Callback | None = None,
        message_lost: Callback | None = None,
        incompatible_type: Callback | None = None,
        matched: Callback | None = None,
        use_default_callbacks: bool = True,
    ) -> None:
        if incompatible_type is not None:
            raise UnsupportedEventTypeError("Cyclone DDS reports no incompatible types")
        self.incompatible_qos, self.liveliness, self.deadline = incompatible_qos, liveliness, deadline
        self.message_lost, self.matched, self.use_default_callbacks = message_lost, matched, use_default_callbacks

    def create_event_handlers(
        self, group: CallbackGroup, reader: Reader, topic: str, logger: RcutilsLogger
    ) -> list[EventHandler]:
        def warn(info: QoSIncompatibleInfo) -> None:
            logger.warning(
                f"New publisher discovered on topic '{topic}', offering incompatible QoS. No messages will be received"
                f" from it. Last incompatible policy: {info.last_policy_kind.name}"
            )

        handled: Handled = [
            (dds.READER_DEADLINE, QoSCountInfo, self.deadline),
            (dds.READER_LIVELINESS, QoSLivelinessChangedInfo, self.liveliness),
            (dds.READER_LOST, QoSCountInfo, self.message_lost),
            (dds.READER_MATCHED, QoSMatchedInfo, self.matched),
            (
                dds.READER_INCOMPATIBLE,
                QoSIncompatibleInfo.from_dds,
                self.incompatible_qos or (warn if self.use_default_callbacks else None),
            ),
        ]
        return [EventHandler(reader, group, handled)] if any(callback for _, _, callback in handled) else []
