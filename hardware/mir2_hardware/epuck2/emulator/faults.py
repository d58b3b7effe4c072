"""What may go wrong with an emulated robot, or with the link to it."""

import math
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from mir2_core.errors import UserError, nearest


class LinkFault(StrEnum):
    """The faults by name."""

    SLOW = "slow"  # every byte arrives late
    HALF_OPEN = "half-open"  # the connection stands, but nothing comes through
    RESET = "reset"  # once, in the middle of a reply
    GARBAGE = "garbage"  # replies are random bytes
    LOW_BATTERY = "low-battery"
    OFF = "off"  # switched off; what is switched on again begins anew


class PlannedFault(NamedTuple):
    """A fault of one robot, from a time on for a while."""

    kind: LinkFault
    robot: str
    start_s: float
    duration_s: float = math.inf

    def active(self, now_s: float) -> bool:
        """Whether it holds at that time."""
        return self.start_s <= now_s < self.start_s + self.duration_s


_FAULT = re.compile(r"(?P<kind>[^@]+)@(?P<robot>[^:]+):(?P<start>[\d.]+)(:(?P<duration>[\d.]+))?")


def parse_fault(text: str, robots: Sequence[str]) -> PlannedFault:
    """Read `kind@robot:start_s[:duration_s]`."""
    match = _FAULT.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        start_s, duration_s = float(match["start"]), float(match["duration"] or "inf")
    except ValueError:
        raise UserError(
            f"--fault is '{text}'; allowed: kind@robot:start_s[:duration_s], such as reset@robot_1:5"
        ) from None
    if match["kind"] not in set(LinkFault):
        raise UserError(f"--fault: unknown fault '{match['kind']}'; {nearest(match['kind'], LinkFault)}")
    if match["robot"] not in robots:
        raise UserError(f"--fault: unknown robot '{match['robot']}'; {nearest(match['robot'], robots)}")
    return PlannedFault(LinkFault(match["kind"]), match["robot"], start_s, duration_s)
