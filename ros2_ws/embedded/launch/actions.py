"""The actions of a launch description, but for those that start processes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import execute_process, logging
from .action import Action, LaunchDescriptionEntity, SomeEntitiesType
from .event_handlers import EventHandler, OnShutdown
from .events import Event, Visit
from .events import Shutdown as ShutdownEvent
from .events.process import ProcessExited
from .launch_context import LaunchContext
from .launch_description_sources import PythonLaunchDescriptionSource
from .substitution import SomeSubstitutionsType, perform_bool, perform_float, perform_substitutions
from .utilities import missing

ExecuteProcess = execute_process.ExecuteProcess
__getattr__ = missing(
    __name__,
    "ExecuteLocal ForEach ForLoop PopEnvironment PushEnvironment ReplaceEnvironmentVariables ResetEnvironment "
    "ResetLaunchConfigurations UnregisterEventHandler UnsetLaunchConfiguration",
)
_ARGUMENT_LOGGER = "launch.actions.declare_launch_argument"


@dataclass(eq=False)
class DeclareLaunchArgument(Action):
    """Declares an argument of the launch file, given as `name:=value` or by an including file."""

    name: str
    default_value: SomeSubstitutionsType | None = field(default=None, kw_only=True)
    description: str | None = field(default=None, kw_only=True)
    choices: list[str] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.choices is None:
            self.description = self.description or "no description given"
            return
        if not self.choices:
            self._refuse("Provided choices arg is empty. Use None to ignore the choice list.")
        if isinstance(self.default_value, str) and self.default_value not in self.choices:
            self._refuse(f'Provided default_value "{self.default_value}" is not in provided choices "{self.choices}".')
        if self.description is None:
            self.description = f"One of: {self.choices}"
        else:
            self.description = f"{self.description.removesuffix('.')}. Valid choices are: {self.choices}"

    @staticmethod
    def _refuse(message: str) -> None:
        logging.get_logger(_ARGUMENT_LOGGER).error(message)
        raise RuntimeError(message)

    def execute(self, context: LaunchContext) -> None:
        configurations = context.launch_configurations
        if self.name not in configurations:
            if self.default_value is None:
                logging.get_logger(_ARGUMENT_LOGGER).error(
                    f'Required launch argument "{self.name}" (description: "{self.description}") was not provided'
                )
                raise RuntimeError(f'Required launch argument "{self.name}" was not provided.')
            configurations[self.name] = perform_substitutions(context, self.default_value)
        value = configurations[self.name]
        if self.choices is not None and value not in self.choices:
            self._refuse(
                f'Argument "{self.name}" provided value "{value}" is not valid. Valid options are: {self.choices}'
            )


@dataclass(eq=False)
class SetLaunchConfiguration(Action):
    name: SomeSubstitutionsType
    value: SomeSubstitutionsType

    def execute(self, context: LaunchContext) -> None:
        name = perform_substitutions(context, self.name)
        context.launch_configurations[name] = perform_substitutions(context, self.value)


class PushLaunchConfigurations(Action):
    """Remembers the launch configurations."""

    def execute(self, context: LaunchContext) -> None:
        context.configurations_stack.append(dict(context.launch_configurations))


class PopLaunchConfigurations(Action):
    """Goes back to the launch configurations last remembered."""

    def execute(self, context: LaunchContext) -> None:
        context.launch_configurations = context.configurations_stack.pop()


@dataclass(eq=False)
class SetEnvironmentVariable(Action):
    """Sets a variable in the environment of the processes launched later."""

    name: SomeSubstitutionsType
    value: SomeSubstitutionsType

    def execute(self, context: LaunchContext) -> None:
        name = perform_substitutions(context, self.name)
        context.environment[name] = perform_substitutions(context, self.value)


@dataclass(eq=False)
class AppendEnvironmentVariable(SetEnvironmentVariable):
    """Appends to a variable, such as a search path, or prepends to it."""

    prepend: bool | SomeSubstitutionsType = False
    separator: SomeSubstitutionsType = os.pathsep

    def execute(self, context: LaunchContext) -> None:
        name = perform_substitutions(context, self.name)
        parts = [context.environment[name]] if name in context.environment else []
        at_front = perform_bool(context, self.prepend)
        parts.insert(0 if at_front else 1, perform_substitutions(context, self.value))
        context.environment[name] = perform_substitutions(context, self.separator).join(parts)


@dataclass(eq=False)
class UnsetEnvironmentVariable(Action):
    name: SomeSubstitutionsType

    def execute(self, context: LaunchContext) -> None:
        context.environment.pop(perform_substitutions(context, self.name), None)


@dataclass(eq=False)
class GroupAction(Action):
    """Runs actions together; if scoped, what they set is set for them alone.

    Without forwarding, a scope begins with the given configurations alone and the environment of the launch itself.
    """

    actions: Iterable[LaunchDescriptionEntity]
    scoped: bool = field(default=True, kw_only=True)
    forwarding: bool = field(default=True, kw_only=True)
    launch_configurations: Mapping[Any, SomeSubstitutionsType] = field(default_factory=dict, kw_only=True)

    def get_sub_entities(self) -> Iterable[LaunchDescriptionEntity]:
        return self.actions

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        given = {
            perform_substitutions(context, name): perform_substitutions(context, value)
            for name, value in self.launch_configurations.items()
        }
        configurations, environment = dict(context.launch_configurations), dict(context.environment)
        if self.scoped and not self.forwarding:
            context.launch_configurations = {}
            context.set_environment(context.first_environment)
        context.launch_configurations.update(given)
        if not self.scoped:
            return [*self.actions]

        def leave_scope(context: LaunchContext) -> None:
            context.launch_configurations = configurations
            context.set_environment(environment)

        return [*self.actions, OpaqueFunction(function=leave_scope)]


@dataclass(eq=False)
class OpaqueFunction(Action):
    """Calls `function(context, *args, **kwargs)` and runs the entities it returns."""

    function: Callable[..., SomeEntitiesType | None] = field(kw_only=True)
    args: Iterable[Any] = field(default=(), kw_only=True)
    kwargs: Mapping[str, Any] = field(default_factory=dict, kw_only=True)

    def execute(self, context: LaunchContext) -> SomeEntitiesType | None:
        return self.function(context, *self.args, **self.kwargs)


@dataclass(eq=False)
class IncludeLaunchDescription(Action):
    """Runs another launch file with arguments."""

    launch_description_source: PythonLaunchDescriptionSource | SomeSubstitutionsType
    launch_arguments: Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        source = self.launch_description_source
        if not isinstance(source, PythonLaunchDescriptionSource):
            source = PythonLaunchDescriptionSource(source)
        self.source = source
        self.launch_arguments = tuple(self.launch_arguments)

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        try:
            return [self.source.get_launch_description(LaunchContext())]
        except Exception as error:  # where the file is may only be known later
            logging.get_logger("launch").debug(f"cannot look into an included launch file yet: {error}")
            return []

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        description = self.source.get_launch_description(context)
        given = self.given_names(context)
        for argument, includes, is_conditional in description.find_launch_arguments():
            passed_on = [name for include in includes for name in include.given_names(context)]
            if not is_conditional and argument.default_value is None and argument.name not in given + passed_on:
                raise RuntimeError(
                    f"Included launch description missing required argument '{argument.name}' "
                    f"(description: '{argument.description}'), given: [{', '.join(given)}]"
                )
        before = getattr(context.locals, "current_launch_file_path", None)
        settings = [SetLaunchConfiguration(name, value) for name, value in self.launch_arguments]
        return [*settings, _enter_file(self.source.get_path(context)), description, _enter_file(before)]

    def given_names(self, context: LaunchContext) -> list[str]:
        return [perform_substitutions(context, name) for name, _ in self.launch_arguments]


def _enter_file(path: str | None) -> OpaqueFunction:
    """Return an action that makes this the current launch file."""
    return OpaqueFunction(function=lambda context: setattr(context.locals, "current_launch_file_path", path))


@dataclass(eq=False)
class LogInfo(Action):
    msg: SomeSubstitutionsType = field(kw_only=True)

    def execute(self, context: LaunchContext) -> None:
        logging.get_logger("launch.user").info(perform_substitutions(context, self.msg))


@dataclass(eq=False)
class TimerAction(Action):
    """Runs actions after a time in seconds, unless it is cancelled or, by default, the launch system ends before."""

    period: float | SomeSubstitutionsType = field(kw_only=True)
    actions: Iterable[LaunchDescriptionEntity] = field(kw_only=True)
    cancel_on_shutdown: bool | SomeSubstitutionsType = field(default=True, kw_only=True)
    _waits: list[asyncio.Task[None]] = field(default_factory=list, init=False)
    _is_cancelled: bool = field(default=False, init=False)

    def get_sub_entities(self) -> Iterable[LaunchDescriptionEntity]:
        return self.actions

    def get_asyncio_future(self) -> asyncio.Future[None] | None:
        return self._waits[-1] if self._waits else None

    def cancel(self) -> None:
        """Stop waiting, or never begin to; no error if the time is over."""
        self._is_cancelled = True
        for wait in self._waits:
            wait.cancel()

    def execute(self, context: LaunchContext) -> None:
        if self._is_cancelled:
            return
        visit = Visit(self.actions, dict(vars(context.locals)))
        self._waits.append(asyncio.create_task(self._emit_later(context, visit, perform_float(context, self.period))))
        if perform_bool(context, self.cancel_on_shutdown):
            context.register_event_handler(OnShutdown(on_shutdown=lambda _event, _context: self.cancel()))

    async def _emit_later(self, context: LaunchContext, visit: Visit, period_s: float) -> None:
        await asyncio.sleep(period_s)
        context.emit_event_sync(visit)


@dataclass(eq=False)
class RegisterEventHandler(Action):
    event_handler: EventHandler

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        return self.event_handler.entities

    def execute(self, context: LaunchContext) -> None:
        context.register_event_handler(self.event_handler)


@dataclass(eq=False)
class EmitEvent(Action):
    event: Event = field(kw_only=True)

    def execute(self, context: LaunchContext) -> None:
        context.emit_event_sync(self.event)


@dataclass(eq=False)
class Shutdown(Action):
    """Ends the launch system."""

    reason: SomeSubstitutionsType = field(default="reason not given", kw_only=True)

    def execute(self, context: LaunchContext) -> None:
        event = getattr(context.locals, "event", None)
        if isinstance(event, ProcessExited):
            logging.get_logger("launch").info(
                f"process[{event.process_name}] was required: shutting down launched system"
            )
        context.emit_event_sync(ShutdownEvent(reason=perform_substitutions(context, self.reason)))
