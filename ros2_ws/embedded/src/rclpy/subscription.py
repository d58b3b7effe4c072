import inspect
import time
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any

from embedded_ros import wire
from embedded_ros.cdr import CdrError, deserialize
from embedded_ros.dds import Reader

from .destroyable import Destroyable
from .exceptions import InvalidTopicNameException
from .qos import QoSProfile

LOG_AGAIN_S = 1.0  # after a line on what is no message


class Subscription(Destroyable):
    """Made by `Node.create_subscription`."""

    class CallbackType(Enum):
        MessageOnly = 0
        WithMessageInfo = 1

    def __init__(
        self,
        node: Any,
        msg_type: Any,
        topic: str,
        *,
        callback: Callable[..., Any],
        qos_profile: QoSProfile,
        callback_group: Any,
        raw: bool,
    ) -> None:
        self.msg_type = msg_type
        self.topic = topic  # as given
        self.topic_name = topic = node._final_name(topic, InvalidTopicNameException)
        self.qos_profile = qos_profile
        self.callback_group = callback_group
        self.raw = raw
        self.event_handlers: list[Any] = []
        self._dropped = 0
        self._node = node
        type_name = msg_type.TYPE_NAME
        qos = node._fitting(qos_profile, topic, for_subscription=True).to_dds(wire.user_data(type_name))
        participant = node.context.session.participant
        self._reader: Reader = participant.reader(wire.topic_name(topic), wire.dds_type(type_name), qos)
        self._gid = self._reader.gid
        self.condition = self._reader.condition
        self.callback = callback
        node.context.session.graph.add(node._entities, readers=[self._gid])

    @property
    def callback(self) -> Callable[..., Any]:
        return self._callback

    @callback.setter
    def callback(self, value: Callable[..., Any]) -> None:
        self._callback = value
        self._callback_type = _callback_type(value)

    def take(self) -> tuple[Any, dict[str, Any]] | None:
        """The next message and what is known about it; None if there is none."""
        for cdr, info in self._reader.take_cdr(1):
            return self._decode(cdr), _message_info(info)
        return None

    def _decode(self, cdr: bytes) -> Any:
        return cdr if self.raw else deserialize(self.msg_type, cdr)

    def take_job(self) -> Callable[[], Any] | None:
        """What the executor runs for the next message."""
        for cdr, info in self._reader.take_cdr(1):
            try:
                message = self._decode(cdr)
            except CdrError as error:
                self._dropped += 1
                self._node.get_logger().error(
                    f"{self.topic_name}: dropped what is no message: {error} ({self._dropped} so far)",
                    throttle_duration_sec=LOG_AGAIN_S,
                )
                return None
            if self._callback_type is Subscription.CallbackType.MessageOnly:
                return partial(self._callback, message)
            return partial(self._callback, message, _message_info(info))
        return None

    def get_publisher_count(self) -> int:
        self._check_usable()
        return self._reader.matched()

    def _release(self) -> None:
        self._node._leave_graph(self._gid)
        self._reader.delete()


def _callback_type(callback: Callable[..., Any]) -> Subscription.CallbackType:
    kinds = Subscription.CallbackType
    for arguments, kind in ((1, kinds.MessageOnly), (2, kinds.WithMessageInfo)):
        try:
            inspect.signature(callback).bind(*range(arguments))
            return kind
        except TypeError:
            pass
    raise RuntimeError(
        "Subscription.__init__(): callback should be either be callable with one argument"  # sic
        "(to get only the message) or two (to get message and message info)"
    )


def _message_info(info: Any) -> dict[str, Any]:
    return {
        "source_timestamp": info.source_timestamp,
        "received_timestamp": time.time_ns(),
        "publication_sequence_number": None,
        "reception_sequence_number": None,
    }
