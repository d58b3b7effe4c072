from embedded_ros import names

from .exceptions import InvalidServiceNameException, InvalidTopicNameException


def validate_full_topic_name(name: str, *, is_service: bool = False) -> bool:
    """For fully qualified names."""
    if fault := names.full_topic_name_fault(name):
        raise (InvalidServiceNameException if is_service else InvalidTopicNameException)(name, *fault)
    return True
