"""Events of the launch system."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..utilities import missing

if TYPE_CHECKING:
    from ..action import Action, LaunchDescriptionEntity

__getattr__ = missing(__name__, "IncludeLaunchDescription TimerEvent")


class Event:
    """Something that happened, or was asked for, while the launch system runs."""


@dataclass(eq=False, kw_only=True)
class Shutdown(Event):
    """The launch system ends."""

    reason: str = "reason not given"
    due_to_sigint: bool = False


@dataclass(eq=False)
class Visit(Event):
    """Entities are due, with these context locals: an included description, or what a timer held back."""

    entities: Iterable[LaunchDescriptionEntity]
    context_locals: Mapping[str, Any]


@dataclass(eq=False, kw_only=True)
class ExecutionComplete(Event):
    """An action has done all it does."""

    action: Action


def matches_action(target_action: Action) -> Callable[[Action], bool]:
    """Match one action, for events that are sent to a process."""
    return lambda action: action is target_action
