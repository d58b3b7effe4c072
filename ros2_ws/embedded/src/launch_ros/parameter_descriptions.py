"""Descriptions of parameters for a node."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from launch.substitution import coerce_to_type, is_instance, is_substitution, perform_text
from launch.utilities import ensure_argument_type, missing

from launch import LaunchContext, SomeSubstitutionsType, Substitution

__getattr__ = missing(__name__, "Parameter")
_SCALARS = (bool, int, float, str, bytes)
_WAY_OUT = (
    "If the parameter is meant to be a string, try wrapping it in "
    "launch_ros.parameter_descriptions.ParameterValue(value, value_type=str)"
)


class ParameterValue:
    """A value, its substitutions read as `value_type`: bool, int, float, str, a list of them, or None for YAML's rules.

    Raises TypeError for a value of another type and ValueError for a text that is none.
    """

    def __init__(self, value: Any, *, value_type: Any = None) -> None:
        if isinstance(value, _SCALARS) and not is_instance(value, value_type):
            raise TypeError(f"value='{value!s}' is not an instance of {value_type}")
        self.value = value
        self.value_type = value_type

    def evaluate(self, context: LaunchContext) -> Any:
        """Return the value."""
        if is_substitution(self.value):
            return coerce_to_type(perform_text(context, self.value), self.value_type)
        if isinstance(self.value, _SCALARS):
            return self.value
        values = _perform_items(context, self.value, getattr(self.value_type, "__args__", [None])[0])
        if not is_instance(values, self.value_type):
            raise ValueError(f"The output list does not match the expected type Got value='{values}'")
        return values


class ParameterFile:
    """A YAML file of parameters."""

    def __init__(
        self, param_file: SomeSubstitutionsType | os.PathLike[str] | bytes, *, allow_substs: bool = False
    ) -> None:
        allowed = (str, Substitution, Iterable, os.PathLike, bytes)
        ensure_argument_type(param_file, allowed, "param_file", "ParameterFile()")
        if allow_substs:
            raise NotImplementedError("ParameterFile(allow_substs=True) is not part of the embedded runtime")
        self.param_file = param_file

    def evaluate(self, context: LaunchContext) -> Path:
        """Return the file's path."""
        if isinstance(self.param_file, (os.PathLike, bytes)):
            return Path(os.fsdecode(self.param_file))
        return Path(perform_text(context, self.param_file))


def check_values(parameters: Mapping[Any, Any]) -> None:
    """Raise TypeError for what can be no parameter's value, before anything is evaluated."""
    for value in parameters.values():
        if isinstance(value, Mapping):
            check_values(value)
        elif not isinstance(value, (*_SCALARS, list, tuple, Substitution, ParameterValue)):
            raise TypeError(f"Unexpected type for parameter value {value!r}")


def evaluate_dict(context: LaunchContext, parameters: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Return parameter names and values; nested dictionaries become names joined by dots. Raises TypeError."""
    evaluated: dict[str, Any] = {}
    for key, value in parameters.items():
        name = prefix + perform_text(context, key)
        if isinstance(value, Mapping):
            evaluated.update(evaluate_dict(context, value, f"{name}."))
        else:
            evaluated[name] = _evaluate(context, name, value)
    return evaluated


def _evaluate(context: LaunchContext, name: str, value: Any) -> Any:
    if isinstance(value, ParameterValue):
        return value.evaluate(context)
    if isinstance(value, _SCALARS):
        return value
    if is_substitution(value):
        text = perform_text(context, value)
        try:
            value = yaml.safe_load(text) if text else ""
        except yaml.YAMLError as error:
            raise TypeError(f"Unable to parse the value of parameter {name} as yaml. {_WAY_OUT}") from error
        if isinstance(value, _SCALARS):
            return value
        if not isinstance(value, list):
            raise TypeError(
                "Allowed value types are bytes, bool, int, float, str, Sequence[bool], Sequence[int], Sequence[float], "
                f'Sequence[str]. Got {type(value)} for "{name}". {_WAY_OUT}'
            )
    else:
        value = _perform_items(context, value, None)
    if not value or not is_instance(value, None):
        raise TypeError(
            "Expected a non-empty sequence, with items of uniform type. Allowed sequence item types are bool, int, "
            f'float, str. Got inconsistent input for "{name}"'
        )
    return value


def _perform_items(context: LaunchContext, items: Iterable[Any], item_type: Any) -> list[Any]:
    """Return a list whose substitutions are performed and whose numbers are alike."""
    done = [
        item if isinstance(item, _SCALARS) else coerce_to_type(perform_text(context, item), item_type) for item in items
    ]
    return [float(item) for item in done] if {type(item) for item in done} == {int, float} else done
