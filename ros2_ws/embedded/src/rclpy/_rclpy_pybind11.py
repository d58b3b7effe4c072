"""The exceptions under the name of the C module that publishes them in ROS 2."""

from .exceptions import (
    InvalidHandle,
    NodeNameNonExistentError,
    RCLError,
    RCLInvalidROSArgsError,
    RMWError,
    UnknownROSArgsError,
    UnsupportedEventTypeError,
)

__all__ = [
    "InvalidHandle",
    "NodeNameNonExistentError",
    "RCLError",
    "RCLInvalidROSArgsError",
    "RMWError",
    "UnknownROSArgsError",
    "UnsupportedEventTypeError",
]
