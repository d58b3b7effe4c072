"""Descriptions of parameters for a node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from launch.utilities import perform_text
from launch.utilities.type_utils import coerce_to_type

from launch import LaunchContext, SomeSubstitutionsType, Substitution

_SCALARS = (bool, int, float, str)


class ParameterValue:
    """A value, its text read as `value_type`: bool, int, float, str, a list of them, or None for YAML's rules."""

    def __init__(self, value: Any, *, value_type: Any = None) -> None:
        self.value = value
        self.value_type = value_type

    def evaluate(self, context: LaunchContext) -> Any:
        """Return the value; raises TypeError if it has another type."""
        if _is_text(self.value):
            text = perform_text(context, self.value)
            try:
                return coerce_to_type(text, self.value_type)
            except ValueError as error:
                raise TypeError(f"parameter value '{text}' is not a {self.value_type}: {error}") from error
        return evaluate_value(context, self.value)


class Parameter:
    """A parameter of any node in the process, given by name and value."""

    def __init__(self, name: SomeSubstitutionsType, value: Any, *, value_type: Any = None) -> None:
        self.name = name
        self.value = ParameterValue(value, value_type=value_type)

    def evaluate(self, context: LaunchContext) -> tuple[str, Any]:
        """Return name and value."""
        return perform_text(context, self.name), self.value.evaluate(context)


class ParameterFile:
    """A YAML file of parameters."""

    def __init__(self, param_file: SomeSubstitutionsType, *, allow_substs: bool = False) -> None:
        if allow_substs:
            raise NotImplementedError("ParameterFile(allow_substs=True) is not part of the embedded runtime")
        self.param_file = param_file

    def evaluate(self, context: LaunchContext) -> Path:
        """Return the file's absolute path."""
        return Path(perform_text(context, self.param_file)).absolute()


def evaluate_dict(context: LaunchContext, parameters: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Return parameter names and values; nested dictionaries become names joined by dots."""
    evaluated: dict[str, Any] = {}
    for key, value in parameters.items():
        name = prefix + perform_text(context, key)
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
    if isinstance(value, (*_SCALARS, bytes)):
        return value
    if isinstance(value, Substitution):
        return _read_yaml(perform_text(context, value))
    if not isinstance(value, Sequence):
        raise TypeError(f"unexpected type {type(value).__name__} of value {value!r}")
    items = list(value)
    if _is_text(items):
        return _read_yaml(perform_text(context, items))
    return _check_list([item if isinstance(item, _SCALARS) else evaluate_value(context, item) for item in items])


def _is_text(value: Any) -> bool:
    """Return whether the value is a substitution, or a list of texts with a substitution among them."""
    if not isinstance(value, (list, tuple)):
        return isinstance(value, Substitution)
    return any(isinstance(item, Substitution) for item in value) and all(
        isinstance(item, (str, Substitution)) for item in value
    )


def _read_yaml(text: str) -> Any:
    try:
        value = yaml.safe_load(text) if text else ""
    except yaml.YAMLError as error:
        raise TypeError(f"cannot read '{text}' as YAML; wrap a text in ParameterValue(…, value_type=str)") from error
    if isinstance(value, list):
        return _check_list(value)
    if not isinstance(value, (*_SCALARS, bytes)):
        raise TypeError(f"'{text}' is read as {type(value).__name__}; wrap a text in ParameterValue(…, value_type=str)")
    return value


def _check_list(items: list[Any]) -> list[Any]:
    kinds = {type(item) for item in items}
    if kinds == {int, float}:
        return [float(item) for item in items]
    if len(kinds) != 1 or not kinds <= set(_SCALARS):
        raise TypeError(f"expected a non-empty list of bool, int, float or str, all alike, got {items!r}")
    return items
