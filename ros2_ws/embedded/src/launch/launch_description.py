"""What a launch file returns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .action import Action, LaunchDescriptionEntity
from .launch_context import LaunchContext

if TYPE_CHECKING:
    from .actions import DeclareLaunchArgument, IncludeLaunchDescription

    FoundArgument = tuple[DeclareLaunchArgument, list[IncludeLaunchDescription], bool]


class LaunchDescription(LaunchDescriptionEntity):
    """A list of entities, run in order."""

    def __init__(self, initial_entities: Iterable[LaunchDescriptionEntity] | None = None) -> None:
        self.entities = list(initial_entities or [])

    def add_entity(self, entity: LaunchDescriptionEntity) -> None:
        self.entities.append(entity)

    add_action = add_entity

    def visit(self, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        return self.entities

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        return self.entities

    def get_launch_arguments(self, conditional_inclusion: bool = False) -> list[DeclareLaunchArgument]:
        """Return the arguments declared here and in included files."""
        return [argument for argument, _, _ in self.find_launch_arguments(conditional_inclusion)]

    def find_launch_arguments(self, conditional_inclusion: bool = False) -> list[FoundArgument]:
        """Return each declared argument, first declaration first.

        With it come the includes that lead to it and whether the declaration depends on a condition or an event.
        """
        found: dict[str, FoundArgument] = {}
        for argument, includes, is_conditional in _search(self.entities, [], conditional_inclusion):
            found.setdefault(argument.name, (argument, includes, is_conditional))
        return list(found.values())


def _search(
    entities: Iterable[LaunchDescriptionEntity], includes: list[IncludeLaunchDescription], is_conditional: bool
) -> Iterator[FoundArgument]:
    from . import actions

    for entity in entities:
        if isinstance(entity, actions.ResetLaunchConfigurations):
            return  # arguments given from outside do not get further
        depends = is_conditional or isinstance(entity, (actions.RegisterEventHandler, actions.TimerAction))
        depends |= isinstance(entity, Action) and entity.condition is not None
        if isinstance(entity, actions.DeclareLaunchArgument):
            yield entity, includes, depends
        path = [*includes, entity] if isinstance(entity, actions.IncludeLaunchDescription) else includes
        yield from _search(entity.get_sub_entities(), path, depends)
