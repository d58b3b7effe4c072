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
from cyclonedds.internal import DDS

from .xtypes import type_information

INFINITE_NS = 2**63 - 1
ANY_SAMPLE = 0x7F  # read or not, new or old, alive or not
ALIVE = 16
PARTICIPANTS, PUBLICATIONS, SUBSCRIPTIONS = 0x7FFF0001, 0x7FFF0003, 0x7FFF0004
XCDR1 = 0

_lib = ct.CDLL(DDS._dll_handle._name)
for _name in ("dds_create_qos", "dds_qset_userdata"):
    getattr(_lib, _name).restype = ct.c_void_p


class DdsError(RuntimeError):
    """Cyclone DDS refused a call."""


def _checked(code: int, action: str) -> int:
    if code < 0:
        reason = _lib.dds_strretcode
        reason.restype = ct.c_char_p
        raise DdsError(f"{action}: {reason(-code).decode()}")
    return code


@dataclass(frozen=True)
class Qos:
    """Quality of service of one reader or writer; `depth` 0 keeps all samples."""

    reliable: bool = True
    transient_local: bool = False
    depth: int = 10
    deadline_ns: int = INFINITE_NS
    lifespan_ns: int = INFINITE_NS
    liveliness: int = 0  # 0 automatic, 1 by participant, 2 by topic
    lease_ns: int = INFINITE_NS
    user_data: bytes = b""

    def to_c(self) -> int:
        """A dds_qos_t to be freed with dds_delete_qos."""
        qos = ct.c_void_p(_lib.dds_create_qos())
        ns = ct.c_int64
        kind = 1 if self.depth == 0 else 0
        _lib.dds_qset_reliability(qos, int(self.reliable), ns(INFINITE_NS))
        _lib.dds_qset_durability(qos, int(self.transient_local))
        _lib.dds_qset_history(qos, kind, self.depth or -1)
        if self.transient_local:
            _lib.dds_qset_durability_service(qos, ns(0), kind, self.depth or -1, -1, -1, -1)
        _lib.dds_qset_deadline(qos, ns(self.deadline_ns))
        _lib.dds_qset_lifespan(qos, ns(self.lifespan_ns))
        _lib.dds_qset_liveliness(qos, self.liveliness, ns(self.lease_ns))
        _lib.dds_qset_writer_data_lifecycle(qos, ct.c_bool(False))
        _lib.dds_qset_data_representation(qos, ct.c_uint32(1), (ct.c_int16 * 1)(XCDR1))
        _lib.dds_qset_userdata(qos, self.user_data, ct.c_size_t(len(self.user_data)))
        return int(qos.value or 0)


def qos_from_c(pointer: int) -> Qos:
    """What a dds_qos_t says."""
    qos = ct.c_void_p(pointer)
    kind, depth, ns = ct.c_int(), ct.c_int32(), ct.c_int64()
    found: dict[str, Any] = {}
    _lib.dds_qget_reliability(qos, ct.byref(kind), ct.byref(ns))
    found["reliable"] = kind.value == 1
    _lib.dds_qget_durability(qos, ct.byref(kind))
    found["transient_local"] = kind.value >= 1
    if _lib.dds_qget_history(qos, ct.byref(kind), ct.byref(depth)):
        found["depth"] = 0 if kind.value == 1 else depth.value
    for key, getter in (("deadline_ns", _lib.dds_qget_deadline), ("lifespan_ns", _lib.dds_qget_lifespan)):
        if getter(qos, ct.byref(ns)):
            found[key] = ns.value
    if _lib.dds_qget_liveliness(qos, ct.byref(kind), ct.byref(ns)):
        found["liveliness"], found["lease_ns"] = kind.value, ns.value
    data, size = ct.c_void_p(), ct.c_size_t()
    if _lib.dds_qget_userdata(qos, ct.byref(data), ct.byref(size)) and data.value:
        found["user_data"] = ct.string_at(data.value, size.value)
        _lib.dds_free(data)
    return Qos(**found)


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
        _checked(_lib.dds_create_domain(ct.c_uint32(domain_id), config.encode()), f"domain {domain_id}")
        _domains.add(domain_id)


