"""The base of everything whose text is only known when the launch file runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class Substitution:
    """A piece of text worked out from the launch context."""

    def describe(self) -> str:
        """Return how `--show-args` and error messages show this substitution."""
        fields = (value.describe() if isinstance(value, Substitution) else repr(value) for value in vars(self).values())
        return f"{type(self).__name__}({' '.join(fields)})"

    def perform(self, context: LaunchContext) -> str:
        """Return the text."""
        raise NotImplementedError(f"{type(self).__name__}.perform")


SomeSubstitutionsType = Union[str, "os.PathLike[str]", Substitution, Iterable["str | os.PathLike[str] | Substitution"]]
