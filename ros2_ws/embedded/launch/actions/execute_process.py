"""The action that runs a process."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import count
from typing import Any

from .. import logging
from ..action import Action
from ..child_process import ChildProcess
from ..condition import Condition
from ..conditions import evaluate_condition_expression
from ..event import Event
from ..event_handler import BaseEventHandler, EventHandler
from ..event_handlers import Answer, OnProcessExit, OnShutdown
from ..events import Shutdown
from ..events.process import (
    ProcessExited,
    ProcessStarted,
    ProcessStderr,
    ProcessStdout,
    ShutdownProcess,
    SignalProcess,
)
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity
from ..process_output import OutputLines
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitutions import LaunchConfiguration
from ..utilities import normalize_to_list_of_substitutions, perform_text
from ..utilities.type_utils import perform_typed_substitution
from .opaque_function import OpaqueFunction

Environment = Mapping[SomeSubstitutionsType, SomeSubstitutionsType]
_SIGTERM_TIMEOUT = LaunchConfiguration("sigterm_timeout", default=5)
_SIGKILL_TIMEOUT = LaunchConfiguration("sigkill_timeout", default=5)
_numbers = count(1)


class ExecuteProcess(Action):
    """Runs a command until it ends, or until the launch system ends it."""

    def __init__(
        self,
        *,
        cmd: Iterable[SomeSubstitutionsType],
        prefix: SomeSubstitutionsType | None = None,
        name: SomeSubstitutionsType | None = None,
        cwd: SomeSubstitutionsType | None = None,
        env: Environment | None = None,
        additional_env: Environment | None = None,
        shell: bool = False,
        sigterm_timeout: SomeSubstitutionsType = _SIGTERM_TIMEOUT,
        sigkill_timeout: SomeSubstitutionsType = _SIGKILL_TIMEOUT,
        emulate_tty: bool = False,
        output: SomeSubstitutionsType | dict[str, str | set[str]] = "log",
        output_format: str = "[{this.process_description.final_name}] {line}",
        log_cmd: bool = False,
        on_exit: Answer = None,
        respawn: bool | SomeSubstitutionsType = False,
        respawn_delay: float | None = None,
        respawn_max_retries: int = -1,
        condition: Condition | None = None,
    ) -> None:
        super().__init__(condition=condition)
        self.cmd = [normalize_to_list_of_substitutions(part) for part in cmd]
        self.shell = shell
        self._prefix = prefix
        self._name = name
        self._cwd = cwd
        self._env = env
        self._additional_env = additional_env
        self._timeouts = (sigterm_timeout, sigkill_timeout)
        self._emulate_tty = emulate_tty
        self._output = os.environ.get("OVERRIDE_LAUNCH_PROCESS_OUTPUT", output)
        self._output_format = output_format
        self._log_cmd = log_cmd
        self._on_exit = on_exit
        self._respawn = respawn
        self._respawn_delay_s = respawn_delay or 0.0
        self._respawns_left = respawn_max_retries
        self.process_details: dict[str, Any] | None = None
        self._child: ChildProcess | None = None
        self._task: asyncio.Task[None] | None = None

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        return list(self._on_exit) if isinstance(self._on_exit, (list, tuple)) else []

    def get_asyncio_future(self) -> asyncio.Future[None] | None:
        return self._task

    # -- what output_format may name

    @property
    def process_description(self) -> ExecuteProcess:
        """This action, which describes its own process."""
        return self

    @property
    def final_name(self) -> str:
        """The label in front of the output, such as 'talker-1'."""
        return str((self.process_details or {}).get("name"))

    # -- preparation

    def make_cmd(self, context: LaunchContext) -> list[str]:
        """Return the command with its substitutions performed."""
        return [perform_text(context, part) for part in self.cmd]

    def label(self, context: LaunchContext, cmd: list[str]) -> str:
        """Return the process's label where none was given."""
        return os.path.basename(cmd[0])

    def _prepare(self, context: LaunchContext) -> None:
        cmd = self.make_cmd(context)
        name = self.label(context, cmd) if self._name is None else perform_text(context, self._name)
        self.process_details = {
            "action": self,
            "name": f"{name}-{next(_numbers)}",
            "cmd": self._make_prefix(context, cmd[0]) + cmd,
            "cwd": None if self._cwd is None else perform_text(context, self._cwd),
            "env": self._make_env(context),
        }

    def _make_prefix(self, context: LaunchContext, program: str) -> list[str]:
        if self._prefix is not None:
            return shlex.split(perform_text(context, self._prefix))
        configurations = context.launch_configurations
        if not re.match(configurations.get("launch-prefix-filter", ""), os.path.basename(program)):
            return []
        return shlex.split(configurations.get("launch-prefix", ""))

    def _make_env(self, context: LaunchContext) -> dict[str, str]:
        env = dict(context.environment) if self._env is None else {}
        for more in (self._env, self._additional_env):
            for name, value in (more or {}).items():
                env[perform_text(context, name)] = perform_text(context, value)
        return env

    def execute(self, context: LaunchContext) -> None:
        if self._task is not None:
            raise RuntimeError(f"ExecuteProcess action '{self.final_name}': executed more than once")
        self._prepare(context)
        if context.is_shutdown:
            return
        self._ending = asyncio.Event()
        self._announce_sigint = True
        self._log = logging.get_logger(self.final_name)
        output = self._output if isinstance(self._output, dict) else perform_text(context, self._output)
        self._loggers = logging.get_output_loggers(self.final_name, output)
        self._respawn = bool(perform_typed_substitution(context, self._respawn, bool))
        self._timeouts_s = [perform_typed_substitution(context, value, float) for value in self._timeouts]
        self._timeout_texts = [perform_text(context, self._timeouts[0]), str(sum(self._timeouts_s))]
        if "emulate_tty" in context.launch_configurations:
            asked = normalize_to_list_of_substitutions(context.launch_configurations["emulate_tty"])
            self._emulate_tty = evaluate_condition_expression(context, asked)
        self._register_handlers(context)
        self._task = context.asyncio_loop.create_task(self._supervise(context))

    # -- the process

    async def _supervise(self, context: LaunchContext) -> None:
        """Run the process, again and again if asked to, until it shall end."""
        while not self._ending.is_set() and not context.is_shutdown:
            await self._run_once(context)
            if not self._respawn or self._respawns_left == 0:
                break
            self._respawns_left -= 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), self._respawn_delay_s)

    async def _run_once(self, context: LaunchContext) -> None:
        child = await self._start(context)
        if child is None:
            return
        ending = asyncio.ensure_future(self._end_when_asked(child))
        returncode = await child.wait()
        self._child = None
        for output in self._outputs:
            output.flush()
        self._report_end(child.pid, returncode)
        context.emit_event_sync(ProcessExited(returncode=returncode, **self._details))
        if self._ending.is_set():
            await ending
        else:
            ending.cancel()
            if child.has_group():  # what it left behind; shells start background jobs deaf to SIGINT
                await self._end(child, first=1)
        child.close()

    async def _start(self, context: LaunchContext) -> ChildProcess | None:
        details = self._details
        if self._log_cmd:
            self._log.info(
                f"process details: cmd='{' '.join(details['cmd'])}', cwd='{details['cwd']}', custom_env?=True"
            )
        try:
            child = await ChildProcess.start(
                details["cmd"],
                cwd=details["cwd"],
                env=details["env"],
                shell=self.shell,
                emulate_tty=self._emulate_tty,
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self._log.error(f"exception occurred while executing process:\n{error}")
            return None
        self._log.info(f"process started with pid [{child.pid}]")
        details["pid"] = child.pid
        context.emit_event_sync(ProcessStarted(**details))
        self._outputs = [
            OutputLines(logger, self._output_format, kind, details, context)
            for logger, kind in zip(self._loggers, (ProcessStdout, ProcessStderr), strict=True)
        ]
        child.read_output(self._outputs[0].add, self._outputs[1].add)
        self._child = child
        return child

    @property
    def _details(self) -> dict[str, Any]:
        assert self.process_details is not None
        return self.process_details

    def _report_end(self, pid: int, returncode: int) -> None:
        if returncode == 0:
            self._log.info(f"process has finished cleanly [pid {pid}]")
        else:
            cmd = " ".join(part for part in self._details["cmd"] if part.strip())
            self._log.error(f"process has died [pid {pid}, exit code {returncode}, cmd '{cmd}'].")

    # -- the end

    async def _end_when_asked(self, child: ChildProcess) -> None:
        await self._ending.wait()
        if self._announce_sigint:
            self._log.info(f"sending signal 'SIGINT' to process[{self.final_name}]")
        await self._end(child)

    async def _end(self, child: ChildProcess, first: int = 0) -> None:
        """End the whole group: SIGINT, then SIGTERM, then SIGKILL."""
        stages = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
        for i in range(first, len(self._timeouts_s)):
            child.signal_group(stages[i])
            if await child.is_gone_within(self._timeouts_s[i]):
                return
            self._log.error(
                f"process[{self.final_name}] failed to terminate '{self._timeout_texts[i]}' seconds after "
                f"receiving '{stages[i].name}', escalating to '{stages[i + 1].name}'"
            )
            self._log.info(f"sending signal '{stages[i + 1].name}' to process[{self.final_name}]")
        child.signal_group(signal.SIGKILL)
        await child.is_gone_within(1.0)

    # -- events

    def _register_handlers(self, context: LaunchContext) -> None:
        handlers: list[BaseEventHandler] = [
            OnShutdown(on_shutdown=self._on_shutdown),
            _aimed_at(self, ShutdownProcess, lambda _event: self._ending.set()),
            _aimed_at(self, SignalProcess, self._on_signal),
        ]
        if self._on_exit is not None:
            handlers.append(OnProcessExit(target_action=self, on_exit=self._on_exit))
        for handler in handlers:
            context.register_event_handler(handler)

    def _on_shutdown(self, event: Shutdown, context: LaunchContext) -> None:
        self._announce_sigint = not event.due_to_sigint or context.noninteractive
        self._ending.set()

    def _on_signal(self, event: Any) -> None:
        if self._child is not None:
            self._log.info(f"sending signal '{event.signal_name}' to process[{self.final_name}]")
            self._child.send_signal(event.signal)


ExecuteLocal = ExecuteProcess


def _aimed_at(action: ExecuteProcess, kind: Any, react: Any) -> EventHandler:
    """Return a handler that calls a function with the events of this kind that match the action."""

    def matches(event: Event) -> bool:
        return isinstance(event, kind) and bool(event.process_matcher(action))

    return EventHandler(matcher=matches, entities=OpaqueFunction(function=lambda context: react(context.locals.event)))
