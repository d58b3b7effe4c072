from typing import Any


def check_for_type_support(msg_or_srv_type: Any) -> None:
    """Raises AttributeError for what is neither a message nor a service."""
    if not hasattr(msg_or_srv_type, "get_fields_and_field_types") and not hasattr(msg_or_srv_type, "Request"):
        raise AttributeError(f"{msg_or_srv_type!r} is neither a message type nor a service type of ROS 2")


def check_is_valid_msg_type(msg_type: Any) -> None:
    check_for_type_support(msg_type)
    if not hasattr(msg_type, "get_fields_and_field_types"):
        raise RuntimeError(f"The message type provided is not valid ({msg_type}), this might be a service or action")


def check_is_valid_srv_type(srv_type: Any) -> None:
    check_for_type_support(srv_type)
    if not hasattr(srv_type, "Response"):
        raise RuntimeError(f"The service type provided is not valid ({srv_type}), this might be a message or action")
