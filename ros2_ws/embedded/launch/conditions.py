"""Conditions: whether an action runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .condition import Condition
from .some_substitutions_type import SomeSubstitutionsType
from .substitution import Substitution
from .utilities import (
    describe_substitutions,
    normalize_to_list_of_substitutions,
    perform_substitutions,
    perform_text,
)

if TYPE_CHECKING:
    from .launch_context import LaunchContext

_TRUE, _FALSE = ("true", "1"), ("false", "0")


class InvalidConditionExpressionError(RuntimeError):
    """A condition's text is neither true nor false."""


def evaluate_condition_expression(context: LaunchContext, expression: list[Substitution]) -> bool:
    """Return the truth of 'true', '1', 'false' or '0', in any case."""
    text = perform_substitutions(context, expression).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise InvalidConditionExpressionError(
        f"invalid condition expression from '{describe_substitutions(expression)}': '{text}', "
        f"valid expressions are: {', '.join(_TRUE + _FALSE)}"
    )


class IfCondition(Condition):
    """The action runs if the text is true."""

    def __init__(self, predicate_expression: SomeSubstitutionsType) -> None:
        self._expression = normalize_to_list_of_substitutions(predicate_expression)
        super().__init__(predicate=self._holds)

    def describe(self) -> str:
        return f"{type(self).__name__}({describe_substitutions(self._expression)})"

    def _holds(self, context: LaunchContext) -> bool:
        return evaluate_condition_expression(context, self._expression)


class UnlessCondition(IfCondition):
    """The action runs if the text is false."""

    def _holds(self, context: LaunchContext) -> bool:
        return not super()._holds(context)


class LaunchConfigurationEquals(Condition):
    """The action runs if a launch configuration has this value; None means that it is not set."""

    def __init__(self, launch_configuration_name: str, expected_value: SomeSubstitutionsType | None) -> None:
        self._name = launch_configuration_name
        self._expected = expected_value
        super().__init__(predicate=self._holds)

    def describe(self) -> str:
        return f"{type(self).__name__}({self._name!r}, {self._expected!r})"

    def _holds(self, context: LaunchContext) -> bool:
        expected = None if self._expected is None else perform_text(context, self._expected)
        return context.launch_configurations.get(self._name) == expected


class LaunchConfigurationNotEquals(LaunchConfigurationEquals):
    """The action runs if a launch configuration has another value."""

    def _holds(self, context: LaunchContext) -> bool:
        return not super()._holds(context)
