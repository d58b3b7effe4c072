"""Where launch descriptions come from."""

from __future__ import annotations

import os
from importlib.util import module_from_spec, spec_from_file_location

from .launch_context import LaunchContext
from .launch_description import LaunchDescription
from .substitution import SomeSubstitutionsType, perform_substitutions
from .utilities import missing

__getattr__ = missing(__name__, "FrontendLaunchDescriptionSource")


class InvalidLaunchFileError(Exception):
    """A file is not a launch file."""


class PythonLaunchDescriptionSource:
    """A Python launch file, loaded at most once."""

    def __init__(self, launch_file_path: SomeSubstitutionsType) -> None:
        self._path = launch_file_path
        self._description: LaunchDescription | None = None

    def get_path(self, context: LaunchContext) -> str:
        return os.path.abspath(perform_substitutions(context, self._path))

    def get_launch_description(self, context: LaunchContext) -> LaunchDescription:
        """Run the file's `generate_launch_description`; raises InvalidLaunchFileError or what the file raises."""
        if self._description is None:
            path = perform_substitutions(context, self._path)
            if not os.path.isfile(path):
                raise FileNotFoundError(2, os.strerror(2), path)
            if os.path.splitext(path)[1] != ".py":
                raise InvalidLaunchFileError(
                    f"The launch file '{path}' is not a Python launch file, the only kind the embedded runtime reads"
                )
            spec = spec_from_file_location("python_launch_file", os.path.abspath(path))
            assert spec is not None
            assert spec.loader is not None
            module = module_from_spec(spec)
            spec.loader.exec_module(module)
            if not hasattr(module, "generate_launch_description"):
                raise InvalidLaunchFileError(
                    f"launch file at '{path}' does not contain the required function 'generate_launch_description()'"
                )
            self._description = module.generate_launch_description()
        return self._description


AnyLaunchDescriptionSource = PythonLaunchDescriptionSource
