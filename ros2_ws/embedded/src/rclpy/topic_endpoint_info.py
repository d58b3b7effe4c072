from dataclasses import dataclass, field
from enum import IntEnum

from .qos import HistoryPolicy, QoSProfile, qos_profile_unknown
from .type_hash import TypeHash


class TopicEndpointTypeEnum(IntEnum):
    INVALID = 0
    PUBLISHER = 1
    SUBSCRIPTION = 2


@dataclass(kw_only=True)
class TopicEndpointInfo:
    """What the graph knows about one publisher or subscription."""

    node_name: str = ""
    node_namespace: str = ""
    topic_type: str = ""
    topic_type_hash: TypeHash = field(default_factory=TypeHash)
    endpoint_type: TopicEndpointTypeEnum = TopicEndpointTypeEnum.INVALID
    endpoint_gid: list[int] = field(default_factory=list)
    qos_profile: QoSProfile = field(default_factory=lambda: qos_profile_unknown)

    def __str__(self) -> str:
        qos = self.qos_profile
        depth = f" ({qos.depth})" if qos.history == HistoryPolicy.KEEP_LAST else ""
        return f"""\
Node name: {self.node_name}
Node namespace: {self.node_namespace}
Topic type: {self.topic_type}
Topic type hash: {self.topic_type_hash}
Endpoint type: {self.endpoint_type.name}
GID: {".".join(f"{byte:02x}" for byte in self.endpoint_gid)}
QoS profile:
  Reliability: {qos.reliability.name}
  History (Depth): {qos.history.name}{depth}
  Durability: {qos.durability.name}
  Lifespan: {qos.lifespan}
  Deadline: {qos.deadline}
  Liveliness: {qos.liveliness.name}
  Liveliness lease duration: {qos.liveliness_lease_duration}"""
