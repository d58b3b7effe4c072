"""Defaults of message fields and the checks that assigning to them makes."""

import math
from array import array
from collections import UserList, UserString
from collections.abc import Callable, Sequence, Set
from typing import Any

import numpy as np

from .cdr import DTYPES, NUMERIC, SIZES, TYPECODES
from .definitions import INTEGER_BITS, Field

Check = Callable[[Any], Any]  # value as given -> value as kept; AssertionError where it does not fit

FLOAT32_MAX = 3.402823466e38
PYTHON_TYPES = {"bool": bool, "byte": bytes, "float32": float, "float64": float, "string": str, "wstring": str}
IDL_NAMES = {"bool": "boolean", "byte": "octet", "char": "uint8", "float32": "float", "float64": "double"}


def type_label(field: Field) -> str:
    """The type as `get_fields_and_field_types()` reports it."""
    base = field.base.replace("/msg/", "/") if field.nested else IDL_NAMES.get(field.base, field.base)
    if field.string_limit:
        base += f"<{field.string_limit}>"
    if field.kind == "array":
        return f"{base}[{field.size}]"
    if field.kind == "sequence":
        return f"sequence<{base}, {field.size}>" if field.size else f"sequence<{base}>"
    return base


def integer_range(base: str) -> tuple[int, int] | None:
    """Smallest and largest value of an integer type; None for any other."""
    if base == "char":
        return 0, 255
    bits = INTEGER_BITS.get(base)
    if bits is None:
        return None
    return (0, 2**bits - 1) if base.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def default_factory(field: Field, message_class: type | None) -> Callable[[], Any]:
    """Makes the value a field has when the constructor is not given one."""
    if field.default is not None:
        return _check(field, message_class, field.default)
    if field.kind:
        return _collection_factory(field, message_class)
    if message_class is not None:
        return message_class
    return (lambda: b"\x00") if field.base == "byte" else PYTHON_TYPES.get(field.base, int)


def _collection_factory(field: Field, message_class: type | None) -> Callable[[], Any]:
    numeric, size = field.base in NUMERIC, field.size
    if field.kind == "sequence":
        code = TYPECODES.get(field.base, "")
        return (lambda: array(code)) if numeric else list
    if numeric:
        dtype = DTYPES[field.base]
        return lambda: np.zeros(size, dtype)
    element = default_factory(Field(field.name, field.base), message_class)
    return lambda: [element() for _ in range(size)]


def _check(field: Field, message_class: type | None, default: Any) -> Callable[[], Any]:
    convert = collection_check(field, message_class) if field.kind else None
    if convert is None:
        return lambda: default
    return lambda: convert(list(default))


def single_check(field: Field, message_class: type | None) -> Check:
    """Check of a field that is neither array nor sequence."""
    name = field.name
    if message_class is not None:
        kind, message = message_class, f"The '{name}' field must be a sub message of type '{message_class.__name__}'"
    elif field.base == "byte":
        return _byte_check(name)
    elif (limits := integer_range(field.base)) is not None:
        return _integer_check(name, field.base, *limits)
    elif field.base == "float32":
        return _float32_check(name)
    else:
        kind = PYTHON_TYPES[field.base]
        message = f"The '{name}' field must be of type '{kind.__name__}'"
    limit = field.string_limit

    def check(value: Any) -> Any:
        if not isinstance(value, kind):
            raise AssertionError(message)
        return value

    def check_length(value: Any) -> Any:
        if not isinstance(value, str | UserString) or len(value) > limit:
            raise AssertionError(f"The '{name}' field must be string value not longer than {limit}")
        return value

    return check_length if limit else check


def _byte_check(name: str) -> Check:
    def check(value: Any) -> Any:
        if not isinstance(value, bytes | bytearray) or len(value) != 1:
            raise AssertionError(f"The '{name}' field must be of type 'bytes' or 'ByteString' with length 1")
        return value

    return check


