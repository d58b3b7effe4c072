"""Events of the launch system."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..utilities import name_modules

if TYPE_CHECKING:
    from ..action import Action
    from ..actions import TimerAction
    from ..launch_description import LaunchDescription


class Event:
    """Something that happened, or was asked for, while the launch system runs."""

    name = "launch.Event"

    def __init_subclass__(cls) -> None:
        if "name" not in vars(cls):
            cls.name = f"{cls.__module__}.{cls.__name__}"


@dataclass(eq=False, kw_only=True)
class Shutdown(Event):
    """The launch system ends."""

    reason: str = "reason not given"
    due_to_sigint: bool = False


@dataclass(eq=False)
class IncludeLaunchDescription(Event):
    """A description shall be run."""

    launch_description: LaunchDescription


@dataclass(eq=False, kw_only=True)
class TimerEvent(Event):
    """A timer's time is over."""

    timer_action: TimerAction


@dataclass(eq=False, kw_only=True)
class ExecutionComplete(Event):
    """An action has done all it does."""

    action: Action


def matches_action(target_action: Action) -> Callable[[Action], bool]:
    """Match one action, for events that are sent to a process."""
    return lambda action: action is target_action


name_modules(__name__)
