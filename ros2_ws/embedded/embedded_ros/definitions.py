"""Definitions of message and service types: from `rosbags`, from this checkout and from AMENT_PREFIX_PATH."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .packages import SOURCE_FOLDER, prefixes

INTEGER_BITS = {f"{sign}int{bits}": bits for sign in ("", "u") for bits in (8, 16, 32, 64)}
PRIMITIVES = {"bool", "byte", "char", "float32", "float64", "string", "wstring", *INTEGER_BITS}
OWN_FOLDER = Path(__file__).with_name("definitions")
# rosbags keeps no default values; this is the only one of the standard messages that is not zero.
DEFAULTS = {("geometry_msgs/msg/Quaternion", "w"): 1.0}

_LINE = re.compile(r"(?P<type>[\w/]+)(?P<limit><=\d+)?(?P<array>\[(?:<=)?\d*\])?\s+(?P<name>\w+)\s*(?P<rest>.*)")


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
    text = text.strip()
    if base in ("string", "wstring") and text[:1] not in ("'", '"', "["):
        return text
    quoted = re.match(r"""("[^"]*"|'[^']*'|\[.*\]|[^#]*)""", text)
    text = quoted[0].strip() if quoted else text
    if base == "bool" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    value = ast.literal_eval(text.replace("true", "True").replace("false", "False") if base == "bool" else text)
    if base == "byte":
        return bytes([value])
    if base == "bool" and not isinstance(value, list):
        return bool(value)
    return float(value) if base.startswith("float") and not isinstance(value, list) else value


def interface_folders(package: str, kind: str) -> Iterator[Path]:
    """Existing folders with the .msg or .srv files of a package (kind: "msg" or "srv")."""
    roots = [*(prefix / "share" for prefix in prefixes()), SOURCE_FOLDER, OWN_FOLDER]
    return (folder for root in roots if (folder := root / package / kind).is_dir())


def definition_file(name: str) -> Path | None:
    """The file that defines package/kind/Name, if there is one (the standard messages have none)."""
    package, kind, short = name.split("/")
    if kind == "srv":
        short = short.removesuffix("_Request").removesuffix("_Response")
    for folder in interface_folders(package, kind):
        if (path := folder / f"{short}.{kind}").is_file():
            return path
    return None


@cache
def _rosbags() -> dict[str, Any]:
    from rosbags.typesys import Stores, get_typestore

    return get_typestore(Stores.ROS2_JAZZY).fielddefs


@cache
def definition(name: str) -> Definition:
    """Definition of package/msg/Name, package/srv/Name_Request or package/srv/Name_Response."""
    if name.count("/") == 2:
        if (path := definition_file(name)) is not None:
            return parse(name, _half(name, path.read_text(encoding="utf-8")))
        if name in _rosbags():
            return _from_rosbags(name, *_rosbags()[name])
    raise UnknownTypeError(f"no definition of {name} in this checkout, under AMENT_PREFIX_PATH or in rosbags")


def _half(name: str, text: str) -> str:
    if "/srv/" not in name:
        return text
    request, response = re.split(r"^---\s*$", text, maxsplit=1, flags=re.MULTILINE)
    return request if name.endswith("_Request") else response


def _from_rosbags(name: str, constants: list[Any], fields: list[Any]) -> Definition:
    def field(label: str, desc: Any) -> Field:
        kind, size = {3: ("array", desc[1][1]), 4: ("sequence", desc[1][1])}.get(int(desc[0]), ("", 0))
        inner = desc[1][0] if kind else desc
        base, limit = inner[1] if int(inner[0]) == 1 else (inner[1], 0)
        return Field(label, base, kind, size, limit, DEFAULTS.get((name, label)))

    values = {label: bytes([value]) if base == "byte" else value for label, base, value in constants}
    wanted = [(label, desc) for label, desc in fields if label != "structure_needs_at_least_one_member"]
    return Definition(name, tuple(field(*item) for item in wanted), values)


def type_names(package: str) -> list[str]:
    """Names package/msg/Name and package/srv/Name that a package defines, sorted."""
    found = {
        f"{package}/{k}/{f.stem}"
        for k in ("msg", "srv")
        for d in interface_folders(package, k)
        for f in d.glob(f"*.{k}")
    }
    return sorted(found | {name for name in _rosbags() if name.startswith(f"{package}/msg/")})
