"""Compiles CDR (version 1, little endian) functions for message classes.

A message becomes straight-line Python: runs of fixed-size fields, nested messages included, are packed by one
`struct` call. The alignment is tracked at compile time as "position = rest (modulo known)"; where it is not known,
padding is computed at run time. Positions count from the end of the 4-byte encapsulation header.
"""

import struct
import sys
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np

from .definitions import Field, definition

if sys.byteorder != "little":
    raise NotImplementedError("the embedded runtime needs a little-endian machine")

HEADER = b"\x00\x01\x00\x00"
CODES = {"bool": "?", "byte": "c", "char": "B", "float32": "f", "float64": "d"}
CODES |= {
    "int8": "b",
    "int16": "h",
    "int32": "i",
    "int64": "q",
    "uint8": "B",
    "uint16": "H",
    "uint32": "I",
    "uint64": "Q",
}
SIZES = {name: struct.calcsize("<" + code) for name, code in CODES.items()}
NUMERIC = set(CODES) - {"bool", "byte"}  # kept in NumPy arrays and array.array
TYPECODES = {name: code for name, code in CODES.items() if name in NUMERIC}
DTYPES = {"char": np.uint8} | {name: np.dtype(name).type for name in NUMERIC - {"char"}}
_PADDING = tuple(bytes(n) for n in range(8))


class CdrError(ValueError):
    """Bytes that are no message of the type."""


