"""Launching ROS nodes: what `launch` needs to know about packages, names, parameters and remappings."""

from . import actions, descriptions, parameter_descriptions, substitutions

__all__ = ["actions", "descriptions", "parameter_descriptions", "substitutions"]
