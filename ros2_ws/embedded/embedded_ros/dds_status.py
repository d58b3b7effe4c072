"""What Cyclone DDS counts for a reader or writer: missed deadlines, liveliness, incompatible QoS, matches, losses."""

import ctypes as ct
import struct
from dataclasses import dataclass

from .cyclone import checked, lib


@dataclass(frozen=True)
class Status:
    """One kind of status: its bit in Cyclone's masks, the C function that reads it and the layout of what it gives."""

    bit: int
    getter: str
    layout: str


WRITER_DEADLINE = Status(1 << 1, "dds_get_offered_deadline_missed_status", "<Ii8x")
READER_DEADLINE = Status(1 << 2, "dds_get_requested_deadline_missed_status", "<Ii8x")
WRITER_INCOMPATIBLE = Status(1 << 3, "dds_get_offered_incompatible_qos_status", "<IiI")
READER_INCOMPATIBLE = Status(1 << 4, "dds_get_requested_incompatible_qos_status", "<IiI")
READER_LOST = Status(1 << 5, "dds_get_sample_lost_status", "<Ii")
WRITER_LIVELINESS = Status(1 << 9, "dds_get_liveliness_lost_status", "<Ii")
READER_LIVELINESS = Status(1 << 10, "dds_get_liveliness_changed_status", "<IIii8x")
WRITER_MATCHED = Status(1 << 11, "dds_get_publication_matched_status", "<IiIi8x")
READER_MATCHED = Status(1 << 12, "dds_get_subscription_matched_status", "<IiIi8x")
POLICY_NAMES = {2: "DURABILITY", 4: "DEADLINE", 8: "LIVELINESS", 11: "RELIABILITY", 13: "HISTORY", 21: "LIFESPAN"}


def watch(handle: int, statuses: list[Status]) -> None:
    """Makes the reader or writer itself a condition that holds while one of these has changed."""
    checked(lib.dds_set_status_mask(handle, ct.c_uint32(sum(status.bit for status in statuses))), "status mask")


def changed(handle: int) -> int:
    """Bits of the statuses that have changed since they were read."""
    mask = ct.c_uint32()
    checked(lib.dds_get_status_changes(handle, ct.byref(mask)), "status changes")
    return mask.value


def read_status(handle: int, status: Status) -> tuple[int, ...]:
    """The numbers in the order of the C structure; changes count from the last time."""
    data = (ct.c_uint64 * 4)()
    checked(getattr(lib, status.getter)(handle, ct.byref(data)), status.getter)
    return struct.unpack_from(status.layout, bytes(data))
