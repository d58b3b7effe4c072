"""The driver's end of the process that keeps a robot's connection."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

from mir2_hardware.epuck2.keeper import BEAT_S, Frame, cut_frames
from mir2_hardware.epuck2.packets import CommandPacket

HANGS_S = 4.0 * BEAT_S
END_S = 10.0


class Link:
    """Starts the keeper, and starts it again when it dies or hangs: then nobody else would make the robot stand."""

    def __init__(self, host: str, port: int) -> None:
        self.restarts = 0
        self._command = [sys.executable, "-m", "mir2_hardware.epuck2.keeper", host, str(port)]
        self._driving = False
        self._begin()

    def _begin(self) -> None:
        self._stream = bytearray()
        self._heard_s = time.monotonic()
        self._process = subprocess.Popen(
            [*self._command, "driving" if self._driving else "standing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._input, False)
        os.set_blocking(self._output, False)

    @property
    def keeper(self) -> int:
        """The keeper's process id."""
        return self._process.pid

    def send(self, command: CommandPacket) -> None:
        """Hand a command over; the keeper repeats it until the next."""
        self._driving = bool(command.left or command.right)
        try:
            os.write(self._input, command.encode())
        except (BlockingIOError, BrokenPipeError):
            self._begin_again()

    def receive(self) -> list[Frame]:
        """The news since the last call."""
        with suppress(BlockingIOError):
            while chunk := os.read(self._output, 65536):
                self._stream += chunk
            self._begin_again()  # it has closed its output
        frames = list(cut_frames(self._stream))
        now_s = time.monotonic()
        if frames:
            self._heard_s = now_s
        elif now_s - self._heard_s > HANGS_S:
            self._begin_again()
        return frames

    def _begin_again(self) -> None:
        self.restarts += 1
        self._process.kill()
        self._leave()
        self._begin()

    def close(self) -> None:
        """Let the keeper make the robot stand, and wait for it."""
        self._leave()

    def _leave(self) -> None:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
