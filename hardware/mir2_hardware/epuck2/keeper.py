"""The process that holds the connection to one e-puck2, so that the robot stands when its driver dies, hangs or ends.

The robot's motors go on as they were told last when nobody speaks to it any more. So whoever commands it must not be
who may crash: a driver writes command packets to this process's standard input, and reads frames of news from its
standard output. Where the driver says nothing for `SILENCE_S`, the robot is told to stand; where the input ends, it is
told to stand and this process ends. It imports nothing but the standard library, and has a session of its own, so that
no Ctrl-C reaches it. What it cannot do: speak to a robot whose link is dead.
"""

import os
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from enum import IntEnum
from typing import NamedTuple

from mir2_hardware.epuck2.packets import COMMAND_BYTES, SENSORS, CommandPacket, ProtocolError, ReplyReader

SILENCE_S = 0.5  # of the driver
RESEND_S = 0.05
UNANSWERED = 2  # commands at most: what is sent faster than the robot replies waits in its queue, and is late
REPLY_S = 1.0  # of the robot, after which the link counts as dead
CONNECT_S = 2.0
SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.25, 4.0  # between two tries to connect
BEAT_S = 0.5  # at which the driver hears that this process is alive
CONFIRMING_REPLIES = 6  # the robot's queue holds five commands: after so many replies it has obeyed
LAST_TRY_S = 5.0  # at the end, for a robot that was told to drive
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: what was not delivered to a dead link must not be delivered later
MOTORS = slice(3, 7)

_FRAME = struct.Struct("<BdI")
LONGEST_TEXT = 500  # a frame is written whole or not at all


class News(IntEnum):
    """What a frame tells the driver."""

    BEAT = 0  # nothing but that this process is alive
    UP = 1  # the robot answers
    DOWN = 2  # it does not; a text says why
    SENSORS = 3  # the body of a sensor reply
    STANDS = 4  # the robot was told to stand, since the driver was silent


class Frame(NamedTuple):
    """One piece of news; `time_s` is that of `time.monotonic`, which is the same in all processes."""

    news: News
    time_s: float
    body: bytes

    def encode(self) -> bytes:
        """As it is written."""
        return _FRAME.pack(self.news, self.time_s, len(self.body)) + self.body


def cut_frames(stream: bytearray) -> Iterator[Frame]:
    """Take the complete frames from the beginning of a stream."""
    while len(stream) >= _FRAME.size:
        news, time_s, length = _FRAME.unpack_from(stream)
        if len(stream) < _FRAME.size + length:
            return
        yield Frame(News(news), time_s, bytes(stream[_FRAME.size : _FRAME.size + length]))
        del stream[: _FRAME.size + length]


