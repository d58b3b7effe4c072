"""Messages as text, and text as messages."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

from ..definitions import Field, UnknownTypeError, definition
from ..fields import IDL_NAMES
from ..messages import Message, interface_class, message_class

StampSetter = Callable[[Any], None]


def find_type(name: str, kind: str) -> Any:
    """Return the class of 'package/kind/Name' or 'package/Name'; raises RuntimeError."""
    parts = name.split("/")
    if len(parts) == 2:
        parts.insert(1, kind)
    words = {"msg": "message", "srv": "service"}[kind]
    try:
        found = interface_class("/".join(parts))
    except (UnknownTypeError, ValueError):
        raise RuntimeError(f"The passed {words} type is invalid") from None
    if kind == "srv" and not hasattr(found, "Request"):
        raise RuntimeError("The passed type is not a service")
    return found


@dataclass(frozen=True)
class Style:
    """What is left out when a message is printed."""

    truncate_length: int | None = None
    no_arr: bool = False
    no_str: bool = False
    flow_style: bool = False

    def text(self, value: str) -> str:
        """Return a text, its length, or its beginning."""
        if self.no_str:
            return f"<string length: <{len(value)}>>"
        return self.shortened(value)

    def shortened(self, value: str) -> str:
        """Return a text or its beginning."""
        if self.truncate_length is None or len(value) <= self.truncate_length:
            return value
        return value[: self.truncate_length] + "..."


def to_yaml(message: Any, style: Style) -> str:
    """Return the message as YAML."""
    return yaml.dump(
        _plain(message, None, style),
        allow_unicode=True,
        width=sys.maxsize,
        default_flow_style=style.flow_style,
        sort_keys=False,
    )


def to_csv(message: Any, style: Style) -> str:
    """Return the values of all fields, separated by commas."""
    return ",".join(_cell(getattr(message, field.name), field, style) for field in _fields(message))


def _fields(message: Message) -> Sequence[Field]:
    return definition(message.TYPE_NAME).fields


def _plain(value: Any, field: Field | None, style: Style) -> Any:
    """Return a value made of dict, list, str, int, float and bool."""
    if isinstance(value, Message):
        return {f.name: _plain(getattr(value, f.name), f, style) for f in _fields(value)}
    if isinstance(value, bytes):
        return style.shortened("".join(map(chr, value)))
    if isinstance(value, str):
        return style.text(value)
    if isinstance(value, (list, tuple, array, np.ndarray)):
        if style.no_arr and field is not None:
            return _array_label(value, field)
        limit = len(value) if style.truncate_length is None else style.truncate_length
        items = [_plain(item, None, style) for item in value[:limit]]
        return items if len(value) <= limit else [*items, "..."]
    return value.item() if isinstance(value, np.generic) else value


def _cell(value: Any, field: Field | None, style: Style) -> str:
    if isinstance(value, Message):
        return to_csv(value, style)
    if isinstance(value, str):
        return style.text(value)
    if isinstance(value, (list, tuple, array, np.ndarray)):
        if style.no_arr and field is not None:
            return _array_label(value, field)
        limit = len(value) if style.truncate_length is None else style.truncate_length
        cells = [_cell(item, None, style) for item in value[:limit]]
        return ",".join(cells if len(value) <= limit else [*cells, "..."])
    return str(value)


def _array_label(value: Any, field: Field) -> str:
    base = IDL_NAMES.get(field.base, field.base)
    if field.kind == "array":
        return f"<array type: {base}[{field.size}]>"
    bound = f"[{field.size}]" if field.size else ""
    return f"<sequence type: {base}{bound}, length: {len(value)}>"


def fill(message: Any, values: Any, stamps: list[StampSetter] | None = None) -> None:
    """Set the fields of a message from plain values; raises AttributeError or TypeError.

    With `stamps`, a header may be 'auto' and a time 'now': what sets them is added to the list.
    """
    if not isinstance(values, Mapping):
        raise TypeError(f"Value '{values}' is expected to be a dictionary but is a {type(values).__name__}")
    fields = {field.name: field for field in _fields(message)}
    for name, value in values.items():
        old = getattr(message, name)
        if _is_stamped(message, name, fields[name].base, value, stamps):
            continue
        setattr(message, name, _converted(fields[name], old, value, stamps))


def _is_stamped(message: Any, name: str, base: str, value: Any, stamps: list[StampSetter] | None) -> bool:
    if stamps is None or (base, value) not in (("std_msgs/msg/Header", "auto"), ("builtin_interfaces/msg/Time", "now")):
        return False
    holder, field = (getattr(message, name), "stamp") if value == "auto" else (message, name)
    stamps.append(lambda stamp: setattr(holder, field, stamp))
    return True


def _converted(field: Field, old: Any, value: Any, stamps: list[StampSetter] | None) -> Any:
    if isinstance(old, array):
        return array(old.typecode, value)
    if isinstance(old, np.ndarray):
        return np.array(value, dtype=old.dtype)
    if not field.nested:
        return value if type(value) is type(old) else type(old)(value)
    if not field.kind:
        fill(old, value, stamps)
        return old
    items = [message_class(field.base)() for _ in value]
    for item, item_value in zip(items, value, strict=True):
        fill(item, item_value, stamps)
    return items
