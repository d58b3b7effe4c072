from enum import IntEnum

from .duration import Duration
from .qos import HistoryPolicy, QoSProfile


class TopicEndpointTypeEnum(IntEnum):
    INVALID = 0
    PUBLISHER = 1
    SUBSCRIPTION = 2


class TopicEndpointInfo:
    """What the graph knows about one publisher or subscription."""

    def __init__(
        self,
        *,
        node_name: str,
        node_namespace: str,
        topic_type: str,
        topic_type_hash: str,
        endpoint_type: TopicEndpointTypeEnum,
        endpoint_gid: list[int],
        qos_profile: QoSProfile,
    ) -> None:
        self.node_name, self.node_namespace = node_name, node_namespace
        self.topic_type, self.topic_type_hash = topic_type, topic_type_hash
        self.endpoint_type, self.endpoint_gid, self.qos_profile = endpoint_type, endpoint_gid, qos_profile

    def __str__(self) -> str:
        qos = self.qos_profile
        depth = f" ({qos.depth})" if qos.history == HistoryPolicy.KEEP_LAST else ""
        return "\n".join(
            [
                f"Node name: {self.node_name}",
                f"Node namespace: {self.node_namespace}",
                f"Topic type: {self.topic_type}",
                f"Topic type hash: {self.topic_type_hash or 'INVALID'}",
                f"Endpoint type: {self.endpoint_type.name}",
                f"GID: {'.'.join(f'{byte:02x}' for byte in self.endpoint_gid)}",
                "QoS profile:",
                f"  Reliability: {qos.reliability.name}",
                f"  History (Depth): {qos.history.name}{depth}",
                f"  Durability: {qos.durability.name}",
                f"  Lifespan: {qos.lifespan}",
                f"  Deadline: {qos.deadline}",
                f"  Liveliness: {qos.liveliness.name}",
                f"  Liveliness lease duration: {qos.liveliness_lease_duration}",
            ]
        )


__all__ = ["Duration", "TopicEndpointInfo", "TopicEndpointTypeEnum"]
