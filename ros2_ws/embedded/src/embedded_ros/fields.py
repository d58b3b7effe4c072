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
Rule = tuple[Callable[[Any], bool], str]  # what a single value has to pass, and in words

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
    default, numeric, size = field.default, field.base in NUMERIC, field.size
    if default is not None:
        convert = collection_check(field, message_class) if field.kind else None
        return (lambda: convert(list(default))) if convert else (lambda: default)
    if field.kind == "sequence":
        return (lambda: array(TYPECODES[field.base])) if numeric else list
    if field.kind == "array" and numeric:
        return lambda: np.zeros(size, DTYPES[field.base])
    if field.kind == "array":
        element = default_factory(Field(field.name, field.base), message_class)
        return lambda: [element() for _ in range(size)]
    if message_class is not None:
        return message_class
    return (lambda: b"\x00") if field.base == "byte" else PYTHON_TYPES.get(field.base, int)


def _rules(field: Field, message_class: type | None) -> list[Rule]:
    """What every value of a field's type has to pass."""
    kind, limit = message_class or PYTHON_TYPES.get(field.base, int), field.string_limit

    def is_a(value: Any) -> bool:
        return isinstance(value, kind)

    if message_class is not None:
        return [(is_a, f"a sub message of type '{kind.__name__}'")]
    if limit:
        return [
            (
                lambda value: isinstance(value, str | UserString) and len(value) <= limit,
                f"string value not longer than {limit}",
            )
        ]
    if field.base == "byte":
        return [
            (
                lambda value: isinstance(value, bytes | bytearray) and len(value) == 1,
                "of type 'bytes' or 'ByteString' with length 1",
            )
        ]
    rules: list[Rule] = [(is_a, f"of type '{kind.__name__}'")]
    if limits := integer_range(field.base):
        low, high = limits
        article = "an unsigned integer" if low == 0 else "an integer"
        rules.append((lambda value: low <= value <= high, f"{article} in [{low}, {high}]"))
    if field.base == "float32":
        words = f"a float in [{-FLOAT32_MAX}, {FLOAT32_MAX}]"
        rules.append((lambda value: not abs(value) > FLOAT32_MAX or math.isinf(value), words))
    return rules


def single_check(field: Field, message_class: type | None) -> Check:
    """Check of a field that is neither array nor sequence."""
    rules = _rules(field, message_class)

    def check(value: Any) -> Any:
        for test, words in rules:
            if not test(value):
                raise AssertionError(f"The '{field.name}' field must be {words}")
        return value

    return check


def collection_check(field: Field, message_class: type | None) -> Check:
    """Check of an array or sequence; numbers end up in numpy.ndarray or array.array."""
    fixed, size, numeric = field.kind == "array", field.size, field.base in NUMERIC
    rules = _rules(field, message_class)

    def fits(value: Any) -> bool:
        if not isinstance(value, Sequence | Set | UserList) or isinstance(value, str | UserString):
            return False
        if (fixed and len(value) != size) or (not fixed and size and len(value) > size):
            return False
        return all(test(element) for element in value for test, _ in rules)

    def check(value: Any) -> Any:
        if numeric and isinstance(value, np.ndarray if fixed else array):
            _check_native(field, value)
            return value
        if not fits(value):
            raise AssertionError(_collection_words(field, message_class))
        if numeric:
            return np.array(value, DTYPES[field.base]) if fixed else array(TYPECODES[field.base], value)
        return value

    return check


def _check_native(field: Field, value: Any) -> None:
    """Arrays have to be of the kind in which the field keeps its numbers."""
    fault = ""
    if field.kind == "array":
        dtype = DTYPES[field.base]
        if value.dtype != dtype:
            fault = f"the dtype of 'numpy.{dtype.__name__}'"
        elif value.size != field.size:
            fault = f"a size of {field.size}"
        what = "numpy.ndarray()"
    else:
        code, what = TYPECODES[field.base], "array.array()"
        if value.typecode != code and not (value.itemsize == SIZES[field.base] and value.typecode in "lLqQ"):
            fault = f"the type code of '{code}'"
        elif field.size and len(value) > field.size:
            fault = f"a size <= {field.size}"
    if fault:
        raise AssertionError(f"The '{field.name}' {what} must have {fault}")


def _collection_words(field: Field, message_class: type | None) -> str:
    kind = message_class or PYTHON_TYPES.get(field.base, int)
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
