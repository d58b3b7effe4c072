"""Substitutions: texts worked out while the launch file runs."""

from __future__ import annotations

import importlib
import math
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from . import logging, substitution
from .substitution import (
    SomeSubstitutionsType,
    Substitution,
    coerce_to_type,
    describe_substitutions,
    is_substitution,
    normalize_to_list_of_substitutions,
    perform_substitutions,
)
from .utilities import ensure_argument_type, missing, name_modules

if TYPE_CHECKING:
    from .launch_context import LaunchContext

TextSubstitution = substitution.TextSubstitution
__getattr__ = missing(__name__, "AnonName")


class SubstitutionFailure(RuntimeError):
    """A substitution has no text here."""


class LaunchConfiguration(Substitution):
    """The value of a launch configuration, which is how launch arguments are read."""

    label = "LaunchConfig"

    def __init__(self, variable_name: SomeSubstitutionsType, *, default: Any = None) -> None:
        self.variable_name = normalize_to_list_of_substitutions(variable_name)
        self.default = normalize_default(default)

    def perform(self, context: LaunchContext) -> str:
        name = perform_substitutions(context, self.variable_name)
        return _look_up(context, "launch configuration", context.launch_configurations, name, self.default)


def normalize_default(default: Any) -> list[Substitution] | None:
    """Return a default, which may be anything, as a text."""
    if default is None:
        return None
    parts = default if isinstance(default, Iterable) else [default]
    return [part if isinstance(part, Substitution) else TextSubstitution(text=str(part)) for part in parts]


@dataclass(eq=False)
class EnvironmentVariable(Substitution):
    label = "EnvVar"
    name: SomeSubstitutionsType
    default_value: SomeSubstitutionsType | None = field(default=None, kw_only=True)

    def perform(self, context: LaunchContext) -> str:
        name = perform_substitutions(context, self.name)
        return _look_up(context, "environment variable", context.environment, name, self.default_value)


def _look_up(
    context: LaunchContext, kind: str, values: Mapping[str, Any], name: str, default: SomeSubstitutionsType | None
) -> str:
    if name in values:
        return str(values[name])
    if default is None:
        raise SubstitutionFailure(f"{kind} '{name}' does not exist")
    return perform_substitutions(context, default)


@dataclass(eq=False)
class FileContent(Substitution):
    path: SomeSubstitutionsType

    def perform(self, context: LaunchContext) -> str:
        path = perform_substitutions(context, self.path)
        try:
            return Path(path).read_text()
        except FileNotFoundError as error:
            raise SubstitutionFailure(f"File not found: {path}") from error


class LaunchLogDir(Substitution):
    """The folder of this run's log files."""

    def perform(self, context: LaunchContext) -> str:
        return logging.launch_config.log_dir


@dataclass(eq=False)
class PathJoinSubstitution(Substitution):
    substitutions: SomeSubstitutionsType

    def describe(self) -> str:
        return f"PathJoin('{describe_substitutions(self.substitutions)}')"

    def perform(self, context: LaunchContext) -> str:
        return os.path.join(*(part.perform(context) for part in normalize_to_list_of_substitutions(self.substitutions)))


@dataclass(eq=False)
class PythonExpression(Substitution):
    """The value of a Python expression; the names of `math` need no prefix."""

    expression: SomeSubstitutionsType
    python_modules: SomeSubstitutionsType = ("math",)

    def describe(self) -> str:
        modules = normalize_to_list_of_substitutions(self.python_modules)
        described = ", ".join(module.describe() for module in modules)
        return f"PythonExpr({describe_substitutions(self.expression)}, [{described}])"

    def perform(self, context: LaunchContext) -> str:
        names: dict[str, Any] = {}
        for each in normalize_to_list_of_substitutions(self.python_modules):
            module = importlib.import_module(each.perform(context))
            if module.__name__ == "math":
                names.update(vars(module))
            names[module.__name__] = module
        return str(eval(perform_substitutions(context, self.expression), {}, names))


@dataclass(eq=False)
class FindExecutable(Substitution):
    """The path of a program on PATH."""

    label = "FindExec"
    name: SomeSubstitutionsType = field(kw_only=True)

    def perform(self, context: LaunchContext) -> str:
        name = perform_substitutions(context, self.name)
        path = shutil.which(name)
        if path is None:
            raise SubstitutionFailure(f"executable '{name}' not found on the PATH")
        return path


