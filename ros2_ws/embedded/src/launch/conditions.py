"""Conditions: whether an action runs."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from .launch_context import LaunchContext
from .substitution import (
    SomeSubstitutionsType,
    describe_substitutions,
    normalize_to_list_of_substitutions,
    perform_substitutions,
)
from .utilities import name_modules


class InvalidConditionExpressionError(ValueError):
    """A condition's text is neither true nor false."""


def evaluate_condition_expression(context: LaunchContext, expression: SomeSubstitutionsType) -> bool:
    """Return whether the text is 'true' or '1', and not 'false' or '0', in any case."""
    text = perform_substitutions(context, expression).strip().lower()
    if text not in ("true", "1", "false", "0"):
        raise InvalidConditionExpressionError(
            f"invalid condition expression, expected one of [true, 1, false, 0] but got '{text}', "
            f"expanded from '{describe_substitutions(expression)}'"
        )
    return text in ("true", "1")


class Condition:
    """A question put to the launch context when an action is about to run."""

    def __init__(self, *, predicate: Callable[[LaunchContext], bool] | None = None) -> None:
        self._predicate = predicate

    def evaluate(self, context: LaunchContext) -> bool:
        """Return whether the action shall run."""
        return self._predicate is not None and self._predicate(context)


class IfCondition(Condition):
    """The action runs if the text is true."""

    def __init__(self, predicate_expression: SomeSubstitutionsType) -> None:
        self._expression = normalize_to_list_of_substitutions(predicate_expression)

    def evaluate(self, context: LaunchContext) -> bool:
        return evaluate_condition_expression(context, self._expression)


class UnlessCondition(IfCondition):
    """The action runs if the text is false."""

    def evaluate(self, context: LaunchContext) -> bool:
        return not super().evaluate(context)


class LaunchConfigurationEquals(Condition):
    """The action runs if a launch configuration has this value; None means that it is not set."""

    def __init__(self, launch_configuration_name: str, expected_value: SomeSubstitutionsType | None) -> None:
        warnings.warn(
            "The 'LaunchConfigurationEquals' and 'LaunchConfigurationNotEquals' Conditions are  deprecated. "
            "Use the 'EqualsSubstitution' and 'NotEqualsSubstitution' substitutions instead!",
            stacklevel=2,
        )
        self._name = launch_configuration_name
        self._expected = None if expected_value is None else normalize_to_list_of_substitutions(expected_value)

    def evaluate(self, context: LaunchContext) -> bool:
        expected = None if self._expected is None else perform_substitutions(context, self._expected)
        return bool(context.launch_configurations.get(self._name) == expected)


class LaunchConfigurationNotEquals(LaunchConfigurationEquals):
    """The action runs if a launch configuration has another value."""

    def evaluate(self, context: LaunchContext) -> bool:
        return not super().evaluate(context)


name_modules(__name__)
