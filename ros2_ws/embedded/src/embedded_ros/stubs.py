"""Writes `__init__.pyi` files, with which editors and type checkers see the message classes.

`python -m embedded_ros.stubs FOLDER` writes those of all message packages; FOLDER goes on the type checker's path.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from .cdr import NUMERIC
from .cli.interfaces import interface_packages
from .definitions import Definition, Field, definition, type_names
from .fields import PYTHON_TYPES

HEAD = """\
# Written by `python -m embedded_ros.stubs FOLDER`.
from array import array
from collections.abc import Iterable
from typing import Any, ClassVar

from embedded_ros.stub_types import Converted, Message
from numpy.typing import NDArray
"""


def annotation(field: Field, module: str) -> str:
    """Type of a field in the stub of `module`."""
    base = PYTHON_TYPES.get(field.base, int).__name__
    if field.nested:
        base = field.base.replace("/", ".").removeprefix(f"{module}.")
    if not field.kind:
        return base
    kept = f"list[{base}]"
    if field.base in NUMERIC:
        kept = "NDArray[Any]" if field.kind == "array" else f"array[{base}]"
    return f"Converted[{kept}, Iterable[{base}]]"


def message(found: Definition, name: str, module: str) -> Iterator[str]:
    """Lines of one class."""
    yield f"class {name}(Message):"
    for constant, value in found.constants.items():
        yield f"    {constant}: ClassVar[{type(value).__name__}]"
    for field in found.fields:
        yield f"    {field.name}: {annotation(field, module)} = ..."
    if not found.constants and not found.fields:
        yield "    ..."


def stub(package: str, kind: str) -> str:
    """Text of package/kind/__init__.pyi."""
    module = f"{package}.{kind}"
    modules: set[str] = set()
    lines: list[str] = []
    for name in (name for name in type_names(package) if f"/{kind}/" in name):
        short = name.rpartition("/")[2]
        halves = {"Request": f"{name}_Request", "Response": f"{name}_Response"} if kind == "srv" else {short: name}
        lines += [f"class {short}:"] if kind == "srv" else []
        for class_name, full in halves.items():
            found = definition(full)
            indent = "    " if kind == "srv" else ""
            lines += [indent + line for line in message(found, class_name, module)]
            modules |= {f.base.rpartition("/")[0].replace("/", ".") for f in found.fields if f.nested}
    imports = [f"import {other}" for other in sorted(modules - {module})]
    return "\n".join([HEAD, *imports, *lines, ""])


def main(target: Path) -> None:
    """Writes the stubs of all message packages that there are to a folder."""
    for package in interface_packages():
        folder = target / package
        for kind in sorted({name.split("/")[1] for name in type_names(package)}):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            (folder / kind / "__init__.pyi").write_text(stub(package, kind), encoding="utf-8")
        (folder / "__init__.pyi").touch()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m embedded_ros.stubs FOLDER")
    main(Path(sys.argv[1]))