def _integer_check(name: str, base: str, low: int, high: int) -> Check:
    article = "an unsigned integer" if low == 0 else "an integer"

    def check(value: Any) -> Any:
        if not isinstance(value, int):
            raise AssertionError(f"The '{name}' field must be of type 'int'")
        if not low <= value <= high:
            raise AssertionError(f"The '{name}' field must be {article} in [{low}, {high}]")
        return value

    return check


def _float32_check(name: str) -> Check:
    def check(value: Any) -> Any:
        if not isinstance(value, float):
            raise AssertionError(f"The '{name}' field must be of type 'float'")
        if abs(value) > FLOAT32_MAX and not math.isinf(value):
            raise AssertionError(f"The '{name}' field must be a float in [{-FLOAT32_MAX}, {FLOAT32_MAX}]")
        return value

    return check


def collection_check(field: Field, message_class: type | None) -> Check:
    """Check of an array or sequence; numbers end up in numpy.ndarray or array.array."""
    fixed, size = field.kind == "array", field.size
    numeric = field.base in NUMERIC
    kind = message_class or PYTHON_TYPES.get(field.base, int)
    limits = integer_range(field.base)
    largest = FLOAT32_MAX if field.base == "float32" else math.inf
    message = _collection_message(field, kind)

    def fits(value: Any) -> bool:
        if not isinstance(value, Sequence | Set | UserList) or isinstance(value, str | UserString):
            return False
        if (fixed and len(value) != size) or (not fixed and size and len(value) > size):
            return False
        if not all(isinstance(v, kind) for v in value):
            return False
        if limits:
            return all(limits[0] <= v <= limits[1] for v in value)
        if field.string_limit:
            return all(len(v) <= field.string_limit for v in value)
        return kind is not float or all(abs(v) <= largest or not math.isfinite(v) for v in value)

    def check(value: Any) -> Any:
        if numeric and isinstance(value, np.ndarray if fixed else array):
            return _native(field, value)
        if not fits(value):
            raise AssertionError(message)
        if numeric:
            return np.array(value, DTYPES[field.base]) if fixed else array(TYPECODES[field.base], value)
        return value

    return check


def _native(field: Field, value: Any) -> Any:
    name, size = field.name, field.size
    if field.kind == "array":
        dtype = DTYPES[field.base]
        if value.dtype != dtype:
            raise AssertionError(f"The '{name}' numpy.ndarray() must have the dtype of 'numpy.{dtype.__name__}'")
        if value.size != size:
            raise AssertionError(f"The '{name}' numpy.ndarray() must have a size of {size}")
        return value
    code = TYPECODES[field.base]
    if value.typecode != code and not (value.itemsize == SIZES[field.base] and value.typecode in "lLqQ"):
        raise AssertionError(f"The '{name}' array.array() must have the type code of '{code}'")
    if size and len(value) > size:
        raise AssertionError(f"The '{name}' array.array() must have a size <= {size}")
    return value


def _collection_message(field: Field, kind: type) -> str:
    parts = ["a set or sequence"]
    if field.kind == "array":
        parts.append(f"with length {field.size}")
    elif field.size:
        parts.append(f"with length <= {field.size}")
    if field.string_limit:
        parts.append(f"and each string value not longer than {field.string_limit}")
    parts.append(f"and each value of type '{kind.__name__}'")
    if limits := integer_range(field.base):
        sort = "unsigned integer" if limits[0] == 0 else "integer"
        parts.append(f"and each {sort} in [{limits[0]}, {limits[1]}]")
    if field.base == "float32":
        parts.append(f"and each float in [{-FLOAT32_MAX:f}, {FLOAT32_MAX:f}]")
    if field.base == "float64":
        parts.append(f"and each double in [{-1.7976931348623157e308:f}, {1.7976931348623157e308:f}]")
    return f"The '{field.name}' field must be {' '.join(parts)}"
