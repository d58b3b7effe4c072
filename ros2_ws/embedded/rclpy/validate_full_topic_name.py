from .exceptions import InvalidServiceNameException, InvalidTopicNameException
from .validate_topic_name import validate_topic_name


def validate_full_topic_name(name: str, *, is_service: bool = False) -> bool:
    """For fully qualified names."""
    error = InvalidServiceNameException if is_service else InvalidTopicNameException
    if not name.startswith("/"):
        raise error(name, "topic name must be absolute, it must lead with a '/'", 0)
    return validate_topic_name(name, is_service=is_service)
