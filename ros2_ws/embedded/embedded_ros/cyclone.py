"""Cyclone DDS's C library, and errors from it."""

import ctypes as ct

from cyclonedds.internal import DDS

lib = ct.CDLL(DDS._dll_handle._name)
for _name in ("dds_create_qos", "dds_qset_userdata"):
    getattr(lib, _name).restype = ct.c_void_p


class DdsError(RuntimeError):
    """Cyclone DDS refused a call."""


def checked(code: int, action: str) -> int:
    if code < 0:
        reason = lib.dds_strretcode
        reason.restype = ct.c_char_p
        raise DdsError(f"{action}: {reason(-code).decode()}")
    return code
