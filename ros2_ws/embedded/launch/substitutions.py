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
from typing import TYPE_CHECKING, Any

from . import logging, substitution
from .substitution import (
    SomeSubstitutionsType,
    Substitution,
    describe_substitutions,
    normalize_to_list_of_substitutions,
    perform_bool,
    perform_substitutions,
)
from .utilities import missing

if TYPE_CHECKING:
    from .launch_context import LaunchContext

TextSubstitution = substitution.TextSubstitution
__getattr__ = missing(__name__, "AnonName AnySubstitution AllSubstitution BooleanSubstitution FileContent")


class SubstitutionFailure(RuntimeError):
    """A substitution has no text here."""


@dataclass(eq=False)
class LaunchConfiguration(Substitution):
    """The value of a launch configuration, which is how launch arguments are read."""

    label = "LaunchConfig"
    variable_name: SomeSubstitutionsType
    default: Any = field(default=None, kw_only=True)

    def perform(self, context: LaunchContext) -> str:
        name = perform_substitutions(context, self.variable_name)
        default = None if self.default is None else _as_text(self.default)
        return _look_up(context, "launch configuration", context.launch_configurations, name, default)


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
    python_modules: Iterable[str] = ("math",)

    def describe(self) -> str:
        return f"PythonExpr({describe_substitutions(self.expression)}, {list(self.python_modules)})"

    def perform(self, context: LaunchContext) -> str:
        names: dict[str, Any] = {name: importlib.import_module(name) for name in self.python_modules}
        if "math" in names:
            names = {**vars(math), **names}
        return str(eval(perform_substitutions(context, self.expression), names))


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
            raise SubstitutionFailure("expected 'on_stderr' to be one of: fail, ignore, warn, capture")
        stderr = subprocess.STDOUT if on_stderr == "capture" else subprocess.PIPE
        try:
            result = subprocess.run(shlex.split(command), stdout=subprocess.PIPE, stderr=stderr, text=True, check=False)
        except FileNotFoundError as error:
            raise SubstitutionFailure(f"file not found: {error}") from error
        if result.returncode != 0:
            raise SubstitutionFailure(f"executed command failed. Command: {command}\n{result.stderr or ''}".strip())
        if result.stderr and on_stderr != "ignore":
            message = f"executed command showed stderr output. Command: {command}\n{result.stderr}".strip()
            if on_stderr == "fail":
                raise SubstitutionFailure(message)
            logging.get_logger("launch").warning(message)
        return result.stdout


@dataclass(eq=False)
class LocalSubstitution(Substitution):
    """A context local, such as 'event.reason' while a shutdown is handled."""

    label = "LocalVar"
    expression: str

    def perform(self, context: LaunchContext) -> str:
        value: Any = context.locals
        for name in self.expression.split("."):
            if not hasattr(value, name):
                raise SubstitutionFailure(f"no context local '{self.expression}' here")
            value = getattr(value, name)
        return str(value)


class ThisLaunchFile(Substitution):
    """The path of the launch file being run."""

    def perform(self, context: LaunchContext) -> str:
        path = getattr(context.locals, "current_launch_file_path", None)
        if path is None:
            raise SubstitutionFailure("ThisLaunchFile used outside of a launch file (in a script)")
        return str(path)


class ThisLaunchFileDir(ThisLaunchFile):
    def perform(self, context: LaunchContext) -> str:
        return os.path.dirname(super().perform(context))


@dataclass(eq=False)
class _TwoSides(Substitution):
    """Base of the substitutions that are 'true' or 'false' for two values."""

    left: Any
    right: Any

    def describe(self) -> str:
        left, right = (describe_substitutions(_as_text(side)) for side in (self.left, self.right))
        return f"{type(self).__name__}({left} {right})"


class EqualsSubstitution(_TwoSides):
    """Whether two values are equal, as booleans, numbers or text."""

    def perform(self, context: LaunchContext) -> str:
        left, right = (perform_substitutions(context, _as_text(side)) for side in (self.left, self.right))
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


class AndSubstitution(_TwoSides):
    def perform(self, context: LaunchContext) -> str:
        return _truth(perform_bool(context, self.left) and perform_bool(context, self.right))


class OrSubstitution(_TwoSides):
    def perform(self, context: LaunchContext) -> str:
        return _truth(perform_bool(context, self.left) or perform_bool(context, self.right))


@dataclass(eq=False)
class NotSubstitution(Substitution):
    value: SomeSubstitutionsType

    def perform(self, context: LaunchContext) -> str:
        return _truth(not perform_bool(context, self.value))


@dataclass(eq=False)
class IfElseSubstitution(Substitution):
    condition: SomeSubstitutionsType
    if_value: SomeSubstitutionsType = ""
    else_value: SomeSubstitutionsType = ""

    def perform(self, context: LaunchContext) -> str:
        chosen = self.if_value if perform_bool(context, self.condition) else self.else_value
        return perform_substitutions(context, chosen)


def _as_text(value: Any) -> SomeSubstitutionsType:
    return value if isinstance(value, (str, Substitution, list, tuple)) else str(value)


def _truth(value: bool) -> str:
    return str(value).lower()
