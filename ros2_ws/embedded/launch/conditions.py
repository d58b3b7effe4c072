"""Conditions: whether an action runs."""

from __future__ import annotations

from dataclasses import dataclass

from .launch_context import LaunchContext
from .substitution import SomeSubstitutionsType, describe_substitutions, perform_substitutions
from .utilities import missing

__getattr__ = missing(__name__, "evaluate_condition_expression")


class InvalidConditionExpressionError(RuntimeError):
    """A condition's text is neither true nor false."""


class Condition:
    """A question put to the launch context when an action is about to run."""

    def evaluate(self, context: LaunchContext) -> bool:
        """Return whether the action shall run."""
        raise NotImplementedError(f"{type(self).__name__}.evaluate")


@dataclass(eq=False)
class IfCondition(Condition):
    """The action runs if the text is 'true' or '1', and not if it is 'false' or '0', in any case."""

    predicate_expression: SomeSubstitutionsType

    def evaluate(self, context: LaunchContext) -> bool:
        text = perform_substitutions(context, self.predicate_expression).strip().lower()
        if text not in ("true", "1", "false", "0"):
            raise InvalidConditionExpressionError(
                f"invalid condition expression, expected one of [true, 1, false, 0] but got '{text}', "
                f"expanded from {describe_substitutions(self.predicate_expression)}"
            )
        return text in ("true", "1")


class UnlessCondition(IfCondition):
    """The action runs if the text is false."""

    def evaluate(self, context: LaunchContext) -> bool:
        return not super().evaluate(context)


@dataclass(eq=False)
class LaunchConfigurationEquals(Condition):
    """The action runs if a launch configuration has this value; None means that it is not set."""

    launch_configuration_name: str
    expected_value: SomeSubstitutionsType | None

    def evaluate(self, context: LaunchContext) -> bool:
        expected = None if self.expected_value is None else perform_substitutions(context, self.expected_value)
        return context.launch_configurations.get(self.launch_configuration_name) == expected


class LaunchConfigurationNotEquals(LaunchConfigurationEquals):
    """The action runs if a launch configuration has another value."""

    def evaluate(self, context: LaunchContext) -> bool:
        return not super().evaluate(context)
