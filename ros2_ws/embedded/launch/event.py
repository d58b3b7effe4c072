"""The base of all events, where ROS 2 has it."""

from .events import Event

__all__ = ["Event"]
