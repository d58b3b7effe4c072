from embedded_ros import names

from .exceptions import InvalidServiceNameException, InvalidTopicNameException

TOPIC_SEPARATOR_STRING = "/"


def validate_topic_name(name: str, *, is_service: bool = False) -> bool:
    """For names as users write them, relative or private ones too."""
    if fault := names.topic_name_fault(name):
        raise (InvalidServiceNameException if is_service else InvalidTopicNameException)(name, *fault)
    return True
