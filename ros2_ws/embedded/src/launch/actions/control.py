"""Actions that run other things: groups, functions, included files, timers, events and their handlers."""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import logging
from ..action import Action, LaunchDescriptionEntity
from ..event_handlers import EventHandler, OnShutdown
from ..events import Event, TimerEvent
from ..events import Shutdown as ShutdownEvent
from ..events.process import ProcessExited
from ..launch_context import LaunchContext
from ..launch_description_sources import AnyLaunchDescriptionSource, LaunchDescriptionSource
from ..substitution import SomeSubstitutionsType, Substitution, perform_substitutions, perform_text, perform_typed
from ..utilities import ensure_argument_type
from .settings import (
    PopEnvironment,
    PopLaunchConfigurations,
    PushEnvironment,
    PushLaunchConfigurations,
    ResetEnvironment,
    ResetLaunchConfigurations,
    SetLaunchConfiguration,
)


@dataclass(eq=False, repr=False)
class GroupAction(Action):
    """Runs actions together; if scoped, what they set is set for them alone.

    Without forwarding, a scope begins with the given configurations alone and the environment of the launch itself.
    """

    actions: Iterable[LaunchDescriptionEntity]
    scoped: bool = field(default=True, kw_only=True)
    forwarding: bool = field(default=True, kw_only=True)
    launch_configurations: Mapping[Any, SomeSubstitutionsType] | None = field(default=None, kw_only=True)

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        self.actions = list(self.actions)
        given = self.launch_configurations or {}
        begin: list[Action] = [SetLaunchConfiguration(name, value) for name, value in given.items()]
        if not self.scoped:
            return [*begin, *self.actions]
        if not self.forwarding:
            begin = [ResetEnvironment(), ResetLaunchConfigurations(given)]
        push, pop = [PushLaunchConfigurations(), PushEnvironment()], [PopEnvironment(), PopLaunchConfigurations()]
        return [*push, *begin, *self.actions, *pop]

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        return self.get_sub_entities()


@dataclass(eq=False, repr=False)
class OpaqueFunction(Action):
    """Calls `function(context, *args, **kwargs)` and runs the entities it returns."""

    function: Callable[..., Iterable[LaunchDescriptionEntity] | None] = field(kw_only=True)
    args: Iterable[Any] | None = field(default=None, kw_only=True)
    kwargs: dict[str, Any] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise TypeError(f"OpaqueFunction expected a callable for 'function', got '{type(self.function)}'")
        _check_arguments(self)

    def execute(self, context: LaunchContext) -> Iterable[LaunchDescriptionEntity] | None:
        return self.function(context, *(self.args or ()), **(self.kwargs or {}))


@dataclass(eq=False, repr=False)
class OpaqueCoroutine(Action):
    """Runs `coroutine(context, *args, **kwargs)` beside everything else until it ends or the launch system does."""

    coroutine: Callable[..., Coroutine[Any, Any, None]] = field(kw_only=True)
    args: Iterable[Any] | None = field(default=None, kw_only=True)
    kwargs: dict[str, Any] | None = field(default=None, kw_only=True)
    ignore_context: bool = field(default=False, kw_only=True)
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if not asyncio.iscoroutinefunction(self.coroutine):
            raise TypeError(
                f"OpaqueCoroutine expected a coroutine function for 'coroutine', got '{type(self.coroutine)}'"
            )
        _check_arguments(self)
        ensure_argument_type(self.ignore_context, bool, "ignore_context", "OpaqueCoroutine")

    def get_asyncio_future(self) -> asyncio.Future[None] | None:
        return self._task

    def execute(self, context: LaunchContext) -> None:
        args = [*([] if self.ignore_context else [context]), *(self.args or ())]
        self._task = asyncio.create_task(self.coroutine(*args, **(self.kwargs or {})))
        context.register_event_handler(OnShutdown(on_shutdown=self._on_shutdown))

    def _on_shutdown(self, event: ShutdownEvent, context: LaunchContext) -> None:
        if self._task is not None:
            self._task.cancel()


def _check_arguments(action: OpaqueFunction | OpaqueCoroutine) -> None:
    ensure_argument_type(action.args, (Iterable, type(None)), "args", type(action).__name__)
    ensure_argument_type(action.kwargs, (dict, type(None)), "kwargs", type(action).__name__)


