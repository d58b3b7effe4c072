"""What a launch description contains, in words."""

from __future__ import annotations

from .action import LaunchDescriptionEntity
from .actions import ExecuteProcess, LogInfo
from .utilities import describe_substitutions


class LaunchIntrospector:
    """Describes a launch description without running it."""

    def format_launch_description(self, launch_description: LaunchDescriptionEntity) -> str:
        """Return the entities as a tree, one to a line."""
        lines = [_describe(launch_description)]
        sub_entities = list(launch_description.get_sub_entities())
        for entity in sub_entities:
            is_last = entity is sub_entities[-1]
            first, *others = self.format_launch_description(entity).split("\n")
            lines.append(("└── " if is_last else "├── ") + first)
            lines += [("    " if is_last else "│   ") + line for line in others]
        return "\n".join(lines)


def _describe(entity: LaunchDescriptionEntity) -> str:
    if isinstance(entity, LogInfo):
        return f"LogInfo({describe_substitutions(entity.msg)})"
    if isinstance(entity, ExecuteProcess):
        return f"{type(entity).__name__}(cmd=[{', '.join(map(describe_substitutions, entity.cmd))}])"
    return type(entity).__name__
