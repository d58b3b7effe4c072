"""The ROS graph: which node has which reader and writer, published and read on `ros_discovery_info`."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock

from . import wire
from .cdr import deserialize, serialize
from .dds import Endpoint, Participant, make_qos
from .messages import message_class

INFO_TYPE = "rmw_dds_common/msg/ParticipantEntitiesInfo"
TAKE_AT_ONCE = 50
GID_AT = slice(4, 20)  # where the participant's GID is in the CDR bytes


@dataclass
class NodeEntities:
    """GIDs of one node's readers and writers."""

    namespace: str
    name: str
    readers: list[bytes] = field(default_factory=list)
    writers: list[bytes] = field(default_factory=list)


class Graph:
    """This participant's nodes, and those of all others."""

    def __init__(self, participant: Participant) -> None:
        self._participant = participant
        self._gid = participant.gid
        self._own: list[NodeEntities] = []
        self._others: dict[bytes, bytes] = {}
        self._paused = 0
        self._lock = RLock()
        data, type_name = wire.user_data(INFO_TYPE), wire.dds_type(INFO_TYPE)
        topic = "ros_discovery_info", type_name
        self._writer = participant.writer(*topic, make_qos(transient_local=True, depth=1, user_data=data))
        self.reader = participant.reader(*topic, make_qos(transient_local=True, depth=0, user_data=data))

    def add_node(self, namespace: str, name: str) -> NodeEntities:
        node = NodeEntities(namespace, name)
        with self._lock:
            self._own.append(node)
            self._publish()
        return node

    def remove_node(self, node: NodeEntities) -> None:
        with self._lock:
            self._own = [other for other in self._own if other is not node]
            self._publish()

    def add(self, node: NodeEntities, *, readers: Iterable[bytes] = (), writers: Iterable[bytes] = ()) -> None:
        with self._lock:
            node.readers.extend(readers)
            node.writers.extend(writers)
            self._publish()

    def remove(self, node: NodeEntities, *gids: bytes) -> None:
        with self._lock:
            node.readers = [gid for gid in node.readers if gid not in gids]
            node.writers = [gid for gid in node.writers if gid not in gids]
            self._publish()

    @contextmanager
    def one_update(self) -> Iterator[None]:
        """Publishes what changes inside the block only once."""
        self._paused += 1
        try:
            yield
        finally:
            self._paused -= 1
            self._publish()

    def _publish(self) -> None:
        if self._paused:
            return
        info = message_class(INFO_TYPE)()
        gid_class = message_class("rmw_dds_common/msg/Gid")
        node_class = message_class("rmw_dds_common/msg/NodeEntitiesInfo")
        info.gid = gid_class(data=list(self._gid))  # type: ignore[attr-defined]
        info.node_entities_info_seq = [  # type: ignore[attr-defined]
            node_class(
                node_namespace=node.namespace,
                node_name=node.name,
                reader_gid_seq=[gid_class(data=list(gid)) for gid in node.readers],
                writer_gid_seq=[gid_class(data=list(gid)) for gid in node.writers],
            )
            for node in self._own
        ]
        self._writer.write_cdr(serialize(info))

    def collect(self) -> None:
        """Keeps the newest announcement of every participant."""
        with self._lock:
            while samples := self.reader.take_cdr(TAKE_AT_ONCE):
                self._others.update((cdr[GID_AT], cdr) for cdr, _ in samples)

    def nodes(self) -> list[NodeEntities]:
        """All nodes of the participants that are alive, one's own included."""
        self.collect()
        found = []
        alive = self._participant.participants()
        with self._lock:
            self._others = {gid: cdr for gid, cdr in self._others.items() if gid in alive}
            others = [cdr for gid, cdr in self._others.items() if gid != self._gid]
            found.extend(self._own)
        for cdr in others:
            for node in deserialize(message_class(INFO_TYPE), cdr).node_entities_info_seq:
                readers = [bytes(gid.data) for gid in node.reader_gid_seq]
                writers = [bytes(gid.data) for gid in node.writer_gid_seq]
                found.append(NodeEntities(node.node_namespace, node.node_name, readers, writers))
        return found

    def enclaves(self) -> dict[bytes, str]:
        """Participant GID -> enclave."""
        return {gid: data.get("enclave", "") for gid, data in self._participant.participants().items()}

    def endpoints(self, *, readers: bool) -> list[Endpoint]:
        return self._participant.endpoints(readers=readers)

    def topics(self, *, no_demangle: bool = False) -> dict[str, set[str]]:
        """Topic -> types."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for endpoint in [*self.endpoints(readers=True), *self.endpoints(readers=False)]:
            if no_demangle:
                found[endpoint.topic].add(endpoint.type_name)
            elif topic := wire.ros_topic(endpoint.topic):
                found[topic].add(wire.ros_type(endpoint.type_name) or endpoint.type_name)
        return found

    def services(self, gids: set[bytes] | None = None, *, clients: bool = False) -> dict[str, set[str]]:
        """Service -> types: all, or those whose request reader (server) or writer (client) is among `gids`."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        others = [] if gids is not None else self.endpoints(readers=clients)
        for endpoint in [*self.endpoints(readers=not clients), *others]:
            service = wire.ros_service(endpoint.topic) if endpoint.topic.startswith("rq/") else None
            if service and (gids is None or endpoint.gid in gids):
                found[service].add(wire.ros_type(endpoint.type_name) or endpoint.type_name)
        return found