class Keeper:
    """Keeps a robot connected and told; file descriptors lead from and to its driver."""

    def __init__(self, address: tuple[str, int], commands: int, news: int, *, driving: bool = False) -> None:
        self._address, self._commands, self._news = address, commands, news
        os.set_blocking(commands, False)
        os.set_blocking(news, False)
        self._input, self._wanted, self._heard_s = bytearray(), CommandPacket().encode(), -SILENCE_S
        self._held = False
        self._beat_s = 0.0
        self.leaving = False
        self._driving = driving  # whether the robot was told to drive, and has not obeyed since to stand
        self._socket: socket.socket | None = None
        self._connected = self._up = False
        self._try_s, self._wait_s = 0.0, SHORTEST_WAIT_S
        self._since_s = 0.0  # of the attempt to connect, or of the newest reply
        self._reader = ReplyReader()
        self._output = b""
        self._sent, self._sent_s = b"", 0.0
        self._replies = 0  # since the command changed
        self._unanswered = 0

    def run(self) -> None:
        """Serve until the driver leaves, then make the robot stand."""
        while not self.leaving:
            self._turn()
        end_s = time.monotonic() + LAST_TRY_S
        while self._driving and time.monotonic() < end_s:
            self._turn()
        if self._driving:
            print(
                f"{self._shown} could not be told to stand and may be driving: switch it off by hand",
                file=sys.stderr,
            )
        if self._socket:
            self._socket.close()

    @property
    def _shown(self) -> str:
        return f"the e-puck2 at {self._address[0]}:{self._address[1]}"

    def _turn(self) -> None:
        """Everything that is due, then wait for what comes, not for long."""
        now_s = time.monotonic()
        self._look_at_driver(now_s)
        self._look_at_link(now_s)
        if self._connected:
            self._speak(now_s)
        robot = self._socket.fileno() if self._socket else -1
        reading = [self._commands] * (not self.leaving) + [robot] * self._connected
        writing = [robot] * (self._socket is not None and (not self._connected or bool(self._output)))
        readable, writable, _ = select.select(reading, writing, [], RESEND_S / 2)
        if self._commands in readable:
            self._listen_to_driver()
        if robot in writable and not self._connected:
            self._finish_connecting()
        if robot in readable:
            self._listen_to_robot()

    # The driver

    def _look_at_driver(self, now_s: float) -> None:
        held = not self.leaving and now_s - self._heard_s > SILENCE_S
        if held and not self._held and self._driving:
            self._tell(News.STANDS)
        self._held = held
        if now_s - self._beat_s >= BEAT_S:
            self._beat_s = now_s
            self._tell(News.BEAT)

    def _listen_to_driver(self) -> None:
        try:
            chunk = os.read(self._commands, 64 * COMMAND_BYTES)
        except BlockingIOError:
            return
        if not chunk:
            self.leaving = True
            return
        self._input += chunk
        whole = len(self._input) // COMMAND_BYTES * COMMAND_BYTES
        if whole:
            self._wanted, self._heard_s = bytes(self._input[whole - COMMAND_BYTES : whole]), time.monotonic()
            del self._input[:whole]

    def _tell(self, news: News, body: bytes = b"") -> None:
        """Write a frame; one for which there is no room is lost: a driver that hangs must not stop this process."""
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(self._news, Frame(news, time.monotonic(), body).encode())

    # The robot

    def _look_at_link(self, now_s: float) -> None:
        if self._socket is None and now_s >= self._try_s:
            self._connect(now_s)
        elif self._socket and not self._connected and now_s - self._since_s > CONNECT_S:
            self._drop(f"does not answer within {CONNECT_S:g} s; is it switched on, and in this network?")
        elif self._connected and now_s - self._since_s > REPLY_S:
            self._drop(f"is connected but has said nothing for {REPLY_S:g} s; does somebody else hold a connection?")

    def _connect(self, now_s: float) -> None:
        try:
            family, kind, protocol, _, place = socket.getaddrinfo(*self._address, type=socket.SOCK_STREAM)[0]
            self._socket = socket.socket(family, kind, protocol)
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._since_s = now_s
            self._socket.connect(place)
        except BlockingIOError:
            pass
        except OSError as error:
            self._drop(f"cannot be reached ({error.strerror or error})")

    def _finish_connecting(self) -> None:
        assert self._socket is not None
        if number := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._drop(f"cannot be reached ({os.strerror(number)}); is it switched on, and is that its port?")
            return
        self._connected, self._since_s = True, time.monotonic()
        self._reader, self._output, self._sent, self._unanswered = ReplyReader(), b"", b"", 0

    def _speak(self, now_s: float) -> None:
        """Send the newest command when it is new, and again and again; never a part of one."""
        standing = self._held or self.leaving
        command = _standing(self._wanted) if standing else self._wanted
        due = command != self._sent or now_s - self._sent_s >= RESEND_S
        if due and not self._output and self._unanswered < UNANSWERED:
            self._unanswered += 1
            if command != self._sent:
                self._replies = 0
            self._output, self._sent, self._sent_s = command, command, now_s
        if self._output:
            assert self._socket is not None
            try:
                self._output = self._output[self._socket.send(self._output) :]
                self._driving |= any(self._sent[MOTORS])
            except BlockingIOError:
                pass
            except OSError as error:
                self._drop(f"has left ({error.strerror})")

    def _listen_to_robot(self) -> None:
        assert self._socket is not None
        try:
            chunk = self._socket.recv(65536)
            if not chunk:
                self._drop("has closed the connection")
                return
            replies = self._reader.feed(chunk)
        except BlockingIOError:
            return
        except OSError as error:
            self._drop(f"has left ({error.strerror})")
            return
        except ProtocolError as error:
            self._drop(f"does not speak as one: {error}")
            return
        for reply in replies:
            self._since_s = time.monotonic()
            self._replies += 1
            self._unanswered = max(0, self._unanswered - 1)
            if self._replies >= CONFIRMING_REPLIES and not any(self._sent[MOTORS]):
                self._driving = False
            if not self._up:
                self._up, self._wait_s = True, SHORTEST_WAIT_S
                self._tell(News.UP)
            if reply.header == SENSORS:
                self._tell(News.SENSORS, reply.body)

    def _drop(self, why: str) -> None:
        """Give the connection up, and try again later, after longer and longer waits."""
        if self._socket:
            with suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            self._socket.close()
        self._socket, self._connected, self._up = None, False, False
        self._try_s = time.monotonic() + self._wait_s
        self._wait_s = min(2.0 * self._wait_s, LONGEST_WAIT_S)
        self._tell(News.DOWN, f"{self._shown} {why}".encode()[:LONGEST_TEXT])


def _standing(command: bytes) -> bytes:
    return command[: MOTORS.start] + bytes(MOTORS.stop - MOTORS.start) + command[MOTORS.stop :]


def main() -> None:
    """Keep the robot whose host and port the command line gives, and whether it may be driving."""
    address, driving = (sys.argv[1], int(sys.argv[2])), sys.argv[3] == "driving"
    keeper = Keeper(address, sys.stdin.fileno(), sys.stdout.fileno(), driving=driving)

    def leave(*_: object) -> None:
        keeper.leaving = True

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    keeper.run()


if __name__ == "__main__":
    main()
