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
from itertools import count
from typing import Any

from . import logging
from .action import Action, LaunchDescriptionEntity
from .child_process import ChildProcess, Output
from .event_handler import Answer, EventHandler
from .event_handlers import OnProcessExit, OnShutdown
from .events import Shutdown
from .events.process import ProcessExited, ProcessIO, ProcessStarted, ShutdownProcess, SignalProcess
from .launch_context import LaunchContext
from .process_group import signal_group
from .substitution import SomeSubstitutionsType
from .substitutions import LaunchConfiguration
from .utilities import perform_bool, perform_float, perform_substitutions

Environment = Mapping[SomeSubstitutionsType, SomeSubstitutionsType]
_STAGES = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
_SIGTERM_TIMEOUT = LaunchConfiguration("sigterm_timeout", default=5)
_SIGKILL_TIMEOUT = LaunchConfiguration("sigkill_timeout", default=5)
_numbers = count(1)


@dataclass(eq=False, kw_only=True)
class ExecuteProcess(Action):
    """Runs a command until it ends, or until the launch system ends it."""

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
    output: SomeSubstitutionsType | dict[str, str | set[str]] = "log"
    on_exit: Answer = None
    respawn: bool | SomeSubstitutionsType = False
    respawn_delay: float | None = None
    respawn_max_retries: int = -1

    _label: str = field(default="", init=False)
    process_details: dict[str, Any] = field(default_factory=dict, init=False)
    _child: ChildProcess | None = field(default=None, init=False)
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    def get_sub_entities(self) -> Iterable[LaunchDescriptionEntity]:
        return self.on_exit if isinstance(self.on_exit, (list, tuple)) else []

    def get_asyncio_future(self) -> asyncio.Future[None] | None:
        return self._task

    # -- preparation

    def make_cmd(self, context: LaunchContext) -> list[str]:
        """Return the command with its substitutions performed."""
        return [perform_substitutions(context, part) for part in self.cmd]

    def make_label(self, context: LaunchContext, cmd: list[str]) -> str:
        """Return what the output is labelled with, without the number."""
        return os.path.basename(cmd[0]) if self.name is None else perform_substitutions(context, self.name)

    def execute(self, context: LaunchContext) -> None:
        if self._task is not None:
            raise RuntimeError(f"ExecuteProcess action '{self._label}': executed more than once")
        cmd = self.make_cmd(context)
        self._label = f"{self.make_label(context, cmd)}-{next(_numbers)}"
        self.process_details = {
            "action": self,
            "process_name": self._label,
            "cmd": self._make_prefix(context, cmd[0]) + cmd,
            "cwd": None if self.cwd is None else perform_substitutions(context, self.cwd),
            "env": self._make_env(context),
        }
        if context.is_shutdown:
            return
        self._log = logging.get_logger(self._label)
        output = os.environ.get("OVERRIDE_LAUNCH_PROCESS_OUTPUT", self.output)
        self._loggers = logging.get_output_loggers(
            self._label, output if isinstance(output, dict) else perform_substitutions(context, output)
        )
        self._timeouts_s = [perform_float(context, each) for each in (self.sigterm_timeout, self.sigkill_timeout)]
        self._shall_end = asyncio.Event()
        self._announce_sigint = True
        for handler in self._make_handlers():
            context.register_event_handler(handler)
        self._task = context.asyncio_loop.create_task(self._supervise(context))

    def _make_prefix(self, context: LaunchContext, program: str) -> list[str]:
        if self.prefix is not None:
            return shlex.split(perform_substitutions(context, self.prefix))
        configurations = context.launch_configurations
        if not re.match(configurations.get("launch-prefix-filter", ""), os.path.basename(program)):
            return []
        return shlex.split(configurations.get("launch-prefix", ""))

    def _make_env(self, context: LaunchContext) -> dict[str, str]:
        env = dict(context.environment) if self.env is None else {}
        for name, value in [*(self.env or {}).items(), *(self.additional_env or {}).items()]:
            env[perform_substitutions(context, name)] = perform_substitutions(context, value)
        return env

    # -- the process

    async def _supervise(self, context: LaunchContext) -> None:
        """Run the process, again and again if asked to, until it shall end."""
        respawns_left = self.respawn_max_retries if perform_bool(context, self.respawn) else 0
        await self._run_once(context)
        while respawns_left != 0 and not self._shall_end.is_set():
            respawns_left -= 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._shall_end.wait(), self.respawn_delay or 0.0)
                return
            await self._run_once(context)

    async def _run_once(self, context: LaunchContext) -> None:
        child = await self._start(context)
        if child is None:
            return
        ending = asyncio.ensure_future(self._end_when_asked(child))
        returncode = await child.wait()
        self._child = None
        self._report_end(child.pid, returncode)
        context.emit_event_sync(ProcessExited(returncode=returncode, **self.process_details))
        if self._shall_end.is_set():
            await ending
        else:
            ending.cancel()
            if child.has_group():  # what it left behind; shells start background jobs deaf to SIGINT
                await self._end(child, first=1)
        child.close()

    async def _start(self, context: LaunchContext) -> ChildProcess | None:
        details = self.process_details
        is_tty = perform_bool(context, context.launch_configurations.get("emulate_tty", self.emulate_tty))
        outputs = [self._make_output(context, is_tty, is_stdout) for is_stdout in (True, False)]
        cmd = ["/bin/sh", "-c", " ".join(details["cmd"])] if self.shell else details["cmd"]
        try:
            child = await ChildProcess.start(cmd, outputs=outputs, cwd=details["cwd"], env=details["env"])
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self._log.error(f"exception occurred while executing process:\n{error}")
            return None
        self._log.info(f"process started with pid [{child.pid}]")
        details["pid"] = child.pid
        context.emit_event_sync(ProcessStarted(**details))
        self._child = child
        return child

    def _make_output(self, context: LaunchContext, is_tty: bool, is_stdout: bool) -> Output:
        def on_data(data: bytes) -> None:
            context.emit_event_sync(ProcessIO(text=data, from_stdout=is_stdout, **self.process_details))

        def on_line(line: str) -> None:
            self._loggers[0 if is_stdout else 1].info(f"[{self._label}] {line}")

        return Output(is_tty, on_data, on_line)

    def _report_end(self, pid: int, returncode: int) -> None:
        if returncode == 0:
            self._log.info(f"process has finished cleanly [pid {pid}]")
        else:
            cmd = " ".join(part for part in self.process_details["cmd"] if part.strip())
            self._log.error(f"process has died [pid {pid}, exit code {returncode}, cmd '{cmd}'].")

    # -- the end

    async def _end_when_asked(self, child: ChildProcess) -> None:
        await self._shall_end.wait()
        if self._announce_sigint:
            self._log.info(f"sending signal 'SIGINT' to process[{self._label}]")
        await self._end(child)

    async def _end(self, child: ChildProcess, first: int = 0) -> None:
        """End the whole group: SIGINT, then SIGTERM, then SIGKILL."""
        waited_s = (f"{self._timeouts_s[0]:g}", str(sum(self._timeouts_s)))
        for i in range(first, len(self._timeouts_s)):
            signal_group(child.pid, _STAGES[i])
            if await child.is_gone_within(self._timeouts_s[i]):
                return
            self._log.error(
                f"process[{self._label}] failed to terminate '{waited_s[i]}' seconds after "
                f"receiving '{_STAGES[i].name}', escalating to '{_STAGES[i + 1].name}'"
            )
            self._log.info(f"sending signal '{_STAGES[i + 1].name}' to process[{self._label}]")
        signal_group(child.pid, signal.SIGKILL)
        await child.is_gone_within(1.0)

    # -- events

    def _make_handlers(self) -> list[EventHandler]:
        def targets_this(event: Any) -> bool:
            return isinstance(event, (ShutdownProcess, SignalProcess)) and event.process_matcher(self)

        handlers: list[EventHandler] = [
            OnShutdown(on_shutdown=self._on_shutdown),
            EventHandler(matcher=targets_this, entities=self._on_request),
        ]
        if self.on_exit is not None:
            handlers.append(OnProcessExit(target_action=self, on_exit=self.on_exit))
        return handlers

    def _on_shutdown(self, event: Shutdown, context: LaunchContext) -> None:
        self._announce_sigint = not event.due_to_sigint or context.noninteractive
        self._shall_end.set()

    def _on_request(self, event: ShutdownProcess | SignalProcess, context: LaunchContext) -> None:
        if isinstance(event, ShutdownProcess):
            self._shall_end.set()
        elif self._child is not None:
            name = signal.Signals(event.signal_number).name
            self._log.info(f"sending signal '{name}' to process[{self._label}]")
            self._child.process.send_signal(event.signal_number)
