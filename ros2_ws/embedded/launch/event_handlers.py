"""Event handlers for the usual events."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .action import Action, SomeEntitiesType
from .event import Event
from .event_handler import Answer, EventHandler
from .events import ExecutionComplete
from .events import Shutdown as ShutdownEvent
from .events.process import ProcessExited, ProcessIO, ProcessStarted

if TYPE_CHECKING:
    from .launch_context import LaunchContext

Target = Action | Callable[[Any], bool] | None
OutputCallback = Callable[[ProcessIO], SomeEntitiesType | None]


class _OnActionEvent(EventHandler):
    """Answers the events of one action, of the actions that a function accepts, or of all."""

    def __init__(self, event_class: type[Event], target: Target, answer: Answer, handle_once: bool) -> None:
        if not (target is None or isinstance(target, Action) or callable(target)):
            raise TypeError(f"target_action must be an action or a function, got {target!r}")

        def matches(event: Any) -> bool:
            if not isinstance(event, event_class):
                return False
            if target is None or isinstance(target, Action):
                return target in (None, event.action)  # type: ignore[attr-defined]
            return target(event.action)  # type: ignore[attr-defined]

        super().__init__(matcher=matches, entities=answer, handle_once=handle_once)


class OnProcessStart(_OnActionEvent):
    """Answers the start of a process."""

    def __init__(self, *, target_action: Target = None, on_start: Answer, handle_once: bool = False) -> None:
        super().__init__(ProcessStarted, target_action, on_start, handle_once)


class OnProcessExit(_OnActionEvent):
    """Answers the end of a process."""

    def __init__(self, *, target_action: Target = None, on_exit: Answer, handle_once: bool = False) -> None:
        super().__init__(ProcessExited, target_action, on_exit, handle_once)


class OnExecutionComplete(_OnActionEvent):
    """Answers the completion of an action."""

    def __init__(self, *, target_action: Target = None, on_completion: Answer, handle_once: bool = False) -> None:
        super().__init__(ExecutionComplete, target_action, on_completion, handle_once)


class OnProcessIO(_OnActionEvent):
    """Answers what a process writes."""

    def __init__(
        self,
        *,
        target_action: Target = None,
        on_stdout: OutputCallback | None = None,
        on_stderr: OutputCallback | None = None,
        handle_once: bool = False,
    ) -> None:
        def answer(event: ProcessIO, _context: LaunchContext) -> SomeEntitiesType | None:
            callback = on_stdout if event.from_stdout else on_stderr
            return None if callback is None else callback(event)

        super().__init__(ProcessIO, target_action, answer, handle_once)


class OnShutdown(EventHandler):
    """Answers the end of the launch system."""

    def __init__(self, *, on_shutdown: Answer, handle_once: bool = False) -> None:
        super().__init__(
            matcher=lambda event: isinstance(event, ShutdownEvent), entities=on_shutdown, handle_once=handle_once
        )