class _Compiler:
    """State shared by both directions: emitted lines, the pending run of fixed-size values and the alignment."""

    def __init__(self, lookup: Callable[[str], type]) -> None:
        self.lookup = lookup
        self.names: dict[str, Any] = {"np": np, "array": array, "Z": _PADDING, "new": object.__new__}
        self.lines: list[str] = []
        self.depth = 1
        self.count = 0
        self.known, self.rest = 8, 0
        self.format, self.values = "", [""][:0]

    def emit(self, line: str) -> None:
        self.lines.append("    " * self.depth + line)

    def fresh(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def constant(self, stem: str, value: Any) -> str:
        name = self.fresh(stem)
        self.names[name] = value
        return name

    def align(self, size: int) -> None:
        if self.known >= size:
            padding = -self.rest % size
            self.format += "x" * padding
            self.rest = (self.rest + padding) % self.known
        else:
            self.flush()
            self.emit_alignment(size)
            self.known, self.rest = size, 0

    def primitive(self, base: str, value: str) -> None:
        self.align(SIZES[base])
        self.format += CODES[base]
        self.values.append(value)
        self.rest = (self.rest + SIZES[base]) % self.known

    def flush(self) -> None:
        if self.format:
            self.emit_run(struct.Struct("<" + self.format), self.values)
        self.format, self.values = "", []

    def forget(self, known: int = 1) -> None:
        self.known, self.rest = known, 0

    def message(self, name: str, owner: str) -> None:
        fields = definition(name).fields
        if not fields:
            self.primitive("uint8", self.empty_value)
        for field in fields:
            self.field(field, f"{owner}._{field.name}")

    def field(self, field: Field, target: str) -> None:
        if field.base == "wstring":
            raise NotImplementedError(f"wstring (field {field.name})")
        if field.kind:
            self.collection(field, target)
        else:
            self.single(field, target)

    def loop(self, header: str, body: Callable[[], None]) -> None:
        self.flush()
        self.forget()
        self.emit(header)
        self.depth += 1
        body()
        self.flush()
        self.depth -= 1
        self.forget()

    def compile(self, signature: str, last: str) -> Any:
        self.flush()
        source = "\n".join([f"def {signature}:", *self.lines, f"    {last}"])
        exec(compile(source, "<cdr>", "exec"), self.names)
        return self.names[signature.split("(", maxsplit=1)[0]]

    empty_value = "0"

    def emit_alignment(self, size: int) -> None:
        raise NotImplementedError

    def emit_run(self, layout: struct.Struct, values: list[str]) -> None:
        raise NotImplementedError

    def single(self, field: Field, target: str) -> None:
        raise NotImplementedError

    def collection(self, field: Field, target: str) -> None:
        raise NotImplementedError


class _Serializer(_Compiler):
    def emit_alignment(self, size: int) -> None:
        self.emit(f"b += Z[4 - len(b) & {size - 1}]")

    def emit_run(self, layout: struct.Struct, values: list[str]) -> None:
        self.emit(f"b += {self.constant('pack', layout.pack)}({', '.join(values)})")

    def single(self, field: Field, target: str) -> None:
        if field.nested:
            owner = self.fresh("m")
            self.emit(f"{owner} = {target}")
            self.message(field.base, owner)
        elif field.base == "string":
            text = self.fresh("s")
            self.emit(f"{text} = {target}.encode()")
            self.primitive("uint32", f"len({text}) + 1")
            self.flush()
            self.emit(f"b += {text}; b.append(0)")
            self.forget()
        else:
            self.primitive(field.base, target)

    def collection(self, field: Field, target: str) -> None:
        values = self.fresh("v")
        self.emit(f"{values} = {target}")
        if field.kind == "sequence":
            self.primitive("uint32", f"len({values})")
        else:
            self.emit(f"if len({values}) != {field.size}: raise ValueError('{field.name} needs {field.size} elements')")
        if field.nested or field.base == "string":
            item = self.fresh("i")
            element = Field(field.name, field.base)
            self.loop(f"for {item} in {values}:", lambda: self.single(element, item))
            return
        size = SIZES[field.base]
        if field.kind == "array":
            self.align(size)
            self.flush()
            self.rest = (self.rest + size * field.size) % self.known
        else:
            self.flush()
            if size == 8:
                self.emit(f"if {values}: b += Z[4 - len(b) & 7]")
            self.forget(min(size, 4))
        data = {"bool": f"bytes({values})", "byte": f"b''.join({values})"}.get(field.base, f"{values}.tobytes()")
        self.emit(f"b += {data}")


class _Deserializer(_Compiler):
    empty_value = "_"

    def emit_alignment(self, size: int) -> None:
        self.emit(f"p += 4 - p & {size - 1}")

    def emit_run(self, layout: struct.Struct, values: list[str]) -> None:
        if values:
            self.emit(f"{', '.join(values)}, = {self.constant('unpack', layout.unpack_from)}(d, p)")
        self.emit(f"p += {layout.size}")

    def create(self, base: str) -> str:
        owner = self.fresh("m")
        self.emit(f"{owner} = new({self.constant('C', self.lookup(base))})")
        return owner

    def single(self, field: Field, target: str) -> None:
        if field.nested:
            owner = self.create(field.base)
            self.emit(f"{target} = {owner}")
            self.message(field.base, owner)
        elif field.base == "string":
            length = self.fresh("n")
            self.primitive("uint32", length)
            self.flush()
            self.emit(f"{target} = str(d[p:p + {length} - 1], 'utf-8') if {length} else ''; p += {length}")
            self.forget()
        else:
            self.primitive(field.base, target)

    def collection(self, field: Field, target: str) -> None:
        length = str(field.size)
        if field.kind == "sequence":
            length = self.fresh("n")
            self.primitive("uint32", length)
        if field.nested or field.base == "string":
            values, item = self.fresh("v"), self.fresh("i")
            self.flush()
            self.emit(f"{values} = {target} = []")

            def body() -> None:
                self.single(Field(field.name, field.base), item)
                self.flush()
                self.emit(f"{values}.append({item})")

            self.loop(f"for _ in range({length}):", body)
            return
        size = SIZES[field.base]
        if field.kind == "array":
            self.align(size)
            self.flush()
            self.rest = (self.rest + size * field.size) % self.known
        else:
            self.flush()
            if size == 8:
                self.emit(f"if {length}: p += 4 - p & 7")
            self.forget(min(size, 4))
        piece = f"d[p:p + {size} * {length}]"
        if field.base == "bool":
            read = f"[x != 0 for x in {piece}]"
        elif field.base == "byte":
            read = f"[bytes((x,)) for x in {piece}]"
        elif field.kind == "array":
            read = f"np.frombuffer(d, {self.constant('T', np.dtype(DTYPES[field.base]))}, {length}, p).copy()"
        else:
            read = f"array('{TYPECODES[field.base]}', {piece})"
        self.emit(f"{target} = {read}; p += {size} * {length}")


def serializer(name: str, lookup: Callable[[str], type]) -> Callable[[Any], bytes]:
    """Function from a message to its CDR bytes, encapsulation header included."""
    compiler = _Serializer(lookup)
    compiler.names["HEADER"] = HEADER
    compiler.emit("b = bytearray(HEADER)")
    compiler.message(name, "message")
    return compiler.compile("serialize(message)", "return bytes(b)")  # type: ignore[no-any-return]


def deserializer(name: str, lookup: Callable[[str], type]) -> Callable[[bytes], Any]:
    """Function from CDR bytes to a message; raises CdrError where the bytes do not fit the type."""
    compiler = _Deserializer(lookup)
    compiler.emit("p = 4")
    root = compiler.create(name)
    compiler.message(name, root)
    compiler.flush()
    compiler.emit("if p > len(d): raise ValueError('the bytes end too early')")
    convert = compiler.compile("deserialize(d)", f"return {root}")

    def deserialize(data: bytes) -> Any:
        if data[:2] != b"\x00\x01":
            raise CdrError(f"{name}: encapsulation {data[:2].hex()} is not little-endian CDR version 1")
        try:
            return convert(data)
        except (struct.error, ValueError) as error:
            raise CdrError(f"{name}: {error}") from error

    return deserialize
