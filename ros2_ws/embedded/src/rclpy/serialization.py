from typing import Any

from embedded_ros.cdr import CdrError, deserialize, serialize

from .exceptions import RMWError


def serialize_message(message: Any) -> bytes:
    """CDR bytes of a message, encapsulation header included."""
    return serialize(message)


def deserialize_message(serialized_message: bytes, message_type: Any) -> Any:
    """The message in CDR bytes; raises RMWError where they do not fit the type."""
    try:
        return deserialize(message_type, bytes(serialized_message))
    except CdrError as error:
        raise RMWError(f"failed to deserialize ROS message: {error}") from error
