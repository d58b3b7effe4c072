"""Helpers for texts: a text is a string, a path, a substitution, or a list of these, which are joined."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .substitution import SomeSubstitutionsType, Substitution

if TYPE_CHECKING:
    from .launch_context import LaunchContext


def normalize_to_list_of_substitutions(subs: SomeSubstitutionsType) -> list[Substitution]:
    """Return the parts of a text as substitutions; TypeError for anything else."""
    if isinstance(subs, (str, os.PathLike, Substitution)):
        return [_normalize(subs)]
    return [_normalize(item) for item in subs]


def _normalize(item: str | os.PathLike[str] | Substitution) -> Substitution:
    from .substitutions import TextSubstitution

    if isinstance(item, Substitution):
        return item
    if isinstance(item, (str, os.PathLike)):
        return TextSubstitution(text=os.fspath(item))
    raise TypeError(f"expected a text or a substitution, got {item!r} of type {type(item).__name__}")


def perform_substitutions(context: LaunchContext, subs: SomeSubstitutionsType) -> str:
    """Return the text."""
    return "".join(sub.perform(context) for sub in normalize_to_list_of_substitutions(subs))


def describe_substitutions(subs: SomeSubstitutionsType) -> str:
    """Return the descriptions of the parts, joined by plus signs."""
    return " + ".join(sub.describe() for sub in normalize_to_list_of_substitutions(subs))


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
