"""Helpers for substitutions and entities."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..launch_description_entity import LaunchDescriptionEntity
from ..some_entities_type import SomeEntitiesType
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution

if TYPE_CHECKING:
    from ..launch_context import LaunchContext


def normalize_to_list_of_substitutions(subs: SomeSubstitutionsType) -> list[Substitution]:
    """Return text, substitution or a mix of them as a list of substitutions."""
    from ..substitutions import TextSubstitution

    if isinstance(subs, Substitution):
        return [subs]
    if isinstance(subs, (str, os.PathLike)):
        return [TextSubstitution(text=os.fspath(subs))]
    if not isinstance(subs, Iterable):
        raise TypeError(f"expected text or substitutions, got {subs!r} of type {type(subs).__name__}")
    return [one for item in subs for one in normalize_to_list_of_substitutions(item)]


def normalize_to_list_of_entities(entities: SomeEntitiesType | None) -> list[LaunchDescriptionEntity]:
    """Return one entity, several or none as a list; TypeError for anything else."""
    if entities is None:
        return []
    if isinstance(entities, LaunchDescriptionEntity):
        return [entities]
    found = [entity for entity in entities if entity is not None]
    for entity in found:
        if not isinstance(entity, LaunchDescriptionEntity):
            raise TypeError(f"expected launch entities, got {entity!r} of type {type(entity).__name__}")
    return found


def perform_substitutions(context: LaunchContext, subs: Iterable[Substitution]) -> str:
    """Return the joined texts of the substitutions."""
    return "".join(context.perform_substitution(sub) for sub in subs)


def perform_text(context: LaunchContext, subs: SomeSubstitutionsType) -> str:
    """Return the text of anything an action accepts as text."""
    return perform_substitutions(context, normalize_to_list_of_substitutions(subs))


def describe_substitutions(subs: Iterable[Substitution]) -> str:
    """Return the descriptions joined by plus signs."""
    return " + ".join(sub.describe() for sub in subs)


def visit_all_entities_and_collect_futures(
    entity: LaunchDescriptionEntity, context: LaunchContext
) -> list[tuple[LaunchDescriptionEntity, asyncio.Future[None]]]:
    """Visit the entity and what it yields, depth first, and return the futures of unfinished work."""
    sub_entities = entity.visit(context)
    future = entity.get_asyncio_future()
    pairs = [] if future is None else [(entity, future)]
    for sub_entity in normalize_to_list_of_entities(sub_entities):
        pairs += visit_all_entities_and_collect_futures(sub_entity, context)
    return pairs


__all__ = [
    "describe_substitutions",
    "normalize_to_list_of_entities",
    "normalize_to_list_of_substitutions",
    "perform_substitutions",
    "perform_text",
    "visit_all_entities_and_collect_futures",
]
