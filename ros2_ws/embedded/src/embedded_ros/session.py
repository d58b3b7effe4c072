"""One participant with its graph, shared by all nodes of a context."""

import struct
import threading
from typing import Any

from . import wire
from .cdr import CdrError, deserialize, serialize
from .dds import Endpoint, Participant, Reader, Writer
from .graph import Graph, NodeEntities
from .messages import Message

HEADER = struct.Struct("<Qq")  # client, sequence number; between encapsulation header and message


class Session:
    """Makes endpoints with ROS names on a DDS participant."""

    def __init__(self, domain_id: int, enclave: str = "/") -> None:
        self.participant = Participant(domain_id, wire.cyclone_config(), f"enclave={enclave};".encode())
        self.gid = self.participant.gid
        self.graph = Graph(self.participant)
        self._identities = 0
        self._lock = threading.Lock()

    def new_identity(self) -> bytes:
        """16 bytes that name a client or server."""
        with self._lock:
            self._identities += 1
            return self.gid[:12] + self._identities.to_bytes(4, "big")

    def close(self) -> None:
        self.participant.delete()


class ServiceEndpoint:
    """What client and server share: a reader, a writer, one identity and the 16-byte header."""

    def __init__(
        self, session: Session, node: NodeEntities, service: str, service_type: type, qos: Any, *, server: bool
    ) -> None:
        sends, receives = service_type.Response, service_type.Request  # type: ignore[attr-defined]
        if not server:
            sends, receives = receives, sends
        self._session, self._node = session, node
        self._sends, self._receives = sends, receives
        entry = wire.identity("serviceid" if server else "clientid", session.new_identity())
        names = [wire.reply_name(service), wire.request_name(service)]
        writer_topic, reader_topic = names if server else reversed(names)
        self.writer: Writer = session.participant.writer(
            writer_topic, wire.dds_type(sends.TYPE_NAME), qos.to_dds(wire.user_data(sends.TYPE_NAME, entry))
        )
        self.reader: Reader = session.participant.reader(
            reader_topic, wire.dds_type(receives.TYPE_NAME), qos.to_dds(wire.user_data(receives.TYPE_NAME, entry))
        )
        session.graph.add(node, writers=[self.writer.gid], readers=[self.reader.gid])

    @staticmethod
    def pack(client: int, sequence: int, message: Any) -> bytes:
        """CDR bytes of a request or response with its header."""
        cdr = serialize(message)
        return cdr[:4] + HEADER.pack(client, sequence) + cdr[4:]

    def take(self) -> tuple[int, int, Message, object] | None:
        """Client, sequence number, message and sample information; None if there is nothing."""
        for cdr, info in self.reader.take_cdr(1):
            if len(cdr) < 4 + HEADER.size:
                raise CdrError(f"{len(cdr)} bytes are too few for a service header")
            client, sequence = HEADER.unpack_from(cdr, 4)
            return client, sequence, deserialize(self._receives, cdr[:4] + cdr[4 + HEADER.size :]), info
        return None

    def knows_server(self) -> bool:
        """Whether both halves of one server are matched."""
        return bool(
            _ids("serviceid", self.writer.matched_endpoints()) & _ids("serviceid", self.reader.matched_endpoints())
        )

    def knows_client(self, publication: int) -> bool:
        """Whether the reader of the client that wrote a request is matched; also if it has left."""
        client = _ids("clientid", self.reader.matched_endpoints(publication)) - {None}
        return client <= _ids("clientid", self.writer.matched_endpoints())

    def destroy(self) -> None:
        self._session.graph.remove(self._node, self.writer.gid, self.reader.gid)
        self.writer.delete()
        self.reader.delete()


def _ids(key: str, endpoints: list[Endpoint]) -> set[str | None]:
    """Which servers (`serviceid`) or clients (`clientid`) endpoints belong to; None for those that do not say."""
    return {endpoint.user_data.get(key) for endpoint in endpoints}
