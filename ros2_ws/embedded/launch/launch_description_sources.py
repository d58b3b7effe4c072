"""Where launch descriptions come from."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable

from . import logging
from .launch_context import LaunchContext
from .launch_description import LaunchDescription
from .some_substitutions_type import SomeSubstitutionsType
from .utilities import describe_substitutions, normalize_to_list_of_substitutions, perform_substitutions


class InvalidLaunchFileError(Exception):
    """A file is not a launch file."""


InvalidPythonLaunchFileError = InvalidLaunchFileError


class LaunchDescriptionSource:
    """A launch description, or the place to load it from."""

    def __init__(
        self,
        launch_description: LaunchDescription | None = None,
        location: SomeSubstitutionsType = "<string>",
        method: str = "unspecified mechanism from a script",
    ) -> None:
        self._launch_description = launch_description
        self._location = normalize_to_list_of_substitutions(location)
        self._expanded_location: str | None = None
        self.method = method

    @property
    def location(self) -> str:
        """The file's path, or its description in words before it was first loaded."""
        return self._expanded_location or describe_substitutions(self._location)

    def get_launch_description(self, context: LaunchContext) -> LaunchDescription:
        """Return the description, loaded at most once."""
        self._expanded_location = perform_substitutions(context, self._location)
        if self._launch_description is None:
            self._launch_description = self._get_launch_description(self._expanded_location)
        return self._launch_description

    def try_get_launch_description_without_context(self) -> LaunchDescription | None:
        """Return the description, or None if its place is only known at run time."""
        try:
            return self.get_launch_description(LaunchContext())
        except Exception as error:
            logging.get_logger("launch").debug(f"cannot load {self.location} without a context: {error}")
            return None

    def _get_launch_description(self, location: str) -> LaunchDescription:
        raise NotImplementedError("LaunchDescriptionSource without a launch description")


class PythonLaunchDescriptionSource(LaunchDescriptionSource):
    """A Python launch file."""

    def __init__(self, launch_file_path: SomeSubstitutionsType) -> None:
        super().__init__(None, launch_file_path, "interpreted python launch file")

    def _get_launch_description(self, location: str) -> LaunchDescription:
        return get_launch_description_from_python_launch_file(location)


class AnyLaunchDescriptionSource(PythonLaunchDescriptionSource):
    """A launch file of any kind this runtime reads, which is Python."""


def get_launch_description_from_python_launch_file(path: str) -> LaunchDescription:
    """Run a launch file's `generate_launch_description`; raises InvalidLaunchFileError or what the file raises."""
    if not os.path.isfile(path):
        raise FileNotFoundError(2, os.strerror(2), path)
    if os.path.splitext(path)[1] != ".py":
        raise InvalidLaunchFileError(
            f"The launch file '{path}' is not a Python launch file, the only kind the embedded runtime reads"
        )
    loader = importlib.machinery.SourceFileLoader("python_launch_file", os.path.abspath(path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    generate: Callable[[], LaunchDescription] | None = getattr(module, "generate_launch_description", None)
    if generate is None:
        raise InvalidLaunchFileError(
            f"launch file at '{path}' does not contain the required function 'generate_launch_description()'"
        )
    return generate()
