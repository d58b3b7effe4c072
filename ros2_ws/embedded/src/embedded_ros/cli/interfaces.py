"""The message and service types that there are, and their definitions."""

from collections.abc import Iterator
from typing import Any

from .. import packages
from ..definitions import OWN_FOLDER, UnknownTypeError, definition_file, parse
from ..messages import interface_class


def find_type(name: str, kind: str) -> Any:
    """Return the class of 'package/kind/Name' or 'package/Name'; raises RuntimeError."""
    parts = name.split("/")
    if len(parts) == 2:
        parts.insert(1, kind)
    try:
        found = interface_class("/".join(parts))
        is_service = hasattr(found, "Request")
        if is_service and kind == "msg":
            raise ValueError
    except (UnknownTypeError, ValueError):
        raise RuntimeError(f"The passed {'message' if kind == 'msg' else 'service'} type is invalid") from None
    if kind == "srv" and not is_service:
        raise RuntimeError("The passed type is not a service")
    return found


def interface_packages() -> list[str]:
    """Return the packages with messages or services, sorted."""
    shares = [package.share for package in packages.packages().values()]
    return sorted({f.name for f in [*shares, *OWN_FOLDER.iterdir()] if (f / "msg").is_dir() or (f / "srv").is_dir()})


def definition_lines(name: str) -> Iterator[tuple[str, str | None]]:
    """Yield each line of a type's definition with the type it nests, if any; raises UnknownTypeError."""
    file = definition_file(name)
    if file is None:
        raise UnknownTypeError(name)
    for raw in file.read_text(encoding="utf-8").splitlines():
        line = raw.rstrip()
        fields = () if line == "---" else parse(name, line).fields
        yield line, fields[0].base if fields and fields[0].nested else None


def full_definition(name: str) -> str:
    """Return the definition of a message followed by those it nests, each once, as bags have it."""
    texts: dict[str, str] = {}
    waiting = [name]
    for current in waiting:
        if current not in texts:
            lines = list(definition_lines(current))
            texts[current] = "\n".join(line for line, _ in lines) + "\n"
            waiting += [nested for _, nested in lines if nested]
    first, *others = texts.items()
    headed = [f"{'=' * 80}\nMSG: {other.replace('/msg/', '/')}\n{text}" for other, text in others]
    return "".join([first[1], *headed])
