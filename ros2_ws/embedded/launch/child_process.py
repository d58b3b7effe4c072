"""One running child: started in its own session, its output read as it comes."""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import tty
from collections.abc import Callable, Sequence

from .process_group import enter_group, group_is_alive, guardian, signal_group

OnData = Callable[[bytes], None]


class ChildProcess:
    """A child process and the process group it leads."""

    def __init__(self, process: asyncio.subprocess.Process, readers: Sequence[OutputReader], stdin_pipe: int) -> None:
        self._process = process
        self._readers = readers
        self._stdin_pipe = stdin_pipe

    @classmethod
    async def start(
        cls,
        cmd: Sequence[str],
        *,
        cwd: str | None,
        env: dict[str, str],
        shell: bool,
        emulate_tty: bool,
    ) -> ChildProcess:
        """Start a command; raises OSError, ValueError or SubprocessError if it cannot be executed."""
        launcher, guardian_pipe = os.getpid(), guardian.start()
        stdin_child, stdin_pipe = os.pipe()
        readers = [OutputReader(emulate_tty), OutputReader(emulate_tty)]
        child_ends = [stdin_child, *(reader.child_end for reader in readers)]
        try:
            process = await asyncio.create_subprocess_exec(
                *(["/bin/sh", "-c", " ".join(cmd)] if shell else cmd),
                stdin=stdin_child,
                stdout=child_ends[1],
                stderr=child_ends[2],
                cwd=cwd,
                env=env,
                preexec_fn=lambda: enter_group(launcher, guardian_pipe),
            )
        except (OSError, ValueError, subprocess.SubprocessError):
            for reader in readers:
                reader.close()
            os.close(stdin_pipe)
            raise
        finally:
            for end in child_ends:
                os.close(end)
        return cls(process, readers, stdin_pipe)

    def read_output(self, on_stdout: OnData, on_stderr: OnData) -> None:
        """Hand on what the child writes."""
        for reader, on_data in zip(self._readers, (on_stdout, on_stderr), strict=True):
            reader.start(on_data)

    @property
    def pid(self) -> int:
        """The child's process id, which is also its group's."""
        return self._process.pid

    async def wait(self) -> int:
        """Return the exit code, or minus the ending signal, once the output written so far was read."""
        returncode = await self._process.wait()
        for reader in self._readers:
            reader.read_all()
        return returncode

    def has_group(self) -> bool:
        """Return whether the child or a process it started is alive."""
        return self._process.returncode is None or group_is_alive(self.pid)

    async def is_gone_within(self, timeout_s: float) -> bool:
        """Wait until the whole group has ended; return False after the timeout."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while self.has_group():
            if asyncio.get_running_loop().time() >= deadline:
                return False
            await asyncio.sleep(0.02)
        return True

    def send_signal(self, number: int) -> None:
        """Signal the child alone."""
        if self._process.returncode is None:
            self._process.send_signal(number)

    def signal_group(self, number: int) -> None:
        """Signal the child and what it started."""
        signal_group(self.pid, number)

    def close(self) -> None:
        """Let go of the pipes, after the group has ended."""
        for reader in self._readers:
            reader.read_all()
            reader.close()
        os.close(self._stdin_pipe)
        guardian.forget(self.pid)


class OutputReader:
    """The reading end of a child's output, a pipe or a pseudo terminal."""

    def __init__(self, is_tty: bool) -> None:
        if is_tty:
            self._end, self.child_end = pty.openpty()
            tty.setraw(self.child_end)
        else:
            self._end, self.child_end = os.pipe()
        os.set_blocking(self._end, False)

    def start(self, on_data: OnData) -> None:
        """Read whenever there is something, in the running loop."""
        self._on_data = on_data
        asyncio.get_running_loop().add_reader(self._end, self._read)

    def _read(self) -> bool:
        """Hand on what is there; return whether there may be more."""
        try:
            data = os.read(self._end, 65536)
        except BlockingIOError:
            return False
        except OSError:  # a pseudo terminal whose other end was closed
            data = b""
        if data:
            self._on_data(data)
            return True
        asyncio.get_running_loop().remove_reader(self._end)
        return False

    def read_all(self) -> None:
        """Hand on everything that has been written."""
        while self._read():
            pass

    def close(self) -> None:
        """Stop reading."""
        asyncio.get_running_loop().remove_reader(self._end)
        os.close(self._end)
