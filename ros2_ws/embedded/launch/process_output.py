"""What a process writes, as lines in the logs and as events."""

from __future__ import annotations

from logging import Logger
from typing import Any

from .events.process import ProcessIO
from .launch_context import LaunchContext


class OutputLines:
    """Logs one stream of a process line by line.

    `form` is a format with `line` and `this`, the action; `details` are those of the running process.
    """

    def __init__(
        self, logger: Logger, form: str, kind: type[ProcessIO], details: dict[str, Any], context: LaunchContext
    ) -> None:
        self._logger = logger
        self._form = form
        self._kind = kind
        self._details = details
        self._context = context
        self._rest = b""

    def add(self, data: bytes) -> None:
        """Log the lines that are complete, and emit an event if anybody handles it."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._write(line)
        event = self._kind(text=data, **self._details)
        if self._context.would_handle_event(event):
            self._context.emit_event_sync(event)

    def flush(self) -> None:
        """Log what the process wrote after its last line end."""
        if self._rest:
            self._write(self._rest)
        self._rest = b""

    def _write(self, line: bytes) -> None:
        self._logger.info(self._form.format(line=line.decode(errors="replace"), this=self._details["action"]))
