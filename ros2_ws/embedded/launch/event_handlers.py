"""Event handlers: what is done when something happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .action import Action, LaunchDescriptionEntity, SomeEntitiesType, normalize_to_list_of_entities
from .events import Event, ExecutionComplete
from .events import Shutdown as ShutdownEvent
from .events.process import ProcessExited, ProcessIO, ProcessStarted
from .launch_context import LaunchContext

Answer = SomeEntitiesType | Callable[[Any, LaunchContext], SomeEntitiesType | None] | None
Target = Action | Callable[[Any], bool] | None
OutputCallback = Callable[[ProcessIO], SomeEntitiesType | None]


class EventHandler:
    """Answers the events that its matcher accepts with entities, or with what a function of event and context returns.

    Meanwhile the event is `context.locals.event`.
    """

    def __init__(self, *, matcher: Callable[[Any], bool], entities: Answer = None, handle_once: bool = False) -> None:
        self.matches = matcher
        self.entities: list[LaunchDescriptionEntity] = []
        if not callable(entities):
            entities = self.entities = normalize_to_list_of_entities(entities)
        self._answer = entities
        self._handle_once = handle_once

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        """Return the entities to visit."""
        if self._handle_once:
            context.unregister_event_handler(self)
        return self._answer(event, context) if callable(self._answer) else self._answer


class OnShutdown(EventHandler):
    def __init__(self, *, on_shutdown: Answer, handle_once: bool = False) -> None:
        def matches(event: Event) -> bool:
            return isinstance(event, ShutdownEvent)

        super().__init__(matcher=matches, entities=on_shutdown, handle_once=handle_once)


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
    def __init__(self, *, target_action: Target = None, on_start: Answer, handle_once: bool = False) -> None:
        super().__init__(ProcessStarted, target_action, on_start, handle_once)


class OnProcessExit(_OnActionEvent):
    def __init__(self, *, target_action: Target = None, on_exit: Answer, handle_once: bool = False) -> None:
        super().__init__(ProcessExited, target_action, on_exit, handle_once)


class OnExecutionComplete(_OnActionEvent):
    def __init__(self, *, target_action: Target = None, on_completion: Answer, handle_once: bool = False) -> None:
        super().__init__(ExecutionComplete, target_action, on_completion, handle_once)


class OnProcessIO(_OnActionEvent):
    """Answers what a process writes."""

    def __init__(
        self,
        *,
        target_action: Target = None,
        on_stdout: OutputCallback = lambda event: None,
        on_stderr: OutputCallback = lambda event: None,
        handle_once: bool = False,
    ) -> None:
        def answer(event: ProcessIO, context: LaunchContext) -> SomeEntitiesType | None:
            return on_stderr(event) if event.from_stderr else on_stdout(event)

        super().__init__(ProcessIO, target_action, answer, handle_once)
