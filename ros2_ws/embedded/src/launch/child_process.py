"""One running child: started in its own session, its output read as it comes."""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import tty
from collections.abc import Callable, Sequence
from functools import cache

from .process_group import enter_group, forget_group, group_is_alive, signal_group, start_guardian

_PIPE_READS = 16  # as many as empty a full pipe


class ChildProcess:
    """A child process, which leads a process group of the same number."""

    def __init__(self, process: asyncio.subprocess.Process, outputs: Sequence[Output], guardian: int) -> None:
        self.process = process
        self.pid = process.pid
        self._outputs = outputs
        self._guardian = guardian
        for output in outputs:
            output.start()

    @classmethod
    async def start(
        cls, cmd: Sequence[str], *, outputs: Sequence[Output], cwd: str | None, env: dict[str, str]
    ) -> ChildProcess:
        """Start a command; raises OSError, ValueError or SubprocessError if it cannot be executed."""
        guardian = start_guardian(os.getpid())
        stdout, stderr = (output.child_end for output in outputs)
        try:
            process = await asyncio.create_subprocess_exec(
                *cmd,
                stdin=_silence(),
                stdout=stdout,
                stderr=stderr,
                cwd=cwd,
                env=env,
                preexec_fn=lambda: enter_group(guardian),
            )
        except (OSError, ValueError, subprocess.SubprocessError):
            for output in outputs:
                output.close()
            raise
        finally:
            os.close(stdout)
            os.close(stderr)
        return cls(process, outputs, guardian)

    async def wait(self) -> int:
        """Return the exit code, or minus the ending signal, once the output written so far was read."""
        returncode = await self.process.wait()
        for output in self._outputs:
            output.read_all()
        return returncode

    def has_group(self) -> bool:
        """Return whether the child or a process that it started is alive."""
        return self.process.returncode is None or group_is_alive(self.pid)

    async def is_gone_after(self, number: int, timeout_s: float) -> bool:
        """Send a signal to the whole group; return whether all of it ended within the time."""
        signal_group(self.pid, number)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while self.has_group() and loop.time() < deadline:
            await asyncio.sleep(0.02)
        return not self.has_group()

    def close(self) -> None:
        """Let go of the pipes, after the group has ended."""
        for output in self._outputs:
            output.read_all()
            output.close()
        forget_group(self._guardian, self.pid)


class Output:
    """An output of a child, a pipe or a pseudo terminal: read as it comes, handed on as bytes and completed lines."""

    def __init__(self, is_tty: bool, on_data: Callable[[bytes, list[str]], None]) -> None:
        self._end, self.child_end = pty.openpty() if is_tty else os.pipe()
        if is_tty:
            tty.setraw(self.child_end)
        os.set_blocking(self._end, False)
        self._on_data = on_data
        self._rest = b""

    def start(self) -> None:
        """Read whenever there is something, once the process is known."""
        asyncio.get_running_loop().add_reader(self._end, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._end, 65536)
        except BlockingIOError:
            return
        except OSError:  # a pseudo terminal whose other end was closed
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._end)
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._on_data(data, [line.decode(errors="replace") for line in lines])

    def read_all(self) -> None:
        """Hand on everything that has been written, and a last line without its end."""
        for _ in range(_PIPE_READS):
            self._read()
        if self._rest:
            self._on_data(b"", [self._rest.decode(errors="replace")])
        self._rest = b""

    def close(self) -> None:
        """Stop reading."""
        asyncio.get_running_loop().remove_reader(self._end)
        os.close(self._end)


@cache
def _silence() -> int:
    """Return a pipe to which nobody writes: what children read from."""
    reading, _writing = os.pipe()
    return reading
