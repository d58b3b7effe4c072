"""Conditions: whether an action runs."""

from __future__ import annotations

from .condition import Condition
from .launch_context import LaunchContext
from .substitution import SomeSubstitutionsType
from .utilities import describe_substitutions, perform_substitutions


class InvalidConditionExpressionError(RuntimeError):
    """A condition's text is neither true nor false."""


class IfCondition(Condition):
    """The action runs if the text is 'true' or '1', and not if it is 'false' or '0', in any case."""

    def __init__(self, predicate_expression: SomeSubstitutionsType) -> None:
        self._expression = predicate_expression

    def evaluate(self, context: LaunchContext) -> bool:
        text = perform_substitutions(context, self._expression).strip().lower()
        if text not in ("true", "1", "false", "0"):
            raise InvalidConditionExpressionError(
                f"invalid condition expression, expected one of [true, 1, false, 0] but got '{text}', "
                f"expanded from {describe_substitutions(self._expression)}"
            )
        return text in ("true", "1")


class UnlessCondition(IfCondition):
    """The action runs if the text is false."""

    def evaluate(self, context: LaunchContext) -> bool:
        return not super().evaluate(context)


class LaunchConfigurationEquals(Condition):
    """The action runs if a launch configuration has this value; None means that it is not set."""

    def __init__(self, launch_configuration_name: str, expected_value: SomeSubstitutionsType | None) -> None:
        self._name = launch_configuration_name
        self._expected = expected_value

    def evaluate(self, context: LaunchContext) -> bool:
        expected = None if self._expected is None else perform_substitutions(context, self._expected)
        return context.launch_configurations.get(self._name) == expected


class LaunchConfigurationNotEquals(LaunchConfigurationEquals):
    """The action runs if a launch configuration has another value."""

    def evaluate(self, context: LaunchContext) -> bool:
        return not super().evaluate(context)
