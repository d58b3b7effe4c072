"""Texts known when the launch file runs: strings, substitutions, and lists of these, which are joined."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, cast

import yaml

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class Substitution:
    """A piece of text worked out from the launch context."""

    label: ClassVar[str] = ""

    def __post_init__(self) -> None:
        normalize_texts(self)

    def describe(self) -> str:
        """Return how `--show-args` and error messages show it: label or class, and the first text it was given."""
        texts = [value for value in vars(self).values() if isinstance(value, list)]
        return f"{self.label or type(self).__name__}({''.join(map(describe_substitutions, texts[:1]))})"

    def perform(self, context: LaunchContext) -> str:
        """Return the text."""
        raise NotImplementedError("perform() not implemented for Substitution base class.")


SomeSubstitutionsType = str | Substitution | Iterable[str | Substitution]


@dataclass(eq=False)
class TextSubstitution(Substitution):
    """A fixed text."""

    text: str = field(kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise TypeError(f"TextSubstitution expected Text object got '{type(self.text)}' instead.")

    def describe(self) -> str:
        return f"'{self.text}'"

    def perform(self, context: LaunchContext) -> str:
        return self.text


def normalize_to_list_of_substitutions(subs: SomeSubstitutionsType) -> list[Substitution]:
    """Return the parts of a text as substitutions; TypeError for anything else."""
    parts = subs if isinstance(subs, Iterable) and not isinstance(subs, str) else [subs]
    return [_normalize(part) for part in parts]


def _normalize(part: Any) -> Substitution:
    if isinstance(part, Substitution):
        return part
    if isinstance(part, str):
        return TextSubstitution(text=part)
    allowed = "when only 'str' or 'launch.Substitution' were expected."
    raise TypeError(f"Failed to normalize given item of type '{type(part)}', {allowed}")


def normalize_texts(entity: Any) -> None:
    """Normalise those fields of a dataclass that are declared as texts."""
    for each in fields(entity):
        value = getattr(entity, each.name)
        if value is not None and each.type in ("SomeSubstitutionsType", "SomeSubstitutionsType | None"):
            setattr(entity, each.name, normalize_to_list_of_substitutions(value))


def perform_substitutions(context: LaunchContext, subs: SomeSubstitutionsType) -> str:
    """Return the text of a list of substitutions."""
    return "".join(context.perform_substitution(sub) for sub in cast("list[Substitution]", subs))


def perform_text(context: LaunchContext, text: SomeSubstitutionsType) -> str:
    """Return the text of anything that can be normalised."""
    return perform_substitutions(context, normalize_to_list_of_substitutions(text))


def describe_substitutions(subs: SomeSubstitutionsType) -> str:
    """Return the descriptions of the parts, joined by plus signs."""
    return " + ".join(part.describe() for part in normalize_to_list_of_substitutions(subs))


def is_substitution(value: Any) -> bool:
    """Return whether the value is a substitution, or a list of texts with a substitution among them."""
    if not isinstance(value, (list, tuple)):
        return isinstance(value, Substitution)
    has_substitution = any(isinstance(item, Substitution) for item in value)
    return has_substitution and all(isinstance(item, (str, Substitution)) for item in value)


def coerce_to_type(text: str, data_type: Any = None) -> Any:
    """Return a text as bool, int, float, str, a list of one of these, or as YAML reads it; raises ValueError."""
    if data_type in (str, int, float):
        return data_type(text)
    if data_type is bool:
        text = {"1": "true", "0": "false"}.get(text, text)
    try:
        value = yaml.safe_load(text) if text else text
    except yaml.YAMLError as error:
        raise ValueError(f"Failed to convert '{text}' using yaml rules: yaml.safe_load() failed\n{error}") from error
    if not is_instance(value, data_type):
        raise ValueError(f"Cannot convert value '{text}' to '{data_type or 'a scalar or a uniform list'}'")
    return value


def is_instance(value: Any, data_type: Any) -> bool:
    """Return whether a value has one of the types of `coerce_to_type`; None stands for any of them."""
    scalars = (bool, int, float, str)
    if isinstance(value, list):
        item_type = data_type.__args__[0] if hasattr(data_type, "__args__") else type(value[0]) if value else str
        return data_type not in scalars and item_type in scalars and all(isinstance(item, item_type) for item in value)
    return isinstance(value, scalars if data_type is None else getattr(data_type, "__origin__", data_type))


def perform_typed(context: LaunchContext, value: Any, data_type: type) -> Any:
    """Return a value given directly or as text; raises ValueError."""
    return value if isinstance(value, data_type) else coerce_to_type(perform_text(context, value), data_type)
