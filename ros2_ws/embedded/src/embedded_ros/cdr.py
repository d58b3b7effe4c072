"""CDR (version 1, little endian) of message classes.

Each type has a codec: `write` appends a value to a buffer, `read` gives the value at a position and the position after
it, which lies beyond the end where bytes are missing. Values are aligned to their size, counted from the end of the
4-byte encapsulation header.
"""

import struct
import sys
from array import array
from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from .definitions import Field, definition

if sys.byteorder != "little":
    raise NotImplementedError("the embedded runtime needs a little-endian machine")

HEADER = b"\x00\x01\x00\x00"
CODES = {"bool": "?", "byte": "c", "char": "B", "float32": "f", "float64": "d"}
CODES |= {"int8": "b", "int16": "h", "int32": "i", "int64": "q"}
CODES |= {"uint8": "B", "uint16": "H", "uint32": "I", "uint64": "Q"}
SIZES = {name: struct.calcsize("<" + code) for name, code in CODES.items()}
NUMERIC = set(CODES) - {"bool", "byte"}  # kept in NumPy arrays and array.array
TYPECODES = {name: code for name, code in CODES.items() if name in NUMERIC}
DTYPES = {"char": np.uint8} | {name: np.dtype(name).type for name in NUMERIC - {"char"}}
LENGTH = struct.Struct("<I")


class CdrError(ValueError):
    """Bytes that are no message of the type."""


class Codec(NamedTuple):
    """Functions of one type."""

    write: Callable[[bytearray, Any], None]
    read: Callable[[bytes, int], tuple[Any, int]]


def _write_length(buffer: bytearray, length: int) -> None:
    buffer += bytes(-len(buffer) % 4) + LENGTH.pack(length)


def _read_length(data: bytes, position: int) -> tuple[int, int]:
    start = position + -position % 4
    return LENGTH.unpack_from(data, start)[0], start + 4


def _write_string(buffer: bytearray, value: str) -> None:
    encoded = value.encode() + b"\0"
    _write_length(buffer, len(encoded))
    buffer += encoded


def _read_string(data: bytes, position: int) -> tuple[str, int]:
    start = position + -position % 4 + 4
    end = start + LENGTH.unpack_from(data, start - 4)[0]
    return data[start : end - 1].decode(), end


def _write_wstring(buffer: bytearray, value: str) -> None:
    units = array("I", array("H", value.encode("utf-16-le")))
    _write_length(buffer, len(units))
    buffer += units.tobytes()


def _read_wstring(data: bytes, position: int) -> tuple[str, int]:
    length, start = _read_length(data, position)
    end = start + 4 * length
    return array("H", array("I", data[start:end])).tobytes().decode("utf-16-le"), end


_STRINGS = {"string": Codec(_write_string, _read_string), "wstring": Codec(_write_wstring, _read_wstring)}


def _numbers(field: Field) -> Codec:
    """An array or sequence of numbers, booleans or bytes, which are copied in one go."""
    size, base, fixed = SIZES[field.base], field.base, field.kind == "array"
    from_bytes = _from_bytes(field)

    def write(buffer: bytearray, values: Any) -> None:
        _check_count(field, len(values))
        if not fixed:
            _write_length(buffer, len(values))
        if len(values):
            buffer += bytes(-len(buffer) % size)
            buffer += values.tobytes() if base in NUMERIC else bytes(values) if base == "bool" else b"".join(values)

    def read(data: bytes, position: int) -> tuple[Any, int]:
        count, start = (field.size, position) if fixed else _read_length(data, position)
        start += -start % size if count else 0
        end = start + count * size
        return from_bytes(data[start:end]), end

    def read_array(data: bytes, position: int) -> tuple[Any, int]:
        start = position + -position % size
        return np.frombuffer(data, dtype, field.size, start).copy(), start + field.size * size

    dtype = DTYPES.get(base)
    return Codec(write, read_array if fixed and dtype else read)


def _from_bytes(field: Field) -> Callable[[bytes], Any]:
    if field.base == "bool":
        return lambda piece: [value != 0 for value in piece]
    if field.base == "byte":
        return lambda piece: [bytes((value,)) for value in piece]
    return partial(array, TYPECODES[field.base])


