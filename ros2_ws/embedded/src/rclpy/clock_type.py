from enum import IntEnum


class ClockType(IntEnum):
    """Kinds of clock; ROS time is system time unless a simulation drives it."""

    UNINITIALIZED = 0
    ROS_TIME = 1
    SYSTEM_TIME = 2
    STEADY_TIME = 3
