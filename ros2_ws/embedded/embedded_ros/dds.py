"""The few Cyclone DDS calls the runtime needs; samples are ready CDR bytes in both directions.

Entities are made through Cyclone's C interface, and samples pass through the functions with which `cyclonedds` itself
writes and takes bytes, so that no message is converted twice.
"""

import ctypes as ct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from cyclonedds._clayer import (
    ddspy_get_matched_publication_data,
    ddspy_get_matched_subscription_data,
    ddspy_read_endpoint,
    ddspy_read_participant,
    ddspy_take,
    ddspy_topic_create,
    ddspy_write,
)

from .cyclone import checked, lib
from .dds_qos import Qos, qos_from_c
from .dds_status import READER_MATCHED, WRITER_MATCHED, read_status
from .xtypes import type_information

ANY_SAMPLE = 0x7F  # read or not, new or old, alive or not
ALIVE = 16
MAX_ENDPOINTS = 50_000  # Cyclone prepares room for that many at every look at the graph
PARTICIPANTS, PUBLICATIONS, SUBSCRIPTIONS = 0x7FFF0001, 0x7FFF0003, 0x7FFF0004


class _Idl:
    """What `ddspy_topic_create` wants to know about a type whose samples are ready-made CDR."""

    data_type_props = 0  # no key
    supported_versions = 1  # XCDR version 1

    def __init__(self, name: str) -> None:
        self.idl_transformed_typename = name
        self._xt_bytedata = type_information(name)


@cache
def _topic_type(name: str) -> type[Any]:
    """Carrier of a DDS type name; kept for ever, because topics refer to it."""
    return type(name, (), {"__idl__": _Idl(name)})


_domains: set[int] = set()


def open_domain(domain_id: int, config: str) -> None:
    """Gives a domain its configuration; only the first call in a process counts."""
    if domain_id not in _domains:
        checked(lib.dds_create_domain(ct.c_uint32(domain_id), config.encode()), f"domain {domain_id}")
        _domains.add(domain_id)


class Entity:
    """Something Cyclone knows by a handle."""

    def __init__(self, handle: int, action: str) -> None:
        self.handle = checked(handle, action)

    def delete(self) -> None:
        if self.handle:
            lib.dds_delete(self.handle)
            self.handle = 0

    @property
    def gid(self) -> bytes:
        """The 16 bytes by which the network knows the entity."""
        gid = (ct.c_uint8 * 16)()
        checked(lib.dds_get_guid(self.handle, ct.byref(gid)), "GUID")
        return bytes(gid)


@dataclass(frozen=True)
class Endpoint:
    """A reader or writer somewhere on the network."""

    gid: bytes
    participant: bytes
    topic: str
    type_name: str
    qos: Qos
    alive: bool

    @property
    def user_data(self) -> dict[str, str]:
        pairs = (item.split("=", 1) for item in self.qos.user_data.decode("ascii", "replace").split(";") if "=" in item)
        return dict(pairs)


def _endpoint(*found: Any) -> Endpoint:
    """From what Cyclone hands over: key, participant's key and handle, topic, type, QoS, sample info, type id."""
    key, owner, _, topic, type_name, qos, info, _ = found
    return Endpoint(key, owner, topic, type_name, qos, info.instance_state == ALIVE if info else True)


class Participant(Entity):
    """A process's presence in a domain."""

    def __init__(self, domain_id: int, user_data: bytes) -> None:
        self.domain_id = domain_id
        qos = ct.c_void_p(Qos(user_data=user_data).to_c())
        super().__init__(
            lib.dds_create_participant(ct.c_uint32(domain_id), qos, None), f"participant in domain {domain_id}"
        )
        lib.dds_delete_qos(qos)

    def _topic(self, name: str, type_name: str) -> int:
        return checked(ddspy_topic_create(self.handle, name, _topic_type(type_name), None, None), f"topic {name}")

    def writer(self, topic: str, type_name: str, qos: Qos) -> "Writer":
        return Writer(*self._create(lib.dds_create_writer, topic, type_name, qos))

    def reader(self, topic: str, type_name: str, qos: Qos) -> "Reader":
        return Reader(*self._create(lib.dds_create_reader, topic, type_name, qos))

    def _create(self, create: Any, topic: str, type_name: str, qos: Qos) -> tuple[int, str]:
        handle, c_qos = self._topic(topic, type_name), ct.c_void_p(qos.to_c())
        try:
            return create(self.handle, handle, c_qos, None), f"{topic} ({type_name})"
        finally:
            lib.dds_delete_qos(c_qos)
            lib.dds_delete(handle)

    def participants(self) -> dict[bytes, Qos]:
        """GID and QoS of every participant alive in the domain, this one included."""

        def found(key: bytes, qos: Qos, info: Any) -> tuple[bytes, Qos, bool]:
            return key, qos, info.instance_state == ALIVE

        return {key: qos for key, qos, alive in self._builtin(PARTICIPANTS, ddspy_read_participant, found) if alive}

    def endpoints(self, kind: int) -> list[Endpoint]:
        """All PUBLICATIONS or SUBSCRIPTIONS of the domain, one's own included."""
        return [e for e in self._builtin(kind, ddspy_read_endpoint, _endpoint) if e.alive]

    def _builtin(self, topic: int, read: Any, construct: Callable[..., Any]) -> list[Any]:
        reader = Entity(lib.dds_create_reader(self.handle, ct.c_int32(topic), None, None), "built-in topic")
        try:
            found = read(reader.handle, MAX_ENDPOINTS, construct, qos_from_c)
        finally:
            reader.delete()
        return found if isinstance(found, list) else []


