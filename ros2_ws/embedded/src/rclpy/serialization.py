from typing import Any

from embedded_ros.cdr import deserialize, serialize


def serialize_message(message: Any) -> bytes:
    """CDR bytes of a message, encapsulation header included."""
    return serialize(message)


def deserialize_message(serialized_message: bytes, message_type: Any) -> Any:
    """The message in CDR bytes; raises embedded_ros.cdr.CdrError where they do not fit the type."""
    return deserialize(message_type, bytes(serialized_message))
