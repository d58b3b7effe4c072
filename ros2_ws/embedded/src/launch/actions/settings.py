"""Actions that set arguments, launch configurations and the environment, and those that remember and restore them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from .. import logging
from ..action import Action
from ..launch_context import LaunchContext
from ..substitution import SomeSubstitutionsType, Substitution, perform_substitutions, perform_text, perform_typed

_ARGUMENT_LOGGER = "launch.actions.declare_launch_argument"


@dataclass(eq=False, repr=False)
class DeclareLaunchArgument(Action):
    """Declares an argument of the launch file, given as `name:=value` or by an including file."""

    name: str
    default_value: SomeSubstitutionsType | None = field(default=None, kw_only=True)
    description: str | None = field(default=None, kw_only=True)
    choices: list[str] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        default = self.default_value
        super().__post_init__()
        if self.choices is None:
            self.description = "no description given" if self.description is None else self.description
            return
        if not self.choices:
            _refuse("Provided choices arg is empty. Use None to ignore the choice list.")
        if default is not None and not isinstance(default, (Substitution, list)) and default not in self.choices:
            _refuse(f'Provided default_value "{default}" is not in provided choices "{self.choices}".')
        if self.description is None:
            self.description = f"One of: {self.choices}"
        else:
            self.description = f"{self.description.removesuffix('.')}. Valid choices are: {self.choices}"

    def execute(self, context: LaunchContext) -> None:
        configurations = context.launch_configurations
        if self.name not in configurations:
            if self.default_value is None:
                what = f'Required launch argument "{self.name}"'
                message = f'{what} (description: "{self.description}") was not provided'
                logging.get_logger(_ARGUMENT_LOGGER).error(message)
                raise RuntimeError(f"{what} was not provided.")
            configurations[self.name] = perform_substitutions(context, self.default_value)
        value = configurations[self.name]
        if self.choices is not None and value not in self.choices:
            _refuse(f'Argument "{self.name}" provided value "{value}" is not valid. Valid options are: {self.choices}')


def _refuse(message: str) -> NoReturn:
    logging.get_logger(_ARGUMENT_LOGGER).error(message)
    raise RuntimeError(message)


@dataclass(eq=False, repr=False)
class SetLaunchConfiguration(Action):
    name: SomeSubstitutionsType
    value: SomeSubstitutionsType

    def execute(self, context: LaunchContext) -> None:
        name = perform_substitutions(context, self.name)
        context.launch_configurations[name] = perform_substitutions(context, self.value)


@dataclass(eq=False, repr=False)
class UnsetLaunchConfiguration(Action):
    name: SomeSubstitutionsType

    def execute(self, context: LaunchContext) -> None:
        context.launch_configurations.pop(perform_substitutions(context, self.name), None)


@dataclass(eq=False, repr=False)
class ResetLaunchConfigurations(Action):
    """Forgets all launch configurations but the given ones."""

    launch_configurations: Mapping[SomeSubstitutionsType, SomeSubstitutionsType] | None = None

    def execute(self, context: LaunchContext) -> None:
        given = (self.launch_configurations or {}).items()
        kept = {perform_text(context, name): perform_text(context, value) for name, value in given}
        context.launch_configurations.clear()
        context.launch_configurations.update(kept)


class PushLaunchConfigurations(Action):
    """Remembers the launch configurations."""

    def execute(self, context: LaunchContext) -> None:
        context.push("launch_configurations")


class PopLaunchConfigurations(Action):
    """Goes back to the launch configurations last remembered."""

    def execute(self, context: LaunchContext) -> None:
        context.pop("launch_configurations")


@dataclass(eq=False, repr=False)
class SetEnvironmentVariable(Action):
    """Sets a variable in the environment of the processes launched later."""

    name: SomeSubstitutionsType
    value: SomeSubstitutionsType

    def execute(self, context: LaunchContext) -> None:
        name = perform_substitutions(context, self.name)
        context.environment[name] = perform_substitutions(context, self.value)


@dataclass(eq=False, repr=False)
class AppendEnvironmentVariable(SetEnvironmentVariable):
    """Appends to a variable, such as a search path, or prepends to it."""

    prepend: bool | SomeSubstitutionsType = False
    separator: SomeSubstitutionsType = os.pathsep

    def execute(self, context: LaunchContext) -> None:
        name = perform_substitutions(context, self.name)
        parts = [context.environment[name]] if name in context.environment else []
        at_front = perform_typed(context, self.prepend, bool)
        parts.insert(0 if at_front else 1, perform_substitutions(context, self.value))
        context.environment[name] = perform_substitutions(context, self.separator).join(parts)


@dataclass(eq=False, repr=False)
class UnsetEnvironmentVariable(Action):
    name: SomeSubstitutionsType

    def execute(self, context: LaunchContext) -> None:
        context.environment.pop(perform_substitutions(context, self.name), None)


class PushEnvironment(Action):
    """Remembers the environment."""

    def execute(self, context: LaunchContext) -> None:
        context.push("environment")


class PopEnvironment(Action):
    """Goes back to the environment last remembered."""

    def execute(self, context: LaunchContext) -> None:
        context.pop("environment")


class ResetEnvironment(Action):
    """Goes back to the environment that the launch began with."""

    def execute(self, context: LaunchContext) -> None:
        context.reset_environment()
