"""Actions that group, include, delay, tell and end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .. import logging
from ..action import Action
from ..condition import Condition
from ..event import Event
from ..event_handler import BaseEventHandler, EventHandler
from ..event_handlers import OnShutdown
from ..events import Shutdown as ShutdownEvent
from ..events import TimerEvent
from ..events.process import ProcessExited
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity
from ..some_substitutions_type import SomeSubstitutionsType
from ..utilities import describe_substitutions, normalize_to_list_of_substitutions, perform_text
from ..utilities.type_utils import perform_typed_substitution
from .configuration import (
    PopEnvironment,
    PopLaunchConfigurations,
    PushEnvironment,
    PushLaunchConfigurations,
    ResetEnvironment,
    ResetLaunchConfigurations,
    SetLaunchConfiguration,
)
from .opaque_function import OpaqueFunction

if TYPE_CHECKING:
    from ..launch_description import LaunchDescription
    from ..launch_description_sources import LaunchDescriptionSource


class LogInfo(Action):
    """Logs a message."""

    def __init__(self, *, msg: SomeSubstitutionsType, condition: Condition | None = None) -> None:
        super().__init__(condition=condition)
        self.msg = normalize_to_list_of_substitutions(msg)

    def execute(self, context: LaunchContext) -> None:
        logging.get_logger("launch.user").info(perform_text(context, self.msg))


class EmitEvent(Action):
    """Emits an event."""

    def __init__(self, *, event: Event, condition: Condition | None = None) -> None:
        super().__init__(condition=condition)
        self.event = event

    def execute(self, context: LaunchContext) -> None:
        context.emit_event_sync(self.event)


class Shutdown(Action):
    """Ends the launch system."""

    def __init__(
        self, *, reason: SomeSubstitutionsType = "reason not given", condition: Condition | None = None
    ) -> None:
        super().__init__(condition=condition)
        self._reason = reason

    def execute(self, context: LaunchContext) -> None:
        event = context.get_locals_as_dict().get("event")
        if isinstance(event, ProcessExited):
            logging.get_logger("launch").info(
                f"process[{event.process_name}] was required: shutting down launched system"
            )
        context.emit_event_sync(ShutdownEvent(reason=perform_text(context, self._reason)))


class RegisterEventHandler(Action):
    """Registers an event handler."""

    def __init__(self, event_handler: BaseEventHandler, *, condition: Condition | None = None) -> None:
        super().__init__(condition=condition)
        self.event_handler = event_handler

    def execute(self, context: LaunchContext) -> None:
        context.register_event_handler(self.event_handler)


class UnregisterEventHandler(Action):
    """Removes an event handler."""

    def __init__(self, event_handler: BaseEventHandler, *, condition: Condition | None = None) -> None:
        super().__init__(condition=condition)
        self.event_handler = event_handler

    def execute(self, context: LaunchContext) -> None:
        context.unregister_event_handler(self.event_handler)


class GroupAction(Action):
    """Runs actions together, by default in a scope of their own."""

    def __init__(
        self,
        actions: Iterable[LaunchDescriptionEntity],
        *,
        scoped: bool = True,
        forwarding: bool = True,
        launch_configurations: Mapping[Any, SomeSubstitutionsType] | None = None,
        condition: Condition | None = None,
    ) -> None:
        super().__init__(condition=condition)
        self._actions = list(actions)
        self._scoped = scoped
        self._forwarding = forwarding
        self._configurations = dict(launch_configurations or {})

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        settings: list[Action] = [SetLaunchConfiguration(k, v) for k, v in self._configurations.items()]
        if not self._scoped:
            return [*settings, *self._actions]
        if not self._forwarding:
            settings = [ResetEnvironment(), ResetLaunchConfigurations(self._configurations)]
        return [
            PushLaunchConfigurations(),
            PushEnvironment(),
            *settings,
            *self._actions,
            PopEnvironment(),
            PopLaunchConfigurations(),
        ]

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        return self.get_sub_entities()


class IncludeLaunchDescription(Action):
    """Runs another launch file with arguments."""

    def __init__(
        self,
        launch_description_source: LaunchDescriptionSource | SomeSubstitutionsType,
        *,
        launch_arguments: Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]] | None = None,
        condition: Condition | None = None,
    ) -> None:
        from ..launch_description_sources import AnyLaunchDescriptionSource, LaunchDescriptionSource

        super().__init__(condition=condition)
        if not isinstance(launch_description_source, LaunchDescriptionSource):
            launch_description_source = AnyLaunchDescriptionSource(launch_description_source)
        self.launch_description_source = launch_description_source
        self.launch_arguments = tuple(launch_arguments or ())

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        description = self.launch_description_source.try_get_launch_description_without_context()
        return [] if description is None else [description]

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        description = self.launch_description_source.get_launch_description(context)
        self._check_arguments(context, description)
        before = context.get_locals_as_dict().get("current_launch_file_path")
        path = os.path.abspath(self.launch_description_source.location)
        settings = [SetLaunchConfiguration(name, value) for name, value in self.launch_arguments]
        return [*settings, _enter_file(path), description, _enter_file(before)]

    def _check_arguments(self, context: LaunchContext, description: LaunchDescription) -> None:
        given = [perform_text(context, name) for name, _ in self.launch_arguments]
        for argument, includes, is_conditional in description.find_launch_arguments():
            if is_conditional or argument.default_value is not None:
                continue
            passed = [name for include in includes for name in include.given_argument_names()]
            if argument.name not in given + passed:
                raise RuntimeError(
                    f"Included launch description missing required argument '{argument.name}' "
                    f"(description: '{argument.description}'), given: [{', '.join(given)}]"
                )

    def given_argument_names(self) -> list[str]:
        """Return the names of the arguments passed on, as far as they are fixed texts."""
        context = LaunchContext()
        try:
            return [perform_text(context, name) for name, _ in self.launch_arguments]
        except RuntimeError:
            return []


def _enter_file(path: str | None) -> OpaqueFunction:
    """Return an action that makes this the current launch file."""
    folder = None if path is None else os.path.dirname(path)

    def enter(context: LaunchContext) -> None:
        context.extend_locals({"current_launch_file_path": path, "current_launch_file_directory": folder})

    return OpaqueFunction(function=enter)


class TimerAction(Action):
    """Runs actions after a time in seconds, unless the launch system ends before."""

    def __init__(
        self,
        *,
        period: float | SomeSubstitutionsType,
        actions: Iterable[LaunchDescriptionEntity],
        cancel_on_shutdown: bool | SomeSubstitutionsType = True,
        condition: Condition | None = None,
    ) -> None:
        super().__init__(condition=condition)
        self.period = period
        self.actions = list(actions)
        self._cancel_on_shutdown = cancel_on_shutdown
        self._cancelled = False
        self._done: asyncio.Future[None] | None = None

    def describe(self) -> str:
        return f"TimerAction(period={self._period_text()}, actions=<actions>)"

    def describe_conditional_sub_entities(self) -> list[tuple[str, Iterable[LaunchDescriptionEntity]]]:
        return [(f"{self._period_text()} seconds pass without being canceled", self.actions)]

    def _period_text(self) -> str:
        if isinstance(self.period, (int, float)):
            return str(self.period)
        return describe_substitutions(normalize_to_list_of_substitutions(self.period))

    def get_asyncio_future(self) -> asyncio.Future[None] | None:
        return self._done

    def cancel(self) -> None:
        """Stop waiting; no error if the timer has not started or has fired."""
        self._cancelled = True
        if self._done is not None and not self._done.done():
            self._timer.cancel()
            self._done.set_result(None)

    def execute(self, context: LaunchContext) -> None:
        if self._cancelled:
            return
        period_s = perform_typed_substitution(context, self.period, float)
        self._done = context.asyncio_loop.create_future()
        self._timer = context.asyncio_loop.call_later(period_s, self._fire, context)
        self._locals = context.get_locals_as_dict()
        context.register_event_handler(
            EventHandler(
                matcher=lambda event: isinstance(event, TimerEvent) and event.timer_action is self,
                entities=OpaqueFunction(function=self._run_actions),
                handle_once=True,
            )
        )
        if perform_typed_substitution(context, self._cancel_on_shutdown, bool):
            context.register_event_handler(OnShutdown(on_shutdown=lambda _event, _context: self.cancel()))

    def _fire(self, context: LaunchContext) -> None:
        context.emit_event_sync(TimerEvent(timer_action=self))
        if self._done is not None:
            self._done.set_result(None)

    def _run_actions(self, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        context.extend_locals(self._locals)
        return self.actions
