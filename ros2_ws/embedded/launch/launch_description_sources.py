"""Where launch descriptions come from."""

from __future__ import annotations

import importlib.util
import os
from importlib.machinery import SourceFileLoader

from .launch_context import LaunchContext
from .launch_description import LaunchDescription
from .substitution import SomeSubstitutionsType
from .utilities import perform_substitutions


class InvalidLaunchFileError(Exception):
    """A file is not a launch file."""


class PythonLaunchDescriptionSource:
    """A Python launch file."""

    def __init__(self, launch_file_path: SomeSubstitutionsType) -> None:
        self._path = launch_file_path
        self._description: LaunchDescription | None = None

    def get_path(self, context: LaunchContext) -> str:
        return os.path.abspath(perform_substitutions(context, self._path))

    def get_launch_description(self, context: LaunchContext) -> LaunchDescription:
        """Return the description, loaded at most once."""
        if self._description is None:
            path = perform_substitutions(context, self._path)
            self._description = get_launch_description_from_python_launch_file(path)
        return self._description


AnyLaunchDescriptionSource = PythonLaunchDescriptionSource


def get_launch_description_from_python_launch_file(path: str) -> LaunchDescription:
    """Run a launch file's `generate_launch_description`; raises InvalidLaunchFileError or what the file raises."""
    if not os.path.isfile(path):
        raise FileNotFoundError(2, os.strerror(2), path)
    if os.path.splitext(path)[1] != ".py":
        raise InvalidLaunchFileError(
            f"The launch file '{path}' is not a Python launch file, the only kind the embedded runtime reads"
        )
    loader = SourceFileLoader("python_launch_file", os.path.abspath(path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    if not hasattr(module, "generate_launch_description"):
        raise InvalidLaunchFileError(
            f"launch file at '{path}' does not contain the required function 'generate_launch_description()'"
        )
    description: LaunchDescription = module.generate_launch_description()
    return description