class Writer(Entity):
    """Sends CDR bytes."""

    def write(self, cdr: bytes) -> None:
        padding = -len(cdr) & 3
        checked(ddspy_write(self.handle, cdr + bytes(padding) if padding else cdr), "write")

    def matched(self) -> int:
        return int(read_status(self.handle, WRITER_MATCHED)[2])

    def matched_endpoints(self) -> list[Endpoint]:
        handles = (ct.c_uint64 * 1024)()
        count = min(lib.dds_get_matched_subscriptions(self.handle, handles, ct.c_size_t(1024)), 1024)
        found = (
            ddspy_get_matched_subscription_data(self.handle, h, _endpoint, qos_from_c) for h in handles[: max(count, 0)]
        )
        return [e for e in found if e is not None]

    def wait_for_acknowledgements(self, timeout_ns: int) -> bool:
        return int(lib.dds_wait_for_acks(self.handle, ct.c_int64(timeout_ns))) == 0

    def assert_liveliness(self) -> None:
        checked(lib.dds_assert_liveliness(self.handle), "assert liveliness")


class Reader(Entity):
    """Receives CDR bytes."""

    def __init__(self, handle: int, action: str) -> None:
        super().__init__(handle, action)
        self.condition = checked(lib.dds_create_readcondition(self.handle, ct.c_uint32(ANY_SAMPLE)), action)

    def take(self, count: int = 1) -> list[tuple[bytes, Any]]:
        """Up to `count` samples with data: CDR bytes and Cyclone's SampleInfo."""
        samples = ddspy_take(self.handle, ANY_SAMPLE, count)
        if isinstance(samples, int):
            checked(samples, "take")
        return [sample for sample in samples if sample[1].valid_data]

    def matched(self) -> int:
        return int(read_status(self.handle, READER_MATCHED)[2])

    def writer_of(self, publication_handle: int) -> Endpoint | None:
        """The writer a sample came from, while it is matched."""
        found = ddspy_get_matched_publication_data(self.handle, publication_handle, _endpoint, qos_from_c)
        return found if isinstance(found, Endpoint) else None


class Guard(Entity):
    """A condition set by hand."""

    def __init__(self, participant: Participant) -> None:
        super().__init__(lib.dds_create_guardcondition(participant.handle), "guard condition")

    @property
    def condition(self) -> int:
        return self.handle

    def set(self, value: bool = True) -> None:
        lib.dds_set_guardcondition(self.handle, ct.c_bool(value))


class WaitSet(Entity):
    """Blocks a thread until one of the attached conditions holds, without keeping the interpreter locked."""

    CAPACITY = 512

    def __init__(self, participant: Participant) -> None:
        super().__init__(lib.dds_create_waitset(participant.handle), "wait set")
        self._hits = (ct.c_size_t * self.CAPACITY)()

    def attach(self, condition: int, cookie: int) -> None:
        checked(lib.dds_waitset_attach(self.handle, condition, ct.c_size_t(cookie)), "attach")

    def detach(self, condition: int) -> None:
        lib.dds_waitset_detach(self.handle, condition)

    def wait(self, timeout_ns: int) -> list[int]:
        """Cookies of the conditions that hold; empty after the timeout."""
        count = lib.dds_waitset_wait(self.handle, self._hits, ct.c_size_t(self.CAPACITY), ct.c_int64(timeout_ns))
        return self._hits[: min(checked(count, "wait"), self.CAPACITY)]
