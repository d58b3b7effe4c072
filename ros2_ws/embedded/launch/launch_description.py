"""What a launch file returns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from . import logging
from .actions import DeclareLaunchArgument, IncludeLaunchDescription, ResetLaunchConfigurations
from .launch_context import LaunchContext
from .launch_description_entity import LaunchDescriptionEntity

FoundArgument = tuple[DeclareLaunchArgument, list[IncludeLaunchDescription], bool]


class LaunchDescription(LaunchDescriptionEntity):
    """A list of entities, run in order."""

    def __init__(
        self,
        initial_entities: Iterable[LaunchDescriptionEntity] | None = None,
        *,
        deprecated_reason: str | None = None,
    ) -> None:
        self.entities = list(initial_entities or [])
        self.deprecated_reason = deprecated_reason

    def add_entity(self, entity: LaunchDescriptionEntity) -> None:
        """Add an entity at the end."""
        self.entities.append(entity)

    add_action = add_entity

    def visit(self, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        if self.deprecated_reason is not None:
            path = context.get_locals_as_dict().get("current_launch_file_path")
            logging.get_logger("launch").warning(f"launch file [{path}] is deprecated: {self.deprecated_reason}")
        return self.entities

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        return self.entities

    def get_launch_arguments(self) -> list[DeclareLaunchArgument]:
        """Return the arguments declared here and in included files."""
        return [argument for argument, _, _ in self.find_launch_arguments()]

    def find_launch_arguments(self) -> list[FoundArgument]:
        """Return each declared argument, first declaration first.

        With it come the includes that lead to it and whether the declaration depends on a condition.
        """
        found: dict[str, FoundArgument] = {}
        for argument, includes, is_conditional in _search(self.entities, [], False):
            found.setdefault(argument.name, (argument, includes, is_conditional))
        return list(found.values())


def _search(
    entities: Iterable[LaunchDescriptionEntity],
    includes: list[IncludeLaunchDescription],
    is_conditional: bool,
) -> Iterator[FoundArgument]:
    for entity in entities:
        if isinstance(entity, ResetLaunchConfigurations):
            return
        if isinstance(entity, DeclareLaunchArgument):
            yield entity, includes, is_conditional or entity.condition is not None
        path = [*includes, entity] if isinstance(entity, IncludeLaunchDescription) else includes
        yield from _search(entity.describe_sub_entities(), path, is_conditional)
        for _, conditional in entity.describe_conditional_sub_entities():
            yield from _search(conditional, path, True)
