"""Cyclone DDS as the runtime uses it: samples are ready CDR bytes in both directions.

The entities are those of `cyclonedds`. Bytes go through the C functions with which it writes and takes them itself, so
that no message is converted twice, and the wait set says which of its conditions hold.
"""

import ctypes as ct
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any

from cyclonedds._clayer import (
    ddspy_get_matched_publication_data,
    ddspy_get_matched_subscription_data,
    ddspy_read_endpoint,
    ddspy_read_participant,
    ddspy_take,
    ddspy_write,
)
from cyclonedds.builtin import (
    BuiltinDataReader,
    BuiltinTopicDcpsParticipant,
    BuiltinTopicDcpsPublication,
    BuiltinTopicDcpsSubscription,
)
from cyclonedds.builtin_types import cqos_to_qos
from cyclonedds.core import DDSException, GuardCondition, InstanceState, ReadCondition, SampleState, ViewState
from cyclonedds.core import WaitSet as CycloneWaitSet
from cyclonedds.domain import Domain, DomainParticipant
from cyclonedds.internal import DDS
from cyclonedds.pub import DataWriter
from cyclonedds.qos import Policy, Qos
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic

from .xtypes import type_information

INFINITE_NS = 2**63 - 1
ANY_SAMPLE = SampleState.Any | ViewState.Any | InstanceState.Any
MAX_ENDPOINTS = 50_000  # Cyclone prepares room for that many at every look at the graph

_domains: dict[int, Any] = {}
_present: Counter[int] = Counter()  # participants of this process, by domain
_changing_domains = Lock()
_reading_qos = Lock()  # `cyclonedds` reads every QoS into the same buffers


class _Idl:
    """What `cyclonedds` wants to know about a type whose samples are ready-made CDR."""

    data_type_props = 0  # no key
    supported_versions = 1  # XCDR version 1

    def __init__(self, name: str) -> None:
        self.idl_transformed_typename = name
        self._xt_bytedata = type_information(name)

    def populate(self) -> None:
        """Nothing to prepare."""

    fill_type_data = populate


@cache
def _data_type(name: str) -> type[Any]:
    """Carrier of a DDS type name; kept for ever, because topics refer to it."""
    return type(name, (), {"__idl__": _Idl(name)})


def make_qos(
    *,
    reliable: bool = True,
    transient_local: bool = False,
    depth: int = 10,
    deadline_ns: int = INFINITE_NS,
    lifespan_ns: int = INFINITE_NS,
    manual_liveliness: bool = False,
    lease_ns: int = INFINITE_NS,
    user_data: bytes = b"",
) -> Any:
    """Quality of service of a reader or writer as ROS 2 sets it; a depth of 0 keeps all samples."""
    history = Policy.History.KeepLast(depth) if depth else Policy.History.KeepAll
    liveliness = Policy.Liveliness.ManualByTopic if manual_liveliness else Policy.Liveliness.Automatic
    policies = [
        Policy.Reliability.Reliable(INFINITE_NS) if reliable else Policy.Reliability.BestEffort,
        Policy.Durability.TransientLocal if transient_local else Policy.Durability.Volatile,
        history,
        Policy.Deadline(deadline_ns),
        Policy.Lifespan(lifespan_ns),
        liveliness(lease_ns),
        Policy.WriterDataLifecycle(autodispose=False),
        Policy.DataRepresentation(use_cdrv0_representation=True),
        Policy.Userdata(user_data),
    ]
    if transient_local:
        policies.append(Policy.DurabilityService(0, history, -1, -1, -1))
    return Qos(*policies)


def user_data(qos: Any) -> dict[str, str]:
    """The `key=value;` entries that ROS 2 puts into the user data of participants, readers and writers."""
    policy = qos[Policy.Userdata]
    text = policy.data.decode("ascii", "replace") if policy else ""
    return dict(item.split("=", 1) for item in text.split(";") if "=" in item)


@dataclass(frozen=True)
class Endpoint:
    """A reader or writer somewhere on the network."""

    gid: bytes
    participant: bytes
    topic: str
    type_name: str
    qos: Any
    alive: bool

    @property
    def user_data(self) -> dict[str, str]:
        return user_data(self.qos)


def _endpoint(*found: Any) -> Endpoint:
    """From what Cyclone hands over: key, participant's key and handle, topic, type, QoS, sample info, type id."""
    key, owner, _, topic, type_name, qos, info, _ = found
    return Endpoint(key, owner, topic, type_name, qos, info.instance_state == InstanceState.Alive if info else True)


def _known(read: Any, ref: int, handles: Iterable[int]) -> list[Endpoint]:
    """What an entity knows about those of its matched endpoints that are still there."""
    with _reading_qos:
        found = [read(ref, handle, _endpoint, cqos_to_qos) for handle in handles]
    return [endpoint for endpoint in found if isinstance(endpoint, Endpoint)]


class _Entity:
    """What the entities of `cyclonedds` get here: the network's name for them, and an end of one's choice."""

    _ref: int
    _entities: Any
    guid: Any
    __del__: Callable[[], None]

    @property
    def gid(self) -> bytes:
        """The 16 bytes by which the network knows the entity."""
        return bytes(self.guid.bytes)

    @property
    def is_deleted(self) -> bool:
        return self._ref not in self._entities

    def delete(self) -> None:
        self.__del__()