@dataclass(eq=False, repr=False)
class IncludeLaunchDescription(Action):
    """Runs another launch file with arguments."""

    launch_description_source: LaunchDescriptionSource | SomeSubstitutionsType
    launch_arguments: Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]] | None = field(
        default=None, kw_only=True
    )

    def __post_init__(self) -> None:
        source = self.launch_description_source
        self.source = source if isinstance(source, LaunchDescriptionSource) else AnyLaunchDescriptionSource(source)
        self.launch_arguments = tuple(self.launch_arguments or ())

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        try:
            return [self.source.get_launch_description(LaunchContext())]
        except Exception as error:  # where the file is may only be known later
            logging.get_logger("launch").debug(f"Failed to load the launch file without a context: {error}")
            return []

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        description = self.source.get_launch_description(context)
        path = os.path.abspath(self.source.location)
        folder = os.path.dirname(path) if os.path.exists(path) else self.source.location
        context.extend_locals({"current_launch_file_path": path, "current_launch_file_directory": folder})
        for argument, includes, is_conditional in description.find_launch_arguments():
            given = [name for include in [self, *includes] for name in include.given_names(context)]
            if not is_conditional and argument.default_value is None and argument.name not in given:
                raise RuntimeError(
                    f"Included launch description missing required argument '{argument.name}' "
                    f"(description: '{argument.description}'), given: [{', '.join(given)}]"
                )
        return [*(SetLaunchConfiguration(name, value) for name, value in self.launch_arguments or ()), description]

    def given_names(self, context: LaunchContext) -> list[str]:
        return [perform_text(context, name) for name, _ in self.launch_arguments or ()]


@dataclass(eq=False, repr=False)
class LogInfo(Action):
    msg: SomeSubstitutionsType = field(kw_only=True)

    def execute(self, context: LaunchContext) -> None:
        logging.get_logger("launch.user").info(perform_substitutions(context, self.msg))


@dataclass(eq=False, repr=False)
class TimerAction(Action):
    """Runs actions after a time in seconds, unless it is cancelled or, by default, the launch system ends before."""

    period: float | SomeSubstitutionsType = field(kw_only=True)
    actions: Iterable[LaunchDescriptionEntity] = field(kw_only=True)
    cancel_on_shutdown: bool | SomeSubstitutionsType = field(default=True, kw_only=True)
    _wait: asyncio.Task[None] | None = field(default=None, init=False)
    _is_cancelled: bool = field(default=False, init=False)
    _locals: Mapping[str, Any] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        ensure_argument_type(self.period, (str, Substitution, Iterable, float), "period", "TimerAction")
        ensure_argument_type(self.actions, Iterable, "actions", "TimerAction")
        if isinstance(self.period, str):
            self.period = float(self.period)
            warnings.warn(
                "The parameter 'period' must be a float or substitution,passing a string literal was deprecated",
                stacklevel=3,
            )

    def get_sub_entities(self) -> Iterable[LaunchDescriptionEntity]:
        return self.actions

    def get_asyncio_future(self) -> asyncio.Future[None] | None:
        return self._wait

    def cancel(self) -> None:
        """Stop waiting, or never begin to; no error if the time is over."""
        self._is_cancelled = True
        if self._wait is not None:
            self._wait.cancel()

    def execute(self, context: LaunchContext) -> None:
        if self._is_cancelled:
            return
        self._locals = context.get_locals_as_dict()
        self._wait = asyncio.create_task(self._fire_later(context, perform_typed(context, self.period, float)))
        if perform_typed(context, self.cancel_on_shutdown, bool):
            context.register_event_handler(OnShutdown(on_shutdown=lambda _event, _context: self.cancel()))

    async def _fire_later(self, context: LaunchContext, period_s: float) -> None:
        await asyncio.sleep(period_s)
        context.emit_event_sync(TimerEvent(timer_action=self))

    def handle(self, context: LaunchContext) -> Iterable[LaunchDescriptionEntity]:
        """Return the actions, which have the locals of the place where the timer was started."""
        context.extend_locals(self._locals)
        return self.actions


@dataclass(eq=False, repr=False)
class RegisterEventHandler(Action):
    event_handler: EventHandler

    def get_sub_entities(self) -> Iterable[LaunchDescriptionEntity]:
        return self.event_handler.get_sub_entities()

    def execute(self, context: LaunchContext) -> None:
        context.register_event_handler(self.event_handler)


@dataclass(eq=False, repr=False)
class UnregisterEventHandler(Action):
    event_handler: EventHandler

    def execute(self, context: LaunchContext) -> None:
        context.unregister_event_handler(self.event_handler)


@dataclass(eq=False, repr=False)
class EmitEvent(Action):
    event: Event = field(kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.event, Event):
            raise RuntimeError(f"EmitEvent() expected an event instance, got '{self.event}'.")

    def execute(self, context: LaunchContext) -> None:
        context.emit_event_sync(self.event)


@dataclass(eq=False, repr=False)
class Shutdown(Action):
    """Ends the launch system."""

    reason: str = field(default="reason not given", kw_only=True)

    def execute(self, context: LaunchContext) -> None:
        event = context.get_locals_as_dict().get("event")
        if isinstance(event, ProcessExited):
            logging.get_logger("launch").info(
                f"process[{event.process_name}] was required: shutting down launched system"
            )
        context.emit_event_sync(ShutdownEvent(reason=self.reason))
