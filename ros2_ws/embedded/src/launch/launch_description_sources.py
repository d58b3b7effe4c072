"""Where launch descriptions come from."""

from __future__ import annotations

import os
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

from .launch_context import LaunchContext
from .launch_description import LaunchDescription
from .substitution import (
    SomeSubstitutionsType,
    describe_substitutions,
    normalize_to_list_of_substitutions,
    perform_substitutions,
)
from .utilities import missing, name_modules

__getattr__ = missing(__name__, "FrontendLaunchDescriptionSource")


class InvalidPythonLaunchFileError(Exception):
    """A Python file is not a launch file."""


class InvalidLaunchFileError(Exception):
    """A file cannot be read as a launch file."""

    def __init__(self, extension: str = "", *, likely_errors: list[Exception] | None = None) -> None:
        if not extension or not likely_errors:
            super().__init__("The launch file may have a syntax error, or its format is unknown")
            return
        several = "multiple exceptions" if len(likely_errors) > 1 else "exception"
        errors = "".join(f"\n - {type(error).__name__}: {error}" for error in likely_errors)
        super().__init__(f"Caught {several} when trying to load file of format [{extension}]:{errors}")
        self.__cause__ = likely_errors[0]


class LaunchDescriptionSource:
    """A launch description, or the place that one is read from, at most once."""

    def __init__(
        self,
        launch_description: LaunchDescription | None = None,
        location: SomeSubstitutionsType = "<string>",
        method: str = "unspecified mechanism from a script",
    ) -> None:
        self._description = launch_description
        self._location = normalize_to_list_of_substitutions(location)
        self._path: str | None = None
        self.method = method

    @property
    def location(self) -> str:
        return describe_substitutions(self._location) if self._path is None else self._path

    def get_launch_description(self, context: LaunchContext) -> LaunchDescription:
        """Return the description; raises what is wrong with the file."""
        self._path = perform_substitutions(context, self._location)
        if self._description is None:
            self._description = self._read(self._path)
        return self._description

    def _read(self, path: str) -> LaunchDescription:
        raise RuntimeError(
            "LaunchDescriptionSource.get_launch_description(): called without launch description being set"
        )


class PythonLaunchDescriptionSource(LaunchDescriptionSource):
    """A Python launch file."""

    def __init__(self, launch_file_path: SomeSubstitutionsType) -> None:
        super().__init__(None, launch_file_path, "interpreted python launch file")

    def _read(self, path: str) -> LaunchDescription:
        return get_launch_description_from_python_launch_file(path)


class AnyLaunchDescriptionSource(PythonLaunchDescriptionSource):
    """A launch file of any kind, of which there is one."""

    def _read(self, path: str) -> LaunchDescription:
        return get_launch_description_from_any_launch_file(path)


def get_launch_description_from_python_launch_file(python_launch_file_path: str) -> LaunchDescription:
    """Run the file's `generate_launch_description`; raises InvalidPythonLaunchFileError or what the file raises."""
    spec = spec_from_loader("python_launch_file", SourceFileLoader("python_launch_file", python_launch_file_path))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, "generate_launch_description"):
        raise InvalidPythonLaunchFileError(
            f"launch file at '{python_launch_file_path}' does not contain the required function "
            "'generate_launch_description()'"
        )
    description: LaunchDescription = module.generate_launch_description()
    return description


def get_launch_description_from_any_launch_file(launch_file_path: str) -> LaunchDescription:
    """Run a Python launch file; raises InvalidLaunchFileError."""
    extension = os.path.splitext(launch_file_path)[1][1:]
    try:
        if extension in ("xml", "yaml", "yml"):
            raise NotImplementedError(f"launch files of format {extension} are not part of the embedded runtime")
        return get_launch_description_from_python_launch_file(launch_file_path)
    except Exception as error:
        raise InvalidLaunchFileError(extension, likely_errors=[error]) from error


name_modules(__name__)