class Participant(DomainParticipant, _Entity):
    """A process's presence in a domain; the first of a process brings the domain's configuration, the last ends it."""

    def __init__(self, domain_id: int, config: str, data: bytes = b"") -> None:
        with _changing_domains:
            if domain_id not in _domains:
                _domains[domain_id] = Domain(domain_id, config)
            super().__init__(domain_id, Qos(Policy.Userdata(data)))
            _present[domain_id] += 1
        self._domain_id = domain_id

    def delete(self) -> None:
        with _changing_domains:
            if self.is_deleted:
                return
            super().delete()
            _present[self._domain_id] -= 1
            if not _present[self._domain_id]:
                _domains.pop(self._domain_id).__del__()  # its threads and ports too

    def writer(self, topic: str, type_name: str, qos: Any) -> "Writer":
        return Writer(self, Topic(self, topic, _data_type(type_name)), qos)

    def reader(self, topic: str, type_name: str, qos: Any) -> "Reader":
        return Reader(self, Topic(self, topic, _data_type(type_name)), qos)

    def participants(self) -> dict[bytes, dict[str, str]]:
        """GID and user data of every participant alive in the domain, this one included."""

        def found(key: bytes, qos: Any, info: Any) -> tuple[bytes, Any, bool]:
            return key, qos, info.instance_state == InstanceState.Alive

        listed = self._builtin(BuiltinTopicDcpsParticipant, ddspy_read_participant, found)
        return {key: user_data(qos) for key, qos, alive in listed if alive}

    def endpoints(self, *, readers: bool) -> list[Endpoint]:
        """All readers or writers of the domain, one's own included."""
        topic = BuiltinTopicDcpsSubscription if readers else BuiltinTopicDcpsPublication
        return [e for e in self._builtin(topic, ddspy_read_endpoint, _endpoint) if e.alive]

    def _builtin(self, topic: Any, read: Any, construct: Callable[..., Any]) -> list[Any]:
        reader = BuiltinDataReader(self, topic)
        try:
            with _reading_qos:
                found = read(reader._ref, MAX_ENDPOINTS, construct, cqos_to_qos)
        finally:
            reader.__del__()  # now, not when Python finds the cycle of reader and condition
        return found if isinstance(found, list) else []


class Writer(DataWriter[Any], _Entity):
    """Sends CDR bytes."""

    def write_cdr(self, cdr: bytes) -> None:
        padding = -len(cdr) & 3
        if (code := ddspy_write(self._ref, cdr + bytes(padding) if padding else cdr)) < 0:
            raise DDSException(code, "while writing")

    def matched(self) -> int:
        return int(self.get_publication_matched_status().current_count)  # type: ignore[no-untyped-call]

    def matched_endpoints(self) -> list[Endpoint]:
        return _known(ddspy_get_matched_subscription_data, self._ref, self.get_matched_subscriptions())

    def assert_liveliness(self) -> None:
        DDS._dll_handle.dds_assert_liveliness(self._ref)


class Reader(DataReader[Any], _Entity):
    """Receives CDR bytes."""

    def __init__(self, participant: Participant, topic: Any, qos: Any) -> None:
        super().__init__(participant, topic, qos)
        self.condition = ReadCondition(self, ANY_SAMPLE)

    def take_cdr(self, count: int = 1) -> list[tuple[bytes, Any]]:
        """Up to `count` samples with data: CDR bytes and Cyclone's SampleInfo."""
        samples = ddspy_take(self._ref, ANY_SAMPLE, count)
        if isinstance(samples, int):
            raise DDSException(samples, "while taking")
        return [sample for sample in samples if sample[1].valid_data]

    def matched(self) -> int:
        return int(self.get_subscription_matched_status().current_count)  # type: ignore[no-untyped-call]

    def matched_endpoints(self, *handles: int) -> list[Endpoint]:
        """Matched writers, or those of them with the handles that samples tell."""
        return _known(ddspy_get_matched_publication_data, self._ref, handles or self.get_matched_publications())


class Guard(GuardCondition, _Entity):
    """A condition set by hand; nothing happens when it is deleted already."""

    def set(self, value: bool = True) -> None:
        self._set_guardcondition(self._ref, value)


class WaitSet:
    """Blocks a thread until one of the attached conditions holds, without keeping the interpreter locked."""

    CAPACITY = 64  # what holds beyond that is found by the next wait
    _Hits = ct.c_void_p * CAPACITY

    def __init__(self, participant: Participant) -> None:
        self._waitset: Any = CycloneWaitSet(participant)

    def attach(self, condition: Any, cookie: int) -> None:
        """Has `wait` return the cookie, a positive number, while the condition holds."""
        if (code := self._waitset._waitset_attach(self._waitset._ref, condition._ref, cookie)) < 0:
            raise DDSException(code, "while attaching to a wait set")

    def detach(self, condition: Any) -> None:
        self._waitset._waitset_detach(self._waitset._ref, condition._ref)

    def wait(self, timeout_ns: int) -> list[int]:
        """Cookies of the conditions that hold; empty after the timeout."""
        hits = self._Hits()
        count = self._waitset._waitset_wait(self._waitset._ref, hits, self.CAPACITY, timeout_ns)
        if count < 0:
            raise DDSException(count, "while waiting")
        return [cookie for cookie in hits[: min(count, self.CAPACITY)] if cookie]

    def delete(self) -> None:
        self._waitset.__del__()
