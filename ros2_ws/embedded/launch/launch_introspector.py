"""What a launch description contains, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .actions import EmitEvent, ExecuteProcess, LogInfo
from .launch_description import LaunchDescription
from .launch_description_entity import LaunchDescriptionEntity
from .utilities import describe_substitutions


class LaunchIntrospector:
    """Describes a launch description without running it."""

    def format_launch_description(self, launch_description: LaunchDescription) -> str:
        """Return the entities as a tree, one to a line."""
        return "\n".join(["LaunchDescription", *_tree(launch_description.entities)])


def _tree(entities: Iterable[LaunchDescriptionEntity]) -> Iterator[str]:
    listed = list(entities)
    for entity in listed:
        is_last = entity is listed[-1]
        yield ("└── " if is_last else "├── ") + describe_entity(entity)
        conditional = [one for _, some in entity.describe_conditional_sub_entities() for one in some]
        for line in _tree([*entity.describe_sub_entities(), *conditional]):
            yield ("    " if is_last else "│   ") + line


def describe_entity(entity: LaunchDescriptionEntity) -> str:
    """Return an entity in one line."""
    if isinstance(entity, LogInfo):
        return f"LogInfo({describe_substitutions(entity.msg)})"
    if isinstance(entity, EmitEvent):
        return f"EmitEvent(event='{entity.event.name}')"
    if isinstance(entity, ExecuteProcess):
        cmd = ", ".join(describe_substitutions(part) for part in entity.cmd)
        return f"{type(entity).__name__}(cmd=[{cmd}], shell={entity.shell})"
    return type(entity).__name__
