"""The base of everything a launch description may contain."""

from .action import LaunchDescriptionEntity

__all__ = ["LaunchDescriptionEntity"]
