"""Event handlers for the usual events."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .action import Action
from .event import Event
from .event_handler import BaseEventHandler, EventHandler
from .events import ExecutionComplete, Shutdown
from .events.process import ProcessExited, ProcessIO, ProcessStarted
from .some_entities_type import SomeEntitiesType
from .utilities import normalize_to_list_of_entities

if TYPE_CHECKING:
    from .launch_context import LaunchContext

ActionMatcher = Callable[[Any], bool] | Action | None
Answer = SomeEntitiesType | Callable[[Any, "LaunchContext"], SomeEntitiesType | None] | None


class OnActionEventBase(BaseEventHandler):
    """Answers the events of one action, of the actions a function accepts, or of all."""

    def __init__(
        self,
        action_matcher: ActionMatcher,
        on_event: Answer,
        target_event_cls: type[Event],
        handle_once: bool = False,
    ) -> None:
        if not (action_matcher is None or isinstance(action_matcher, Action) or callable(action_matcher)):
            raise TypeError("target_action must be an action or a callable")

        def matcher(event: Any) -> bool:
            if not isinstance(event, target_event_cls):
                return False
            if action_matcher is None or action_matcher is event.action:  # type: ignore[attr-defined]
                return True
            return not isinstance(action_matcher, Action) and action_matcher(event.action)  # type: ignore[attr-defined]

        super().__init__(matcher=matcher, handle_once=handle_once)
        self._answer = on_event if callable(on_event) else normalize_to_list_of_entities(on_event)

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        super().handle(event, context)
        return self._answer(event, context) if callable(self._answer) else self._answer


class OnProcessStart(OnActionEventBase):
    """Answers the start of a process."""

    def __init__(self, *, target_action: ActionMatcher = None, on_start: Answer, handle_once: bool = False) -> None:
        super().__init__(target_action, on_start, ProcessStarted, handle_once)


class OnProcessExit(OnActionEventBase):
    """Answers the end of a process."""

    def __init__(self, *, target_action: ActionMatcher = None, on_exit: Answer, handle_once: bool = False) -> None:
        super().__init__(target_action, on_exit, ProcessExited, handle_once)


class OnExecutionComplete(OnActionEventBase):
    """Answers the completion of an action."""

    def __init__(
        self, *, target_action: ActionMatcher = None, on_completion: Answer, handle_once: bool = False
    ) -> None:
        super().__init__(target_action, on_completion, ExecutionComplete, handle_once)


OutputCallback = Callable[[ProcessIO], SomeEntitiesType | None]


class OnProcessIO(OnActionEventBase):
    """Answers what a process writes."""

    def __init__(
        self,
        *,
        target_action: ActionMatcher = None,
        on_stdin: OutputCallback | None = None,
        on_stdout: OutputCallback | None = None,
        on_stderr: OutputCallback | None = None,
        handle_once: bool = False,
    ) -> None:
        def answer(event: ProcessIO, _context: LaunchContext) -> SomeEntitiesType | None:
            callback = on_stdout if event.from_stdout else on_stderr if event.from_stderr else on_stdin
            return None if callback is None else callback(event)

        super().__init__(target_action, answer, ProcessIO, handle_once)


class OnShutdown(BaseEventHandler):
    """Answers the end of the launch system."""

    def __init__(self, *, on_shutdown: Answer, handle_once: bool = False) -> None:
        super().__init__(matcher=lambda event: isinstance(event, Shutdown), handle_once=handle_once)
        self._answer = on_shutdown

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        super().handle(event, context)
        return self._answer(event, context) if callable(self._answer) else self._answer


__all__ = [
    "BaseEventHandler",
    "EventHandler",
    "OnActionEventBase",
    "OnExecutionComplete",
    "OnProcessExit",
    "OnProcessIO",
    "OnProcessStart",
    "OnShutdown",
]
