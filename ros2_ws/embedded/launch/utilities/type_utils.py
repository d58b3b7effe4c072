"""Text read as a typed value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from ..some_substitutions_type import SomeSubstitutionsType
from . import perform_text

if TYPE_CHECKING:
    from ..launch_context import LaunchContext

_TRUE, _FALSE = ("true", "on", "1"), ("false", "off", "0")


def coerce_to_type(value: str, data_type: Any) -> Any:
    """Return the text as str, bool, int, float or a list of them; None reads it as YAML would.

    Raises ValueError.
    """
    if data_type is str:
        return value
    if data_type is bool:
        return _read_bool(value)
    if data_type in (int, float):
        return data_type(value)
    parsed = yaml.safe_load(value)
    item_type = getattr(data_type, "__args__", (None,))[0]
    if data_type is None:
        return parsed
    if not isinstance(parsed, list):
        raise ValueError(f"'{value}' is not a list")
    return [coerce_to_type(str(item), item_type) for item in parsed]


def perform_typed_substitution(
    context: LaunchContext, value: bool | int | float | SomeSubstitutionsType, data_type: Any
) -> Any:
    """Return a value given directly or as substitutions as the wanted type."""
    if isinstance(value, (bool, int, float)):
        return data_type(value)
    return coerce_to_type(perform_text(context, value), data_type)


def _read_bool(value: str) -> bool:
    text = value.strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(f"'{value}' is not a boolean; valid are {', '.join(_TRUE + _FALSE)}")
