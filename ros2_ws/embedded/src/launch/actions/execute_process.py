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
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from types import SimpleNamespace
from typing import Any

from .. import logging
from ..action import Action, LaunchDescriptionEntity
from ..child_process import ChildProcess, Output
from ..conditions import evaluate_condition_expression
from ..event_handlers import Answer, EventHandler, OnProcessExit, OnShutdown
from ..events import Event, Shutdown
from ..events.process import ProcessExited, ProcessIO, ProcessStarted, ShutdownProcess, SignalProcess
from ..launch_context import LaunchContext
from ..substitution import (
    SomeSubstitutionsType,
    normalize_to_list_of_substitutions,
    perform_substitutions,
    perform_text,
    perform_typed,
)
from ..substitutions import LaunchConfiguration

Environment = Mapping[SomeSubstitutionsType, SomeSubstitutionsType]
_PREFIX = LaunchConfiguration("launch-prefix", default="")
_PREFIX_FILTER = LaunchConfiguration("launch-prefix-filter", default="")
_SIGTERM_TIMEOUT = LaunchConfiguration("sigterm_timeout", default=5)
_SIGKILL_TIMEOUT = LaunchConfiguration("sigkill_timeout", default=5)
_numbers = count(1)


@dataclass(eq=False, repr=False, kw_only=True)
class ExecuteProcess(Action):
    """Runs a command until it ends, or until the launch system ends it.

    Without a prefix, the launch configuration 'launch-prefix' counts for the programs that 'launch-prefix-filter'
    matches. Once it runs, `name` is the label of its output, and `cmd`, `cwd` and `env` are what it runs with.
    """

    cmd: Iterable[SomeSubstitutionsType]
    prefix: SomeSubstitutionsType | None = None
    name: SomeSubstitutionsType | None = None
    cwd: SomeSubstitutionsType | None = None
    env: Environment | None = None
    additional_env: Environment | None = None
    shell: bool = False
    sigterm_timeout: SomeSubstitutionsType = _SIGTERM_TIMEOUT
    sigkill_timeout: SomeSubstitutionsType = _SIGKILL_TIMEOUT
    emulate_tty: bool = False
    output: SomeSubstitutionsType | Mapping[str, str] = "log"
    output_format: str = "[{this.process_description.final_name}] {line}"
    log_cmd: bool = False
    on_exit: Answer = None
    respawn: bool | SomeSubstitutionsType = False
    respawn_delay: float | None = None
    respawn_max_retries: int = -1

    process_details: dict[str, Any] = field(default_factory=dict, init=False)
    return_code: int | None = field(default=None, init=False)
    _child: ChildProcess | None = field(default=None, init=False)
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.cmd = [normalize_to_list_of_substitutions(part) for part in self.cmd]
        self.output = os.environ.get("OVERRIDE_LAUNCH_PROCESS_OUTPUT", self.output)

    @property
    def process_description(self) -> SimpleNamespace:
        """Where `output_format` finds the label, as `final_name`."""
        return SimpleNamespace(final_name=self.name)

    def get_sub_entities(self) -> Iterable[LaunchDescriptionEntity]:
        return self.on_exit if isinstance(self.on_exit, list) else []

    def get_asyncio_future(self) -> asyncio.Future[None] | None:
        return self._task

    def _perform(self, context: LaunchContext) -> dict[str, Any]:
        """Return the final name, command, folder and environment."""
        cmd = [perform_text(context, part) for part in self.cmd]
        takes_prefix = self.prefix is not None or re.match(
            perform_text(context, _PREFIX_FILTER), os.path.basename(cmd[0])
        )
        if takes_prefix:
            cmd = shlex.split(perform_text(context, _PREFIX if self.prefix is None else self.prefix)) + cmd
        name = os.path.basename(cmd[0]) if self.name is None else perform_text(context, self.name)
        env = dict(context.environment) if self.env is None else {}
        for key, value in [*(self.env or {}).items(), *(self.additional_env or {}).items()]:
            env[perform_text(context, key)] = perform_text(context, value)
        cwd = None if self.cwd is None else perform_text(context, self.cwd)
        return {"name": f"{name}-{next(_numbers)}", "cmd": cmd, "cwd": cwd, "env": env}

    def execute(self, context: LaunchContext) -> Iterable[LaunchDescriptionEntity] | None:
        if self._task is not None:
            raise RuntimeError(f"ExecuteProcess action '{self.name}': executed more than once: {self.describe()}")
        details = self._perform(context)
        self.name = self._label = details["name"]
        self.cmd, self.cwd, self.env = details["cmd"], details["cwd"], details["env"]
        if context.is_shutdown:
            return None
        self._log = logging.get_logger(self._label)
        self.process_details = {"action": self, **details}
        output = self.output if isinstance(self.output, Mapping) else perform_text(context, self.output)
        self._loggers = logging.get_output_loggers(self._label, output)
        self._is_tty = self.emulate_tty
        if "emulate_tty" in context.launch_configurations:
            self._is_tty = evaluate_condition_expression(context, [LaunchConfiguration("emulate_tty")])
        self._respawns_left = self.respawn_max_retries if perform_typed(context, self.respawn, bool) else 0
        self._sigterm_timeout = perform_substitutions(context, self.sigterm_timeout)
        self._sigkill_timeout = perform_substitutions(context, self.sigkill_timeout)
        self._shall_end = asyncio.Event()
        self._announce_sigint = True
        context.register_event_handler(OnShutdown(on_shutdown=self._on_shutdown))
        context.register_event_handler(EventHandler(matcher=self._is_meant, entities=self._on_request))
        if self.on_exit is not None:
            context.register_event_handler(OnProcessExit(target_action=self, on_exit=self.on_exit))
        self._task = asyncio.create_task(self._supervise(context))
        return None

    # -- the process

    async def _supervise(self, context: LaunchContext) -> None:
        """Run the process, again and again if asked to, until it shall end."""
        while not context.is_shutdown and not self._shall_end.is_set():
            could_start = await self._run_once(context)
            if not could_start or self._respawns_left == 0:
                return
            self._respawns_left -= 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._shall_end.wait(), self.respawn_delay or 0.0)

    async def _run_once(self, context: LaunchContext) -> bool:
        details = self.process_details
        if self.log_cmd:
            self._log.info(f"process details: cmd='{_join(details['cmd'])}', cwd='{details['cwd']}', custom_env?=True")
        outputs = [Output(self._is_tty, partial(self._on_output, context, number)) for number in (0, 1)]
        cmd = ["/bin/sh", "-c", " ".join(details["cmd"])] if self.shell else details["cmd"]
        try:
            child = await ChildProcess.start(cmd, outputs=outputs, cwd=details["cwd"], env=details["env"])
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self._log.error(f"exception occurred while executing process:\n{type(error).__name__}: {error}")
            return False
        self._log.info(f"process started with pid [{child.pid}]")
        details["pid"] = child.pid
        context.emit_event_sync(ProcessStarted(**details))
        await self._see_to_the_end(context, child)
        return True

    def _on_output(self, context: LaunchContext, number: int, data: bytes, lines: Iterable[str]) -> None:
        """Log the lines that these bytes completed; `number` is 0 for standard output and 1 for standard error."""
        for line in lines:
            self._loggers[number].info(self.output_format.format(line=line, this=self))
        if data:
            context.emit_event_sync(ProcessIO(text=data, fd=number + 1, **self.process_details))

    async def _see_to_the_end(self, context: LaunchContext, child: ChildProcess) -> None:
        self._child = child
        ending = asyncio.ensure_future(self._end_when_asked(child))
        returncode = self.return_code = await child.wait()
        self._child = None
        if returncode == 0:
            self._log.info(f"process has finished cleanly [pid {child.pid}]")
        else:
            cmd = _join(self.process_details["cmd"])
            self._log.error(f"process has died [pid {child.pid}, exit code {returncode}, cmd '{cmd}'].")
        context.emit_event_sync(ProcessExited(returncode=returncode, **self.process_details))
        if self._shall_end.is_set():
            await ending
        else:
            ending.cancel()
            if child.has_group():  # what it left behind; shells start background jobs deaf to SIGINT
                await self._end_hard(child)
        child.close()

    # -- requests and its end

    def _is_meant(self, event: Event) -> bool:
        return isinstance(event, (ShutdownProcess, SignalProcess)) and event.process_matcher(self)

    def _on_request(self, event: ShutdownProcess | SignalProcess, context: LaunchContext) -> None:
        if isinstance(event, ShutdownProcess):
            self._shall_end.set()
        elif self._child is not None:
            self._log.info(f"sending signal '{event.signal_name}' to process[{self._label}]")
            with suppress(ProcessLookupError):
                self._child.process.send_signal(event.signal)

    def _on_shutdown(self, event: Shutdown, context: LaunchContext) -> None:
        self._announce_sigint = not event.due_to_sigint or context.noninteractive
        self._shall_end.set()

    async def _end_when_asked(self, child: ChildProcess) -> None:
        """Once asked to: SIGINT, then SIGTERM, then SIGKILL, until nothing of what the child started is left."""
        await self._shall_end.wait()
        if self._announce_sigint:
            self._log.info(f"sending signal 'SIGINT' to process[{self._label}]")
        if not await child.is_gone_after(signal.SIGINT, float(self._sigterm_timeout)):
            self._say_escalating(self._sigterm_timeout, "SIGINT", "SIGTERM")
            await self._end_hard(child)

    async def _end_hard(self, child: ChildProcess) -> None:
        if not await child.is_gone_after(signal.SIGTERM, float(self._sigkill_timeout)):
            waited_s = float(self._sigterm_timeout) + float(self._sigkill_timeout)
            self._say_escalating(str(waited_s), "SIGTERM", "SIGKILL")
            await child.is_gone_after(signal.SIGKILL, 1.0)

    def _say_escalating(self, waited_s: str, number: str, harder: str) -> None:
        self._log.error(
            f"process[{self._label}] failed to terminate '{waited_s}' seconds after receiving '{number}', "
            f"escalating to '{harder}'"
        )
        self._log.info(f"sending signal '{harder}' to process[{self._label}]")


def _join(cmd: Iterable[str]) -> str:
    return " ".join(part for part in cmd if part.strip())
