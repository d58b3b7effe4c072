"""Quality of service in DDS terms."""

import ctypes as ct
from dataclasses import dataclass
from typing import Any

from .cyclone import lib

INFINITE_NS = 2**63 - 1
XCDR1 = 0


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
        qos = ct.c_void_p(lib.dds_create_qos())
        ns = ct.c_int64
        kind = 1 if self.depth == 0 else 0
        lib.dds_qset_reliability(qos, int(self.reliable), ns(INFINITE_NS))
        lib.dds_qset_durability(qos, int(self.transient_local))
        lib.dds_qset_history(qos, kind, self.depth or -1)
        if self.transient_local:
            lib.dds_qset_durability_service(qos, ns(0), kind, self.depth or -1, -1, -1, -1)
        lib.dds_qset_deadline(qos, ns(self.deadline_ns))
        lib.dds_qset_lifespan(qos, ns(self.lifespan_ns))
        lib.dds_qset_liveliness(qos, self.liveliness, ns(self.lease_ns))
        lib.dds_qset_writer_data_lifecycle(qos, ct.c_bool(False))
        lib.dds_qset_data_representation(qos, ct.c_uint32(1), (ct.c_int16 * 1)(XCDR1))
        lib.dds_qset_userdata(qos, self.user_data, ct.c_size_t(len(self.user_data)))
        return int(qos.value or 0)


def qos_from_c(pointer: int) -> Qos:
    """What a dds_qos_t says."""
    qos = ct.c_void_p(pointer)
    kind, depth, ns = ct.c_int(), ct.c_int32(), ct.c_int64()
    found: dict[str, Any] = {}
    lib.dds_qget_reliability(qos, ct.byref(kind), ct.byref(ns))
    found["reliable"] = kind.value == 1
    lib.dds_qget_durability(qos, ct.byref(kind))
    found["transient_local"] = kind.value >= 1
    if lib.dds_qget_history(qos, ct.byref(kind), ct.byref(depth)):
        found["depth"] = 0 if kind.value == 1 else depth.value
    for key, getter in (("deadline_ns", lib.dds_qget_deadline), ("lifespan_ns", lib.dds_qget_lifespan)):
        if getter(qos, ct.byref(ns)):
            found[key] = ns.value
    if lib.dds_qget_liveliness(qos, ct.byref(kind), ct.byref(ns)):
        found["liveliness"], found["lease_ns"] = kind.value, ns.value
    data, size = ct.c_void_p(), ct.c_size_t()
    if lib.dds_qget_userdata(qos, ct.byref(data), ct.byref(size)) and data.value:
        found["user_data"] = ct.string_at(data.value, size.value)
        lib.dds_free(data)
    return Qos(**found)
