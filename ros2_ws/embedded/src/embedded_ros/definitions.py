"""Definitions of message and service types, read from .msg and .srv files.

They are looked for under AMENT_PREFIX_PATH, then for the standard packages of ROS 2 Jazzy in the folder `definitions`
beside this file, then in declared folders of sources.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .packages import prefixes, source_folders

INTEGER_BITS = {f"{sign}int{bits}": bits for sign in ("", "u") for bits in (8, 16, 32, 64)}
PRIMITIVES = {"bool", "byte", "char", "float32", "float64", "string", "wstring", *INTEGER_BITS}
OWN_FOLDER = Path(__file__).with_name("definitions")

_LINE = re.compile(r"(?P<type>[\w/]+)(?P<limit><=\d+)?(?P<array>\[(?:<=)?\d*\])?\s+(?P<name>\w+)\s*(?P<rest>.*)")
_LITERAL = re.compile(r"""("(\\.|[^"])*"|'(\\.|[^'])*'|\[.*\]|[^#]*)""")
_CONVERSIONS: dict[str, Any] = {
    "bool": bool,
    "byte": lambda number: bytes([number]),
    "float32": float,
    "float64": float,
}


class UnknownTypeError(LookupError):
    """No definition of that name."""


@dataclass(frozen=True)
class Field:
    """One field; `base` is a primitive or a full type name such as geometry_msgs/msg/Point."""

    name: str
    base: str
    kind: str = ""  # "", "array" (fixed size) or "sequence"
    size: int = 0  # elements of an array, bound of a sequence (0: unbounded)
    string_limit: int = 0
    default: Any = None

    @property
    def nested(self) -> bool:
        return self.base not in PRIMITIVES


@dataclass(frozen=True)
class Definition:
    """Fields and constants (name -> value) of a message, or of one half of a service."""

    name: str
    fields: tuple[Field, ...]
    constants: dict[str, Any]


def parse(name: str, text: str) -> Definition:
    """Definition from the text of a .msg file or one half of a .srv file."""
    fields, constants = [], {}
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.match(line)
        if match is None:
            raise ValueError(f"{name}: cannot read the line {raw!r}")
        base, rest = match["type"], match["rest"]
        if rest.startswith("="):
            constants[match["name"]] = _value(base, rest[1:])
            continue
        array = (match["array"] or "").strip("[]")
        kind = "" if match["array"] is None else "array" if array.isdigit() else "sequence"
        default = _value(base, rest) if rest and not rest.startswith("#") else None
        fields.append(
            Field(
                match["name"],
                _full_name(base, name.split("/", maxsplit=1)[0]),
                kind,
                int(array.removeprefix("<=") or 0),
                int((match["limit"] or "<=0")[2:]),
                default,
            )
        )
    return Definition(name, tuple(fields), constants)


def _full_name(base: str, package: str) -> str:
    if base in PRIMITIVES:
        return base
    parts = base.split("/")
    return f"{parts[0] if len(parts) > 1 else package}/msg/{parts[-1]}"


def _value(base: str, text: str) -> Any:
    """Of a constant, or a default: a number, a text with or without quotes, or a list of such; a comment may follow."""
    text = text.strip()
    if base in ("string", "wstring") and text[:1] not in ("'", '"', "["):
        return text
    literal = _LITERAL.match(text)[0].strip()  # type: ignore[index]  # matches any text
    if base == "bool":
        literal = literal.title()
    value, convert = ast.literal_eval(literal), _CONVERSIONS.get(base, lambda single: single)
    return [convert(single) for single in value] if isinstance(value, list) else convert(value)


def interface_folders(package: str, kind: str) -> Iterator[Path]:
    """Existing folders with the .msg or .srv files of a package (kind: "msg" or "srv")."""
    return (folder for root in _roots() if (folder := root / package / kind).is_dir())


def _roots() -> Iterator[Path]:
    yield from (prefix / "share" for prefix in prefixes())
    yield OWN_FOLDER
    yield from source_folders()  # the slowest to find


def definition_file(name: str) -> Path | None:
    """The file that defines package/kind/Name, if there is one."""
    package, kind, short = name.split("/")
    if kind == "srv":
        short = short.removesuffix("_Request").removesuffix("_Response")
    for folder in interface_folders(package, kind):
        if (path := folder / f"{short}.{kind}").is_file():
            return path
    return None


@cache
def definition(name: str) -> Definition:
    """Definition of package/msg/Name, package/srv/Name_Request or package/srv/Name_Response."""
    if name.count("/") == 2 and (path := definition_file(name)) is not None:
        return parse(name, _half(name, path.read_text(encoding="utf-8")))
    raise UnknownTypeError(f"no definition of {name} under AMENT_PREFIX_PATH or in a declared folder of sources")


def _half(name: str, text: str) -> str:
    if "/srv/" not in name:
        return text
    request, response = re.split(r"^---\s*$", text, maxsplit=1, flags=re.MULTILINE)
    return request if name.endswith("_Request") else response


def type_names(package: str) -> list[str]:
    """Names package/msg/Name and package/srv/Name that a package defines, sorted."""
    return sorted(
        {
            f"{package}/{kind}/{file.stem}"
            for kind in ("msg", "srv")
            for folder in interface_folders(package, kind)
            for file in folder.glob(f"*.{kind}")
        }
    )