class Entity:
    """Something Cyclone knows by a handle."""

    def __init__(self, handle: int, action: str) -> None:
        self.handle = _checked(handle, action)

    def delete(self) -> None:
        if self.handle:
            _lib.dds_delete(self.handle)
            self.handle = 0

    @property
    def gid(self) -> bytes:
        """The 16 bytes by which the network knows the entity."""
        gid = (ct.c_uint8 * 16)()
        _checked(_lib.dds_get_guid(self.handle, ct.byref(gid)), "GUID")
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
            _lib.dds_create_participant(ct.c_uint32(domain_id), qos, None), f"participant in domain {domain_id}"
        )
        _lib.dds_delete_qos(qos)

    def _topic(self, name: str, type_name: str) -> int:
        return _checked(ddspy_topic_create(self.handle, name, _topic_type(type_name), None, None), f"topic {name}")

    def writer(self, topic: str, type_name: str, qos: Qos) -> "Writer":
        return Writer(*self._create(_lib.dds_create_writer, topic, type_name, qos))

    def reader(self, topic: str, type_name: str, qos: Qos) -> "Reader":
        return Reader(*self._create(_lib.dds_create_reader, topic, type_name, qos))

    def _create(self, create: Any, topic: str, type_name: str, qos: Qos) -> tuple[int, str]:
        handle, c_qos = self._topic(topic, type_name), ct.c_void_p(qos.to_c())
        try:
            return create(self.handle, handle, c_qos, None), f"{topic} ({type_name})"
        finally:
            _lib.dds_delete_qos(c_qos)
            _lib.dds_delete(handle)

    def participants(self) -> dict[bytes, Qos]:
        """GID and QoS of every participant alive in the domain, this one included."""

        def found(key: bytes, qos: Qos, info: Any) -> tuple[bytes, Qos, bool]:
            return key, qos, info.instance_state == ALIVE

        return {key: qos for key, qos, alive in self._builtin(PARTICIPANTS, ddspy_read_participant, found) if alive}

    def endpoints(self, kind: int) -> list[Endpoint]:
        """All PUBLICATIONS or SUBSCRIPTIONS of the domain, one's own included."""
        return [e for e in self._builtin(kind, ddspy_read_endpoint, _endpoint) if e.alive]

    def _builtin(self, topic: int, read: Any, construct: Callable[..., Any]) -> list[Any]:
        reader = Entity(_lib.dds_create_reader(self.handle, ct.c_int32(topic), None, None), "built-in topic")
        try:
            found = read(reader.handle, 1_000_000, construct, qos_from_c)
        finally:
            reader.delete()
        return found if isinstance(found, list) else []


class _Matched(ct.Structure):
    _fields_ = (
        ("total", ct.c_uint32),
        ("total_change", ct.c_int32),
        ("current", ct.c_uint32),
        ("current_change", ct.c_int32),
        ("last", ct.c_uint64),
    )


def _matched_count(getter: Any, handle: int) -> int:
    status = _Matched()
    _checked(getter(handle, ct.byref(status)), "matched status")
    return int(status.current)


class Writer(Entity):
    """Sends CDR bytes."""

    def write(self, cdr: bytes) -> None:
        padding = -len(cdr) & 3
        _checked(ddspy_write(self.handle, cdr + bytes(padding) if padding else cdr), "write")

    def matched(self) -> int:
        return _matched_count(_lib.dds_get_publication_matched_status, self.handle)

    def matched_endpoints(self) -> list[Endpoint]:
        handles = (ct.c_uint64 * 1024)()
        count = min(_lib.dds_get_matched_subscriptions(self.handle, handles, ct.c_size_t(1024)), 1024)
        found = (
            ddspy_get_matched_subscription_data(self.handle, h, _endpoint, qos_from_c) for h in handles[: max(count, 0)]
        )
        return [e for e in found if e is not None]

    def wait_for_acknowledgements(self, timeout_ns: int) -> bool:
        return int(_lib.dds_wait_for_acks(self.handle, ct.c_int64(timeout_ns))) == 0

    def assert_liveliness(self) -> None:
        _checked(_lib.dds_assert_liveliness(self.handle), "assert liveliness")


class Reader(Entity):
    """Receives CDR bytes."""

    def __init__(self, handle: int, action: str) -> None:
        super().__init__(handle, action)
        self.condition = _checked(_lib.dds_create_readcondition(self.handle, ct.c_uint32(ANY_SAMPLE)), action)

    def take(self, count: int = 1) -> list[tuple[bytes, Any]]:
        """Up to `count` samples with data: CDR bytes and Cyclone's SampleInfo."""
        samples = ddspy_take(self.handle, ANY_SAMPLE, count)
        if isinstance(samples, int):
            _checked(samples, "take")
        return [sample for sample in samples if sample[1].valid_data]

    def matched(self) -> int:
        return _matched_count(_lib.dds_get_subscription_matched_status, self.handle)

    def writer_of(self, publication_handle: int) -> Endpoint | None:
        """The writer a sample came from, while it is matched."""
        found = ddspy_get_matched_publication_data(self.handle, publication_handle, _endpoint, qos_from_c)
        return found if isinstance(found, Endpoint) else None


class Guard(Entity):
    """A condition set by hand."""

    def __init__(self, participant: Participant) -> None:
        super().__init__(_lib.dds_create_guardcondition(participant.handle), "guard condition")

    @property
    def condition(self) -> int:
        return self.handle

    def set(self, value: bool = True) -> None:
        _lib.dds_set_guardcondition(self.handle, ct.c_bool(value))


class WaitSet(Entity):
    """Blocks a thread until one of the attached conditions holds, without keeping the interpreter locked."""

    CAPACITY = 512

    def __init__(self, participant: Participant) -> None:
        super().__init__(_lib.dds_create_waitset(participant.handle), "wait set")
        self._hits = (ct.c_size_t * self.CAPACITY)()

    def attach(self, condition: int, cookie: int) -> None:
        _checked(_lib.dds_waitset_attach(self.handle, condition, ct.c_size_t(cookie)), "attach")

    def detach(self, condition: int) -> None:
        _lib.dds_waitset_detach(self.handle, condition)

    def wait(self, timeout_ns: int) -> list[int]:
        """Cookies of the conditions that hold; empty after the timeout."""
        count = _lib.dds_waitset_wait(self.handle, self._hits, ct.c_size_t(self.CAPACITY), ct.c_int64(timeout_ns))
        return self._hits[: min(_checked(count, "wait"), self.CAPACITY)]
