"""Descriptions of parameters for a node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from launch.substitution import perform_substitutions, read_bool

from launch import LaunchContext, SomeSubstitutionsType, Substitution

_SCALARS = (bool, int, float, str, bytes)
_WAY_OUT = "if it is meant to be a text, wrap it in launch_ros.parameter_descriptions.ParameterValue(…, value_type=str)"


@dataclass(eq=False)
class ParameterValue:
    """A value, its text read as `value_type`: bool, int, float, str, a list of them, or None for YAML's rules."""

    value: Any
    value_type: Any = field(default=None, kw_only=True)

    def evaluate(self, context: LaunchContext) -> Any:
        """Return the value; raises TypeError if it has another type."""
        is_typed_text = isinstance(self.value, str) and self.value_type is not None
        if not is_typed_text and not _is_text(self.value):
            return evaluate_value(context, self.value)
        text = perform_substitutions(context, self.value)
        try:
            return _read(text, self.value_type)
        except ValueError as error:
            raise TypeError(f"parameter value '{text}' is not a {self.value_type}: {error}") from error


@dataclass(eq=False)
class ParameterFile:
    """A YAML file of parameters."""

    param_file: SomeSubstitutionsType
    allow_substs: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if self.allow_substs:
            raise NotImplementedError("ParameterFile(allow_substs=True) is not part of the embedded runtime")

    def evaluate(self, context: LaunchContext) -> Path:
        """Return the file's absolute path."""
        return Path(perform_substitutions(context, self.param_file)).absolute()


def evaluate_dict(context: LaunchContext, parameters: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Return parameter names and values; nested dictionaries become names joined by dots."""
    evaluated: dict[str, Any] = {}
    for key, value in parameters.items():
        name = prefix + perform_substitutions(context, key)
        if isinstance(value, Mapping):
            evaluated.update(evaluate_dict(context, value, f"{name}."))
            continue
        try:
            evaluated[name] = evaluate_value(context, value)
        except TypeError as error:
            raise TypeError(f"parameter '{name}': {error}") from error
    return evaluated


def evaluate_value(context: LaunchContext, value: Any) -> Any:
    """Return a parameter's value; the text of substitutions is read by YAML's rules. Raises TypeError."""
    if isinstance(value, ParameterValue):
        return value.evaluate(context)
    if isinstance(value, _SCALARS):
        return value
    if _is_text(value):
        return _read(perform_substitutions(context, value), None)
    if not isinstance(value, Iterable):
        raise TypeError(f"unexpected type {type(value).__name__} of value {value!r}")
    # lists in a list are texts, given in parts
    return _check_list([item if isinstance(item, _SCALARS) else perform_substitutions(context, item) for item in value])


def _is_text(value: Any) -> bool:
    """Return whether the value is a substitution, or a list of texts with a substitution among them."""
    if not isinstance(value, (list, tuple)):
        return isinstance(value, Substitution)
    has_substitution = any(isinstance(item, Substitution) for item in value)
    return has_substitution and all(isinstance(item, (str, Substitution)) for item in value)


def _read(text: str, value_type: Any) -> Any:
    if value_type is str:
        return text
    if value_type is bool:
        return read_bool(text)
    if value_type in (int, float):
        return value_type(text)
    try:
        value = yaml.safe_load(text) if text else ""
    except yaml.YAMLError as error:
        raise TypeError(f"cannot read '{text}' as YAML; {_WAY_OUT}") from error
    if isinstance(value, list):
        convert = value_type.__args__[0] if value_type else lambda item: item
        return _check_list([convert(item) for item in value])
    if value_type is not None or not isinstance(value, _SCALARS):
        raise TypeError(f"'{text}' is read as {type(value).__name__}; {_WAY_OUT}")
    return value


def _check_list(items: list[Any]) -> list[Any]:
    kinds = {type(item) for item in items}
    if kinds == {int, float}:
        return [float(item) for item in items]
    if len(kinds) != 1 or not kinds <= {bool, int, float, str}:
        raise TypeError(f"expected a non-empty list of bool, int, float or str, all alike, got {items!r}")
    return items
