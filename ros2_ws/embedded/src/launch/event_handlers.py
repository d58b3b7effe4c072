"""Event handlers: what is done when something happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import events
from .action import Action, LaunchDescriptionEntity, SomeEntitiesType
from .events import Event, process
from .launch_context import LaunchContext
from .utilities import name_modules

Answer = SomeEntitiesType | Callable[[Any, LaunchContext], SomeEntitiesType | None] | None
Target = Action | Callable[[Any], bool] | None
OutputCallback = Callable[[process.ProcessIO], SomeEntitiesType | None]


class EventHandler:
    """Answers the events that its matcher accepts with entities, or with what a function of event and context returns.

    Meanwhile the event is `context.locals.event`.
    """

    def __init__(self, *, matcher: Callable[[Any], bool], entities: Answer = None, handle_once: bool = False) -> None:
        self.matches = matcher
        self.entities = entities
        self.handle_once = handle_once

    def get_sub_entities(self) -> Iterable[LaunchDescriptionEntity]:
        """Return the entities that are known before the event."""
        return [] if callable(self.entities) else _as_list(self.entities)

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        """Return the entities to visit."""
        context.extend_locals({"event": event})
        if self.handle_once:
            context.unregister_event_handler(self)
        return self.entities(event, context) if callable(self.entities) else self.entities


BaseEventHandler = EventHandler


def _as_list(entities: SomeEntitiesType | None) -> list[LaunchDescriptionEntity]:
    return list(entities) if isinstance(entities, Iterable) else [entities] if entities is not None else []


class OnShutdown(EventHandler):
    def __init__(self, *, on_shutdown: Answer, **kwargs: Any) -> None:
        super().__init__(matcher=lambda event: isinstance(event, events.Shutdown), entities=on_shutdown, **kwargs)


class OnIncludeLaunchDescription(EventHandler):
    """Runs the descriptions of include events."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            matcher=lambda event: isinstance(event, events.IncludeLaunchDescription),
            entities=lambda event, context: event.launch_description,
            **kwargs,
        )


class OnActionEventBase(EventHandler):
    """Answers the events of one action, of the actions that a function accepts, or of all."""

    def __init__(
        self,
        *,
        action_matcher: Target,
        on_event: Answer,
        target_event_cls: type[Event],
        target_action_cls: type[Action] | None = None,
        **kwargs: Any,
    ) -> None:
        from .actions import ExecuteProcess

        action_cls = target_action_cls or ExecuteProcess
        if not (action_matcher is None or isinstance(action_matcher, action_cls) or callable(action_matcher)):
            raise TypeError(f"action_matcher must be an '{action_cls.__name__}' instance or a callable")
        on_event = on_event if callable(on_event) else _as_list(on_event)
        for entity in on_event if isinstance(on_event, list) else []:
            if not isinstance(entity, LaunchDescriptionEntity):
                raise TypeError(
                    "expected all items in 'on_event' iterable to be of type 'LaunchDescriptionEntity' "
                    f"but got '{type(entity)}'"
                )

        def matches(event: Any) -> bool:
            if not isinstance(event, target_event_cls):
                return False
            action = event.action  # type: ignore[attr-defined]
            return action_matcher(action) if callable(action_matcher) else action_matcher in (None, action)

        super().__init__(matcher=matches, entities=on_event, **kwargs)


class OnProcessStart(OnActionEventBase):
    def __init__(self, *, target_action: Target = None, on_start: Answer, **kwargs: Any) -> None:
        super().__init__(
            action_matcher=target_action, on_event=on_start, target_event_cls=process.ProcessStarted, **kwargs
        )


class OnProcessExit(OnActionEventBase):
    def __init__(self, *, target_action: Target = None, on_exit: Answer, **kwargs: Any) -> None:
        super().__init__(
            action_matcher=target_action, on_event=on_exit, target_event_cls=process.ProcessExited, **kwargs
        )


class OnExecutionComplete(OnActionEventBase):
    def __init__(self, *, target_action: Target = None, on_completion: Answer, **kwargs: Any) -> None:
        super().__init__(
            action_matcher=target_action,
            on_event=on_completion,
            target_event_cls=events.ExecutionComplete,
            target_action_cls=Action,
            **kwargs,
        )


class OnProcessIO(OnActionEventBase):
    """Answers what a process writes."""

    def __init__(
        self,
        *,
        target_action: Target = None,
        on_stdin: OutputCallback | None = None,
        on_stdout: OutputCallback | None = None,
        on_stderr: OutputCallback | None = None,
        **kwargs: Any,
    ) -> None:
        def answer(event: process.ProcessIO, context: LaunchContext) -> SomeEntitiesType | None:
            callback = on_stdout if event.from_stdout else on_stderr if event.from_stderr else on_stdin
            return None if callback is None else callback(event)

        super().__init__(action_matcher=target_action, on_event=answer, target_event_cls=process.ProcessIO, **kwargs)


name_modules(__name__)
