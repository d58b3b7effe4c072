"""Helpers of the launch system."""

import re
import sys
from collections.abc import Callable, Iterable
from typing import Any

from .substitution import is_substitution, normalize_to_list_of_substitutions, perform_substitutions

__all__ = ["ensure_argument_type", "is_substitution", "normalize_to_list_of_substitutions", "perform_substitutions"]


def ensure_argument_type(argument: Any, types: Any, argument_name: str, caller: str | None = None) -> None:
    """Raise TypeError unless the argument has one of the types."""
    allowed = tuple(types) if isinstance(types, Iterable) else (types,)
    if not isinstance(argument, allowed):
        start = "Expected" if caller is None else f"'{caller}' expected"
        names = ", ".join(map(str, allowed))
        raise TypeError(
            f"{start} '{argument_name}' to be one of [{names}], but got '{argument}' of type '{type(argument)}'"
        )


def name_modules(package: str) -> None:
    """Give each name its module of ROS 2: `launch.actions.LogInfo` is also in `launch.actions.log_info`."""
    for name in [name for name in vars(sys.modules[package]) if name[0].isupper()]:
        module = re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower()
        sys.modules.setdefault(f"{package}.{module}", sys.modules[package])


def missing(module: str, names: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module: NotImplementedError for these names, separated by spaces."""

    def refuse(name: str) -> Any:
        if name in names.split():
            raise NotImplementedError(f"{module}.{name} is not part of the embedded runtime")
        raise AttributeError(f"module '{module}' has no attribute '{name}'")

    return refuse
