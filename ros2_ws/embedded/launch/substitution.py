"""Texts known when the launch file runs: strings, paths, substitutions, and lists of these, which are joined."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Union

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class Substitution:
    """A piece of text worked out from the launch context."""

    label: ClassVar[str] = ""

    def describe(self) -> str:
        """Return how `--show-args` and error messages show it: label or class, and the first text it was given."""
        texts = [value for value in vars(self).values() if isinstance(value, (str, Substitution, list, tuple))]
        return f"{self.label or type(self).__name__}({''.join(map(describe_substitutions, texts[:1]))})"

    def perform(self, context: LaunchContext) -> str:
        """Return the text."""
        raise NotImplementedError(f"{type(self).__name__}.perform")


SomeSubstitutionsType = Union[str, "os.PathLike[str]", Substitution, Iterable["str | os.PathLike[str] | Substitution"]]


@dataclass(eq=False)
class TextSubstitution(Substitution):
    """A fixed text."""

    text: str = field(kw_only=True)

    def describe(self) -> str:
        return f"'{self.text}'"

    def perform(self, context: LaunchContext) -> str:
        return self.text


def normalize_to_list_of_substitutions(subs: SomeSubstitutionsType) -> list[Substitution]:
    """Return the parts of a text as substitutions; TypeError for anything else."""
    parts = [subs] if isinstance(subs, (str, os.PathLike, Substitution)) else subs
    return [_normalize(part) for part in parts]


def _normalize(part: str | os.PathLike[str] | Substitution) -> Substitution:
    if isinstance(part, Substitution):
        return part
    if isinstance(part, (str, os.PathLike)):
        return TextSubstitution(text=os.fspath(part))
    raise TypeError(f"expected a text or a substitution, got {part!r} of type {type(part).__name__}")


def perform_substitutions(context: LaunchContext, subs: SomeSubstitutionsType) -> str:
    """Return the text."""
    return "".join(part.perform(context) for part in normalize_to_list_of_substitutions(subs))


def describe_substitutions(subs: SomeSubstitutionsType) -> str:
    """Return the descriptions of the parts, joined by plus signs."""
    return " + ".join(part.describe() for part in normalize_to_list_of_substitutions(subs))


def read_bool(text: str) -> bool:
    """Return the truth of 'true', 'on', '1', 'false', 'off' or '0', in any case; raises ValueError."""
    lowered = text.strip().lower()
    if lowered not in ("true", "on", "1", "false", "off", "0"):
        raise ValueError(f"'{text}' is not a boolean; valid are true, on, 1, false, off, 0")
    return lowered in ("true", "on", "1")


def perform_bool(context: LaunchContext, value: bool | SomeSubstitutionsType) -> bool:
    """Return a boolean given directly or as text; raises ValueError."""
    return value if isinstance(value, bool) else read_bool(perform_substitutions(context, value))


def perform_float(context: LaunchContext, value: float | SomeSubstitutionsType) -> float:
    """Return a number given directly or as text; raises ValueError."""
    return float(value if isinstance(value, (int, float)) else perform_substitutions(context, value))
