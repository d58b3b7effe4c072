"""Substitutions that look something up."""

from __future__ import annotations

import importlib
import math
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .. import logging
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import describe_substitutions as _describe
from ..utilities import normalize_to_list_of_substitutions as _normalize
from ..utilities import perform_substitutions

if TYPE_CHECKING:
    from ..launch_context import LaunchContext


class SubstitutionFailure(RuntimeError):
    """A substitution has no text here."""


class TextSubstitution(Substitution):
    """A fixed text."""

    def __init__(self, *, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"TextSubstitution expected a str for 'text', got {text!r}")
        self.text = text

    def describe(self) -> str:
        return f"'{self.text}'"

    def perform(self, context: LaunchContext) -> str:
        return self.text


class LaunchConfiguration(Substitution):
    """The value of a launch configuration, which is how launch arguments are read."""

    def __init__(self, variable_name: SomeSubstitutionsType, *, default: Any = None) -> None:
        self.variable_name = _normalize(variable_name)
        self._default = None if default is None else texts_of(default)

    def describe(self) -> str:
        return f"LaunchConfig({_describe(self.variable_name)})"

    def perform(self, context: LaunchContext) -> str:
        name = perform_substitutions(context, self.variable_name)
        if name in context.launch_configurations:
            return str(context.launch_configurations[name])
        if self._default is None:
            raise SubstitutionFailure(f"launch configuration '{name}' does not exist")
        return perform_substitutions(context, self._default)


class EnvironmentVariable(Substitution):
    """The value of an environment variable."""

    def __init__(self, name: SomeSubstitutionsType, *, default_value: SomeSubstitutionsType | None = None) -> None:
        self.name = _normalize(name)
        self._default = None if default_value is None else _normalize(default_value)

    def describe(self) -> str:
        return f"EnvVar({_describe(self.name)})"

    def perform(self, context: LaunchContext) -> str:
        name = perform_substitutions(context, self.name)
        if name in context.environment:
            return context.environment[name]
        if self._default is None:
            raise SubstitutionFailure(f"environment variable '{name}' does not exist")
        return perform_substitutions(context, self._default)


class PathJoinSubstitution(Substitution):
    """A path joined from its parts."""

    def __init__(self, substitutions: Iterable[SomeSubstitutionsType]) -> None:
        self._parts = [_normalize(part) for part in substitutions]

    def describe(self) -> str:
        return f"PathJoin('{' + '.join(_describe(part) for part in self._parts)}')"

    def perform(self, context: LaunchContext) -> str:
        return os.path.join(*(perform_substitutions(context, part) for part in self._parts))


class PythonExpression(Substitution):
    """The value of a Python expression; the names of `math` need no prefix."""

    def __init__(self, expression: SomeSubstitutionsType, python_modules: SomeSubstitutionsType = ("math",)) -> None:
        self.expression = _normalize(expression)
        self.python_modules = _normalize(python_modules)

    def describe(self) -> str:
        modules = ", ".join(module.describe() for module in self.python_modules)
        return f"PythonExpr({_describe(self.expression)}, [{modules}])"

    def perform(self, context: LaunchContext) -> str:
        names: dict[str, Any] = {}
        for module in self.python_modules:
            name = context.perform_substitution(module)
            names[name] = importlib.import_module(name)
        if "math" in names:
            names = {**vars(math), **names}
        return str(eval(perform_substitutions(context, self.expression), names))


class FindExecutable(Substitution):
    """The path of a program on PATH."""

    def __init__(self, *, name: SomeSubstitutionsType) -> None:
        self.name = _normalize(name)

    def describe(self) -> str:
        return f"FindExec({_describe(self.name)})"

    def perform(self, context: LaunchContext) -> str:
        name = perform_substitutions(context, self.name)
        path = shutil.which(name, path=context.environment.get("PATH"))
        if path is None:
            raise SubstitutionFailure(f"executable '{name}' not found on the PATH")
        return path


class Command(Substitution):
    """What a command prints; `on_stderr` is 'fail', 'ignore', 'warn' or 'capture'."""

    def __init__(self, command: SomeSubstitutionsType, *, on_stderr: SomeSubstitutionsType = "fail") -> None:
        self.command = _normalize(command)
        self.on_stderr = _normalize(on_stderr)

    def describe(self) -> str:
        return f"Command({_describe(self.command)})"

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
            raise SubstitutionFailure(f"command '{command}' failed: {result.stderr or result.stdout}")
        if result.stderr and on_stderr in ("fail", "warn"):
            message = f"command '{command}' wrote to stderr: {result.stderr}"
            if on_stderr == "fail":
                raise SubstitutionFailure(message)
            logging.get_logger("launch").warning(message)
        return result.stdout


class LocalSubstitution(Substitution):
    """A context local, such as 'event.reason' while a shutdown is handled."""

    def __init__(self, expression: str, description: str | None = None) -> None:
        self.expression = expression
        self.description = description

    def describe(self) -> str:
        return f"LocalVar('{self.description or self.expression}')"

    def perform(self, context: LaunchContext) -> str:
        if not re.fullmatch(r"[\w.]+", self.expression):
            raise SubstitutionFailure(f"'{self.expression}' is not a dotted name")
        value: Any = context.locals
        try:
            for name in self.expression.split("."):
                value = getattr(value, name)
        except AttributeError as error:
            raise SubstitutionFailure(f"no context local '{self.expression}' here") from error
        return str(value)


class ThisLaunchFile(Substitution):
    """The path of the launch file being run."""

    def describe(self) -> str:
        return "ThisLaunchFile()"

    def perform(self, context: LaunchContext) -> str:
        path = context.get_locals_as_dict().get("current_launch_file_path")
        if path is None:
            raise SubstitutionFailure("ThisLaunchFile used outside of a launch file (in a script)")
        return str(path)


class ThisLaunchFileDir(Substitution):
    """The folder of the launch file being run."""

    def describe(self) -> str:
        return "ThisLaunchFileDir()"

    def perform(self, context: LaunchContext) -> str:
        return os.path.dirname(ThisLaunchFile().perform(context))


class LaunchLogDir(Substitution):
    """The folder that holds this run's log files."""

    def describe(self) -> str:
        return "LaunchLogDir()"

    def perform(self, context: LaunchContext) -> str:
        return logging.launch_config.log_dir


def texts_of(value: Any) -> list[Substitution]:
    """Return a value, or the items of an iterable, as substitutions; other things through str()."""
    items = value if isinstance(value, Iterable) and not isinstance(value, (str, Substitution)) else [value]
    return _normalize([item if isinstance(item, (str, Substitution)) else str(item) for item in items])
