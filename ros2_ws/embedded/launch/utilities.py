"""Helpers for texts, and the answer to names of ROS 2 that this runtime does not have."""

from collections.abc import Callable
from typing import Any

from .substitution import normalize_to_list_of_substitutions, perform_substitutions

__all__ = ["missing", "normalize_to_list_of_substitutions", "perform_substitutions"]


def missing(module: str, names: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module: NotImplementedError for these names, separated by spaces."""

    def refuse(name: str) -> Any:
        if name in names.split():
            raise NotImplementedError(f"{module}.{name} is not part of the embedded runtime")
        raise AttributeError(f"module '{module}' has no attribute '{name}'")

    return refuse
