"""Events of the launch system."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..event import Event
from . import process

if TYPE_CHECKING:
    from ..action import Action
    from ..actions import TimerAction
    from ..launch_description import LaunchDescription


class Shutdown(Event):
    """The launch system ends."""

    name = "launch.events.Shutdown"

    def __init__(self, *, reason: str = "reason not given", due_to_sigint: bool = False) -> None:
        self.reason = reason
        self.due_to_sigint = due_to_sigint


class IncludeLaunchDescription(Event):
    """A launch description shall be run."""

    name = "launch.events.IncludeLaunchDescription"

    def __init__(self, launch_description: LaunchDescription) -> None:
        self.launch_description = launch_description


class TimerEvent(Event):
    """A timer's period has passed."""

    name = "launch.events.TimerEvent"

    def __init__(self, *, timer_action: TimerAction) -> None:
        self.timer_action = timer_action


class ExecutionComplete(Event):
    """An action has done all it does."""

    name = "launch.events.ExecutionComplete"

    def __init__(self, *, action: Action) -> None:
        self.action = action


def matches_action(target_action: Action) -> Callable[[Action], bool]:
    """Match one action, for events aimed at a process."""
    return lambda action: action is target_action


__all__ = [
    "ExecutionComplete",
    "IncludeLaunchDescription",
    "Shutdown",
    "TimerEvent",
    "matches_action",
    "process",
]
