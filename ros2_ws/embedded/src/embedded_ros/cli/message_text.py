"""Messages as text, and plain values as messages."""

import argparse
import re
import sys
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

from .interfaces import find_type
from .verbs import argument, flag

VALUES = (
    argument("values", nargs="?", default="{}", help="fields in YAML, such as '{data: true}'"),
    flag("--stdin", help="read the fields from the standard input"),
)
StampSetter = Callable[[Any], None]
ELLIPSIS = "..."
_COLLECTIONS = (list, tuple, array, np.ndarray)
_LABEL = re.compile(r"sequence<(?P<item>.+?)(, (?P<bound>\d+))?>|(?P<base>.+)\[(?P<size>\d+)\]")


@dataclass(frozen=True)
class Style:
    """What is left out when a message is printed; a length of None shortens nothing."""

    truncate_length: int | None = None
    no_arr: bool = False
    no_str: bool = False
    flow_style: bool = False

    def shorten(self, value: Any, ellipsis: Any) -> Any:
        if self.truncate_length is None or len(value) <= self.truncate_length:
            return value
        return value[: self.truncate_length] + ellipsis


class _Dumper(yaml.SafeDumper):
    """Writes the fields of a message one a line and in their order, also in flow style."""

    def represent_fields(self, fields: dict[str, Any]) -> yaml.Node:
        return self.represent_mapping("tag:yaml.org,2002:map", fields.items(), flow_style=False)

    def represent_bytes(self, data: bytes) -> yaml.Node:
        return self.represent_str(data.decode("latin-1"))


_Dumper.add_representer(dict, _Dumper.represent_fields)
_Dumper.add_representer(bytes, _Dumper.represent_bytes)


def is_message(value: object) -> bool:
    return hasattr(value, "get_fields_and_field_types")


def to_yaml(message: Any, style: Style) -> str:
    options: dict[str, Any] = {"allow_unicode": True, "width": sys.maxsize, "default_flow_style": style.flow_style}
    return str(yaml.dump(plain(message, style), Dumper=_Dumper, **options))


def to_csv(message: Any, style: Style) -> str:
    return _row(plain(message, style))


def _row(value: Any) -> str:
    """Return the values on one line; as in ROS 2 there is no comma behind values that are empty so far."""
    if not isinstance(value, dict | list):
        return str(value)
    row = ""
    for item in value.values() if isinstance(value, dict) else value:
        row += ("," if row else "") + _row(item)
    return row


def plain(value: Any, style: Style, label: str = "") -> Any:
    """Return a value made of dict, list, str, bytes, int, float and bool; `label` is the type of its field."""
    if is_message(value):
        types = value.get_fields_and_field_types()
        return {name: plain(getattr(value, name), style, types[name]) for name in types}
    if isinstance(value, bytes):
        return style.shorten(value, ELLIPSIS.encode())
    if isinstance(value, str):
        return f"<string length: <{len(value)}>>" if style.no_str else style.shorten(value, ELLIPSIS)
    if isinstance(value, _COLLECTIONS):
        if style.no_arr:
            return _array_label(label, len(value))
        items = [plain(item, style) for item in value[: style.truncate_length]]
        return items + [ELLIPSIS] * (len(items) < len(value))
    return value.item() if isinstance(value, np.generic) else value


def _array_label(label: str, length: int) -> str:
    """Return what stands for an array: '<array type: double[36]>' or '<sequence type: double, length: 2>'."""
    match = _LABEL.fullmatch(label)
    assert match is not None, label
    base = re.sub(r"<\d+>$", "", match["item"] or match["base"]).replace("/", "/msg/")
    if match["size"]:
        return f"<array type: {base}[{match['size']}]>"
    return f"<sequence type: {base}{'[' + match['bound'] + ']' if match['bound'] else ''}, length: {length}>"


def given_values(args: argparse.Namespace) -> Any:
    """Return the values that the user has given; raises YAMLError."""
    return yaml.safe_load(sys.stdin if args.stdin else args.values)


def fill(message: Any, values: Any, stamps: list[StampSetter] | None = None) -> None:
    """Set the fields of a message from plain values; raises AttributeError, TypeError, ValueError or AssertionError.

    With `stamps`, a header may be 'auto' and a time 'now': what sets them is added to the list.
    """
    if not isinstance(values, Mapping):
        raise TypeError(f"Value '{values}' is expected to be a dictionary but is a {type(values).__name__}")
    for name, value in values.items():
        old = getattr(message, name)
        label = message.get_fields_and_field_types()[name]
        if stamps is not None and (label, value) == ("std_msgs/Header", "auto"):
            stamps.append(_stamp_setter(old, "stamp"))
        elif stamps is not None and (label, value) == ("builtin_interfaces/Time", "now"):
            stamps.append(_stamp_setter(message, name))
        elif is_message(old):
            fill(old, value, stamps)
        else:
            setattr(message, name, _converted(label, old, value, stamps))


def _stamp_setter(message: Any, field: str) -> StampSetter:
    return lambda stamp: setattr(message, field, stamp)


def _converted(label: str, old: Any, value: Any, stamps: list[StampSetter] | None) -> Any:
    """Return a value of the kind that the field has had."""
    match = _LABEL.fullmatch(label)
    if match is not None and "/" in label:
        message_type = find_type(match["item"] or match["base"], "msg")
        items = [message_type() for _ in value]
        for item, item_values in zip(items, value, strict=True):
            fill(item, item_values, stamps)
        return items
    if isinstance(old, array):
        return array(old.typecode, value)
    if isinstance(old, np.ndarray):
        return np.array(value, dtype=old.dtype)
    return value if type(value) is type(old) else type(old)(value)
