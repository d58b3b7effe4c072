from typing import Any

from cyclonedds.core import DDSException
from embedded_ros import wire
from embedded_ros.cdr import serialize
from embedded_ros.dds import Writer

from .context import Context
from .destroyable import Destroyable
from .duration import Duration, Infinite
from .event_handler import PublisherEventCallbacks
from .exceptions import InvalidTopicNameException, RCLError
from .qos import QoSProfile


class Publisher(Destroyable):
    """Made by `Node.create_publisher`."""

    def __init__(  # noqa: PLR0917
        self,
        node: Any,
        msg_type: Any,
        topic: str,
        qos_profile: QoSProfile,
        event_callbacks: PublisherEventCallbacks,
        callback_group: Any,
    ) -> None:
        self.msg_type = msg_type
        self.topic = topic  # as given
        self.topic_name: str = node._final_name(topic, InvalidTopicNameException)
        self.qos_profile = qos_profile
        self.callback_group = callback_group
        self._node = node
        self._context: Context = node.context
        type_name = msg_type.TYPE_NAME
        qos = node._fitting(qos_profile, self.topic_name, for_subscription=False).to_dds(wire.user_data(type_name))
        participant = self._context.session.participant
        self._writer: Writer = participant.writer(wire.topic_name(self.topic_name), wire.dds_type(type_name), qos)
        self._gid = self._writer.gid
        logger = node.get_logger()
        self.event_handlers = event_callbacks.create_event_handlers(callback_group, self._writer, topic, logger)
        node.context.session.graph.add(node._entities, writers=[self._gid])

    def publish(self, msg: Any) -> None:
        """Sends a message, or bytes that are one already.

        Raises TypeError for another type of message, RCLError for what cannot be sent.
        """
        if not self._context._ok:
            raise RCLError("Failed to publish: publisher's context is invalid")
        if isinstance(msg, self.msg_type):
            msg = serialize(msg)
        elif not isinstance(msg, bytes):
            raise TypeError(f"Expected {self.msg_type}, got {type(msg)}")
        self._check_usable()
        try:
            self._writer.write_cdr(msg)
        except DDSException as error:
            raise RCLError(f"Failed to publish: {error}") from error

    def get_subscription_count(self) -> int:
        self._check_usable()
        return self._writer.matched()

    def assert_liveliness(self) -> None:
        self._check_usable()
        self._writer.assert_liveliness()

    def wait_for_all_acked(self, timeout: Duration = Duration(seconds=-1)) -> bool:  # noqa: B008
        """Whether all reliable subscriptions have every message within `timeout`; negative is for ever."""
        self._check_usable()
        limit = Infinite if timeout.nanoseconds < 0 else timeout
        return bool(self._writer.wait_for_acks(limit.nanoseconds))

    def _release(self) -> None:
        self._node._leave_graph(self._gid)
        self._writer.delete()
