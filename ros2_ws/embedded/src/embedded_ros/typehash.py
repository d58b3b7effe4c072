"""Type descriptions and their RIHS01 hashes, as in REP 2011 and REP 2016."""

import hashlib
import json
from functools import cache
from typing import Any

from .definitions import Definition, Field, definition

_IDS = ["", "nested", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]
TYPE_IDS = {name: number for number, name in enumerate(_IDS)} | {
    "char": 3,
    "bool": 15,
    "byte": 16,
    "string": 17,
    "wstring": 18,
}
BOUNDED_STRING_ID, ARRAY_OFFSET, BOUNDED_SEQUENCE_OFFSET, SEQUENCE_OFFSET = 21, 48, 96, 144


def _field(field: Field) -> dict[str, Any]:
    number = TYPE_IDS["nested" if field.nested else field.base]
    if field.string_limit:
        number = BOUNDED_STRING_ID
    if field.kind == "array":
        number += ARRAY_OFFSET
    elif field.kind == "sequence":
        number += BOUNDED_SEQUENCE_OFFSET if field.size else SEQUENCE_OFFSET
    return {
        "name": field.name,
        "type": {
            "type_id": number,
            "capacity": field.size,
            "string_capacity": field.string_limit,
            "nested_type_name": field.base if field.nested else "",
        },
    }


def _individual(found: Definition) -> dict[str, Any]:
    fields = found.fields or (Field("structure_needs_at_least_one_member", "uint8"),)
    return {"type_name": found.name, "fields": [_field(f) for f in fields]}


def _referenced(name: str, seen: set[str]) -> set[str]:
    for field in definition(name).fields:
        if field.nested and field.base not in seen:
            seen.add(field.base)
            _referenced(field.base, seen)
    return seen


@cache
def type_description(name: str) -> dict[str, Any]:
    """The description that is hashed; the fields of type_description_interfaces/msg/TypeDescription."""
    return {
        "type_description": _individual(definition(name)),
        "referenced_type_descriptions": [_individual(definition(n)) for n in sorted(_referenced(name, set()))],
    }


@cache
def type_hash(name: str) -> str:
    """RIHS01 hash of a message type or of one half of a service."""
    return "RIHS01_" + hashlib.sha256(json.dumps(type_description(name)).encode()).hexdigest()