def _items(field: Field, item: Codec) -> Codec:
    """An array or sequence of strings or messages."""

    def write(buffer: bytearray, values: Any) -> None:
        _check_count(field, len(values))
        if field.kind == "sequence":
            _write_length(buffer, len(values))
        for value in values:
            item.write(buffer, value)

    def read(data: bytes, position: int) -> tuple[list[Any], int]:
        count, position = _read_length(data, position) if field.kind == "sequence" else (field.size, position)
        values = []
        for _ in range(count):
            value, position = item.read(data, position)
            values.append(value)
        return values, position

    return Codec(write, read)


def _check_count(field: Field, count: int) -> None:
    """Lists can change after they were assigned."""
    if field.kind == "array" and count != field.size:
        raise ValueError(f"{field.name} needs {field.size} elements, not {count}")


class _Compiler:
    """Code of one message type; nested messages are written out, neighbouring numbers of one size packed at once."""

    def __init__(self, cls: Any) -> None:
        self.names: dict[str, Any] = {"new": object.__new__, "zeros": [bytes(count) for count in range(8)]}
        self.writing, self.reading = ["def write(b, m):"], ["def read(d, p):", f"m = new({self.constant(cls)})"]
        self.run: list[tuple[str, str, str]] = []  # type of a number, expression to write, variable to read
        self.message(cls, "m")
        self.flush()
        self.reading.append("return m, p")
        exec("\n    ".join(self.writing) + "\n" + "\n    ".join(self.reading), self.names)

    def constant(self, value: Any) -> str:
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name

    def message(self, cls: Any, owner: str) -> None:
        fields = definition(cls.TYPE_NAME).fields
        for field in fields:
            self.field(cls, field, f"{owner}._{field.name}")
        if not fields:
            self.number("uint8", "0", "_")  # an empty message is one byte long

    def field(self, cls: Any, field: Field, place: str) -> None:
        if field.nested and not field.kind:
            nested = cls.NESTED[field.name]
            kind = self.constant(nested)
            self.writing.append(f"m{kind} = {place}")
            self.reading.append(f"m{kind} = {place} = new({kind})")
            self.message(nested, f"m{kind}")
        elif field.base in SIZES and not field.kind:
            self.number(field.base, place, place)
        else:
            self.flush()
            write, read = map(self.constant, _codec(field, cls))
            self.writing.append(f"{write}(b, {place})")
            self.reading.append(f"{place}, p = {read}(d, p)")

    def number(self, base: str, source: str, target: str) -> None:
        if self.run and SIZES[self.run[0][0]] != SIZES[base]:
            self.flush()
        self.run.append((base, source, target))

    def flush(self) -> None:
        if not self.run:
            return
        bases, sources, targets = zip(*self.run, strict=True)
        layout, mask = struct.Struct("<" + "".join(CODES[base] for base in bases)), SIZES[bases[0]] - 1
        self.run = []
        self.writing.append(f"b += zeros[-len(b) & {mask}] + {self.constant(layout.pack)}({', '.join(sources)})")
        self.reading.append(f"p += -p & {mask}")
        self.reading.append(f"{', '.join(targets)}, = {self.constant(layout.unpack_from)}(d, p)")
        self.reading.append(f"p += {layout.size}")


@cache
def codec(cls: Any) -> Codec:
    """Codec of a message class, without the encapsulation header."""
    names = _Compiler(cls).names
    return Codec(names["write"], names["read"])


def _codec(field: Field, owner: Any) -> Codec:
    if field.kind and field.base in SIZES:
        return _numbers(field)
    single = _STRINGS.get(field.base) or codec(owner.NESTED[field.name])
    return _items(field, single) if field.kind else single


def serialize(message: Any) -> bytes:
    """CDR bytes of a message, encapsulation header included."""
    buffer = bytearray()
    codec(message.__class__).write(buffer, message)
    return HEADER + buffer


def deserialize(cls: Any, data: bytes) -> Any:
    """The message in CDR bytes; raises CdrError where they do not fit the type."""
    if data[:2] != HEADER[:2]:
        raise CdrError(f"{cls.__name__}: encapsulation {data[:2].hex()} is not little-endian CDR version 1")
    try:
        message, end = codec(cls).read(data[4:], 0)
    except (struct.error, ValueError, OverflowError) as error:
        raise CdrError(f"{cls.__name__}: {error}") from error
    if end > len(data) - 4:
        raise CdrError(f"{cls.__name__}: the bytes end too early")
    return message
