"""Actions on launch arguments, launch configurations and the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .. import logging
from ..action import Action
from ..condition import Condition
from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions, perform_text
from ..utilities.type_utils import perform_typed_substitution

_ARGUMENT_LOGGER = "launch.actions.declare_launch_argument"


class DeclareLaunchArgument(Action):
    """Declares an argument of the launch file, given as `name:=value` or by an including file."""

    def __init__(
        self,
        name: str,
        *,
        default_value: SomeSubstitutionsType | None = None,
        description: str | None = None,
        choices: list[str] | None = None,
        condition: Condition | None = None,
    ) -> None:
        super().__init__(condition=condition)
        self.name = name
        self.choices = choices
        self.description = _describe_argument(description, choices)
        self.default_value: list[Substitution] | None = None
        if default_value is not None:
            self.default_value = normalize_to_list_of_substitutions(default_value)
        if choices is not None and len(choices) == 0:
            self._refuse("Provided choices arg is empty. Use None to ignore the choice list.")
        if choices is not None and isinstance(default_value, str) and default_value not in choices:
            self._refuse(f'Provided default_value "{default_value}" is not in provided choices "{choices}".')

    @staticmethod
    def _refuse(message: str) -> None:
        logging.get_logger(_ARGUMENT_LOGGER).error(message)
        raise RuntimeError(message)

    def execute(self, context: LaunchContext) -> None:
        configurations = context.launch_configurations
        if self.name not in configurations:
            if self.default_value is None:
                logging.get_logger(_ARGUMENT_LOGGER).error(
                    f'Required launch argument "{self.name}" (description: "{self.description}") was not provided'
                )
                raise RuntimeError(f'Required launch argument "{self.name}" was not provided.')
            configurations[self.name] = perform_substitutions(context, self.default_value)
        value = configurations[self.name]
        if self.choices is not None and value not in self.choices:
            self._refuse(
                f'Argument "{self.name}" provided value "{value}" is not valid. Valid options are: {self.choices}'
            )


def _describe_argument(description: str | None, choices: list[str] | None) -> str:
    if description is None:
        return "no description given" if choices is None else f"One of: {choices}"
    if choices is None:
        return description
    return f"{description}{'' if description.endswith('.') else '.'} Valid choices are: {choices}"


class _NameAndValue(Action):
    """Base of the actions that set something."""

    def __init__(
        self,
        name: SomeSubstitutionsType,
        value: SomeSubstitutionsType,
        *,
        condition: Condition | None = None,
    ) -> None:
        super().__init__(condition=condition)
        self.name = normalize_to_list_of_substitutions(name)
        self.value = normalize_to_list_of_substitutions(value)

    def _perform(self, context: LaunchContext) -> tuple[str, str]:
        return perform_text(context, self.name), perform_text(context, self.value)


class _Name(Action):
    """Base of the actions that unset something."""

    def __init__(self, name: SomeSubstitutionsType, *, condition: Condition | None = None) -> None:
        super().__init__(condition=condition)
        self.name = normalize_to_list_of_substitutions(name)


class SetLaunchConfiguration(_NameAndValue):
    """Sets a launch configuration."""

    def execute(self, context: LaunchContext) -> None:
        name, value = self._perform(context)
        context.launch_configurations[name] = value


class UnsetLaunchConfiguration(_Name):
    """Removes a launch configuration."""

    def execute(self, context: LaunchContext) -> None:
        context.launch_configurations.pop(perform_text(context, self.name), None)


class PushLaunchConfigurations(Action):
    """Remembers the launch configurations."""

    def execute(self, context: LaunchContext) -> None:
        context.push_launch_configurations()


class PopLaunchConfigurations(Action):
    """Goes back to the launch configurations last remembered."""

    def execute(self, context: LaunchContext) -> None:
        context.pop_launch_configurations()


class ResetLaunchConfigurations(Action):
    """Removes all launch configurations but the given ones."""

    def __init__(
        self,
        launch_configurations: Mapping[Any, SomeSubstitutionsType] | None = None,
        *,
        condition: Condition | None = None,
    ) -> None:
        super().__init__(condition=condition)
        self._kept = dict(launch_configurations or {})

    def execute(self, context: LaunchContext) -> None:
        kept = {perform_text(context, name): perform_text(context, text) for name, text in self._kept.items()}
        context.launch_configurations.clear()
        context.launch_configurations.update(kept)


class SetEnvironmentVariable(_NameAndValue):
    """Sets a variable in the environment of the processes launched later."""

    def execute(self, context: LaunchContext) -> None:
        name, value = self._perform(context)
        context.environment[name] = value


class AppendEnvironmentVariable(_NameAndValue):
    """Appends to a variable, such as a search path, or prepends to it."""

    def __init__(
        self,
        name: SomeSubstitutionsType,
        value: SomeSubstitutionsType,
        prepend: bool | SomeSubstitutionsType = False,
        separator: SomeSubstitutionsType = os.pathsep,
        *,
        condition: Condition | None = None,
    ) -> None:
        super().__init__(name, value, condition=condition)
        self.prepend = prepend
        self.separator = normalize_to_list_of_substitutions(separator)

    def execute(self, context: LaunchContext) -> None:
        name, value = self._perform(context)
        parts = [context.environment[name], value] if name in context.environment else [value]
        if perform_typed_substitution(context, self.prepend, bool):
            parts.reverse()
        context.environment[name] = perform_text(context, self.separator).join(parts)


class UnsetEnvironmentVariable(_Name):
    """Removes a variable from the environment."""

    def execute(self, context: LaunchContext) -> None:
        context.environment.pop(perform_text(context, self.name), None)


class PushEnvironment(Action):
    """Remembers the environment."""

    def execute(self, context: LaunchContext) -> None:
        context.push_environment()


class PopEnvironment(Action):
    """Goes back to the environment last remembered."""

    def execute(self, context: LaunchContext) -> None:
        context.pop_environment()


class ResetEnvironment(Action):
    """Goes back to the environment in which the launch started."""

    def execute(self, context: LaunchContext) -> None:
        context.reset_environment()
