"""What a launch description contains, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .action import LaunchDescriptionEntity
from .actions import ExecuteProcess, LogInfo
from .launch_description import LaunchDescription
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
        yield ("└── " if is_last else "├── ") + _describe(entity)
        for line in _tree(entity.get_sub_entities()):
            yield ("    " if is_last else "│   ") + line


def _describe(entity: LaunchDescriptionEntity) -> str:
    if isinstance(entity, LogInfo):
        return f"LogInfo({describe_substitutions(entity.msg)})"
    if isinstance(entity, ExecuteProcess):
        cmd = ", ".join(map(describe_substitutions, entity.cmd))
        return f"{type(entity).__name__}(cmd=[{cmd}], shell={entity.shell})"
    return type(entity).__name__