@dataclass(eq=False)
class Command(Substitution):
    """What a command prints; `on_stderr` is 'fail', 'ignore', 'warn' or 'capture'."""

    command: SomeSubstitutionsType
    on_stderr: SomeSubstitutionsType = field(default="fail", kw_only=True)

    def perform(self, context: LaunchContext) -> str:
        command = perform_substitutions(context, self.command)
        on_stderr = perform_substitutions(context, self.on_stderr)
        if on_stderr not in ("fail", "ignore", "warn", "capture"):
            raise SubstitutionFailure("expected 'on_stderr' to be one of: 'fail', 'ignore', 'warn' or 'capture'")
        stderr = subprocess.STDOUT if on_stderr == "capture" else subprocess.PIPE
        try:
            result = subprocess.run(shlex.split(command), stdout=subprocess.PIPE, stderr=stderr, text=True, check=False)
        except FileNotFoundError as error:
            raise SubstitutionFailure(f"file not found: {error}") from error
        if result.returncode != 0:
            captured = f"\nCaptured stderr output: {result.stderr}" if result.stderr else ""
            raise SubstitutionFailure(f"executed command failed. Command: {command}{captured}")
        if result.stderr and on_stderr != "ignore":
            message = (
                f"executed command showed stderr output. Command: {command}\nCaptured stderr output:\n{result.stderr}"
            )
            if on_stderr == "fail":
                raise SubstitutionFailure(message)
            logging.get_logger().warning(message)
        return result.stdout


@dataclass(eq=False)
class LocalSubstitution(Substitution):
    """A context local, such as 'event.reason' while a shutdown is handled."""

    expression: str
    description: str | None = None

    def __post_init__(self) -> None:
        ensure_argument_type(self.expression, str, "expression", "LocalSubstitution")

    def describe(self) -> str:
        return f"LocalVar('{self.description or self.expression}')"

    def perform(self, context: LaunchContext) -> Any:
        return eval(f"context.locals.{self.expression}")


class ThisLaunchFile(Substitution):
    """The path of the launch file being run."""

    local: ClassVar[str] = "current_launch_file_path"

    def perform(self, context: LaunchContext) -> str:
        if self.local not in context.get_locals_as_dict():
            raise SubstitutionFailure(f"{type(self).__name__} used outside of a launch file (in a script)")
        return str(context.get_locals_as_dict()[self.local])


class ThisLaunchFileDir(ThisLaunchFile):
    local = "current_launch_file_directory"


class _OfTexts(Substitution):
    """Base of what is 'true' or 'false' for some texts."""

    def __init__(self, *args: SomeSubstitutionsType) -> None:
        self.args = [normalize_to_list_of_substitutions(arg) for arg in args]

    def describe(self) -> str:
        return f"{type(self).__name__}({' '.join(map(describe_substitutions, self.args))})"

    def _perform_booleans(self, context: LaunchContext) -> list[bool]:
        try:
            return [coerce_to_type(perform_substitutions(context, arg), bool) for arg in self.args]
        except ValueError as error:
            raise SubstitutionFailure(error) from error


class AnySubstitution(_OfTexts):
    def perform(self, context: LaunchContext) -> str:
        return _truth(any(self._perform_booleans(context)))


class AllSubstitution(_OfTexts):
    def perform(self, context: LaunchContext) -> str:
        return _truth(all(self._perform_booleans(context)))


class OrSubstitution(AnySubstitution):
    """Whether one of two is true."""


class AndSubstitution(AllSubstitution):
    """Whether both are true."""


class NotSubstitution(_OfTexts):
    def perform(self, context: LaunchContext) -> str:
        return _truth(not self._perform_booleans(context)[0])


class IfElseSubstitution(_OfTexts):
    def __init__(
        self,
        condition: SomeSubstitutionsType,
        if_value: SomeSubstitutionsType = "",
        else_value: SomeSubstitutionsType = "",
    ) -> None:
        if if_value == else_value == "":
            raise RuntimeError("One of if_value and else_value must be specified")
        super().__init__(condition)
        self.if_value = normalize_to_list_of_substitutions(if_value)
        self.else_value = normalize_to_list_of_substitutions(else_value)

    def perform(self, context: LaunchContext) -> str:
        return perform_substitutions(context, self.if_value if self._perform_booleans(context)[0] else self.else_value)


class EqualsSubstitution(_OfTexts):
    """Whether two values are equal, as booleans, numbers or text."""

    def __init__(self, left: Any, right: Any) -> None:
        super().__init__(_as_text(left), _as_text(right))

    def perform(self, context: LaunchContext) -> str:
        left, right = (perform_substitutions(context, arg) for arg in self.args)
        booleans = {"true": True, "1": True, "false": False, "0": False}
        if left.lower() in booleans and right.lower() in booleans:
            return _truth(booleans[left.lower()] == booleans[right.lower()])
        try:
            return _truth(math.isclose(float(left), float(right)))
        except ValueError:
            return _truth(left == right)


class NotEqualsSubstitution(EqualsSubstitution):
    def perform(self, context: LaunchContext) -> str:
        return _truth(super().perform(context) == "false")


def _as_text(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return "" if value is None else _truth(value)
    return value if is_substitution(value) else str(value)


def _truth(value: bool) -> str:
    return str(value).lower()


name_modules(__name__)
