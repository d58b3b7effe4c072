"""Faults with parameters as people write them: `offset`, or `offset:{x_m: 0.5}`."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from mir2_core.config import StrictModel, read_mapping
from mir2_core.errors import UserError, nearest

Kind = TypeVar("Kind")  # of traitor, or of fault


class Adversary(StrictModel):
    """A trained adversary that is still to be loaded."""

    bundle: str = Field(default="", description="a name in the zoo, maybe after `zoo:`, or the path of an .onnx file")


def split_list(text: str) -> list[str]:
    """The parts between commas, but for those within braces; empty parts are left out."""
    return [part.strip() for part in re.split(r",(?![^{}]*\})", text) if part.strip()]


def split_parameters(text: str) -> tuple[str, str]:
    """A kind, and its parameters with their braces or nothing."""
    kind, brace, rest = text.partition("{")
    return kind.strip().removesuffix(":"), brace + rest


def expand(kind: str, parameters: str) -> tuple[str, str]:
    """Kind and parameters, where `adversary(NAME)` may stand for `adversary:{bundle: NAME}`."""
    short = re.fullmatch(r"adversary\(([^(){}]+)\)", kind)
    if not short or parameters:
        return kind, parameters
    return "adversary", f"{{bundle: {short[1].strip()}}}"


def find_fault(kind: str, parameters: str, known: Mapping[str, Kind]) -> Kind:
    """One of those known, with parameters such as `{x_m: 0.5}`, or nothing, in place of its defaults."""
    if kind not in known:
        raise UserError(f"unknown fault '{kind}'; {nearest(kind, known)}")
    given = read_mapping(parameters, f"parameters of '{kind}'") if parameters else {}
    if not given:
        return known[kind]
    model: Any = type(known[kind])
    if not issubclass(model, StrictModel):
        raise UserError(f"'{kind}' has no parameters; leave out {parameters}")
    try:
        changed: Any = model.model_validate(given)
    except ValidationError as error:
        raise UserError(f"parameters of '{kind}': {_refusal(model, error)}") from None
    fault: Kind = changed
    return fault


def _refusal(model: type[StrictModel], error: ValidationError) -> str:
    first = error.errors()[0]
    if first["type"] == "unknown_key":
        return str(first["msg"])
    name = str(first["loc"][0])
    schema = model.model_json_schema()["properties"][name]
    if schema["type"] == "array":
        allowed = "a list of robots, such as [robot_1, robot_2]"
    elif "enum" in schema:
        allowed = ", ".join(schema["enum"])
    elif schema["type"] == "string":
        allowed = "a word"
    else:
        number = "a whole number" if schema["type"] == "integer" else "a number"
        allowed = f"{number} from {schema['minimum']:g} to {schema['maximum']:g}"
    return f"{name} is {first['input']!r:.60}; allowed: {allowed}"
