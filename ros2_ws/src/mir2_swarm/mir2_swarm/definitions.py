"""The definitions of messages as text, so that a bag can be read where their packages are not installed."""

import re
from importlib import import_module
from typing import Any

RULE = "=" * 80
NAMES = {"boolean": "bool", "octet": "byte", "float": "float32", "double": "float64"}


def type_name(message: type[Any]) -> str:
    """Such as nav_msgs/msg/Odometry."""
    return f"{message.__module__.partition('.')[0]}/msg/{message.__name__}"


def definition(message: type[Any]) -> str:
    """The fields of a message in ROS's own language, followed by those of the messages that it nests, each once."""
    texts: dict[type[Any], str] = {}
    waiting = [message]
    for current in waiting:
        if current not in texts:
            fields = [(_in_ros(kind), name) for name, kind in current.get_fields_and_field_types().items()]
            texts[current] = "".join(f"{kind} {name}\n" for kind, name in fields)
            waiting += [_message(kind) for kind, _ in fields if "/" in kind]
    own, *nested = texts.items()
    return own[1] + "".join(f"{RULE}\nMSG: {type_name(m).replace('/msg/', '/')}\n{text}" for m, text in nested)


def _in_ros(kind: str) -> str:
    """The type of a field, which message classes name as IDL does: `sequence<double, 3>` is `float64[<=3]`."""
    if sequence := re.fullmatch(r"sequence<(.+?)(?:, (\d+))?>", kind):
        base, bound = sequence.groups()
        return f"{_in_ros(base)}[<={bound}]" if bound else f"{_in_ros(base)}[]"
    if array := re.fullmatch(r"(.+)(\[\d+\])", kind):
        return _in_ros(array[1]) + array[2]
    if text := re.fullmatch(r"(w?string)<(\d+)>", kind):
        return f"{text[1]}<={text[2]}"
    return NAMES.get(kind, kind)


def _message(kind: str) -> type[Any]:
    package, name = kind.partition("[")[0].split("/")
    found: type[Any] = getattr(import_module(f"{package}.msg"), name)
    return found
