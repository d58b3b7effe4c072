"""The TCP side of an emulated e-puck2: one client at a time, replies at the robot's own pace."""

import asyncio
import random
import socket
import struct

from mir2_core.errors import UserError

from mir2_hardware.epuck2.emulator.faults import LinkFault
from mir2_hardware.epuck2.emulator.firmware import FULL_BATTERY, Firmware
from mir2_hardware.epuck2.units import OFF_COUNT

LATE_S = 0.3  # what a slow link adds each way
LOOK_S = 0.02
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing is a reset


class RobotServer:
    """Serves one robot; `faults` are those that hold now, which anybody may change at any time."""

    def __init__(self, firmware: Firmware, rate_hz: float) -> None:
        self.firmware = firmware
        self.faults: set[LinkFault] = set()
        self.address = ("", 0)
        self._period_s = 1.0 / rate_hz
        self._garbage = random.Random(0)
        self._server: asyncio.Server | None = None
        self._client: asyncio.StreamWriter | None = None
        self._one_at_a_time = asyncio.Lock()

    async def listen(self, host: str, port: int) -> None:
        """Open the robot's port, any free one for 0."""
        try:
            self._server = await asyncio.start_server(self._on_client, host, port)
        except OSError as error:
            raise UserError(
                f"port {port} of {host} cannot be opened ({error.strerror}); choose another --port"
            ) from None
        self.address = self._server.sockets[0].getsockname()[:2]

    async def look_after(self) -> None:
        """Do what faults want of battery and power."""
        low = LinkFault.LOW_BATTERY in self.faults
        self.firmware.battery = OFF_COUNT + 100 if low else FULL_BATTERY
        off = LinkFault.OFF in self.faults
        if off and self._server:
            self._server.close()
            self._server = None
            self._cut()
            self.firmware.switch_on()
        elif not off and not self._server:
            await self.listen(*self.address)

    def close(self) -> None:
        """Leave."""
        if self._server:
            self._server.close()
        self._cut()

    def _cut(self) -> None:
        if self._client:
            self._client.transport.abort()

    async def _on_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with self._one_at_a_time:  # others are connected, but nobody speaks to them
            self._client = writer
            self.firmware.connect()
            taking = asyncio.create_task(self._take(reader))
            try:
                await self._reply(writer, taking)
            except ConnectionError:
                pass
            finally:
                taking.cancel()
                writer.close()
                self._client = None

    async def _take(self, reader: asyncio.StreamReader) -> None:
        try:
            while chunk := await reader.read(4096):
                while LinkFault.HALF_OPEN in self.faults:
                    await asyncio.sleep(LOOK_S)
                if LinkFault.SLOW in self.faults:
                    asyncio.get_running_loop().call_later(LATE_S, self.firmware.take, chunk)
                else:
                    self.firmware.take(chunk)
        except ConnectionError:
            pass

    async def _reply(self, writer: asyncio.StreamWriter, taking: "asyncio.Task[None]") -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while not taking.done() and not writer.is_closing():
            due_s = max(due_s + self._period_s, loop.time())
            await asyncio.sleep(due_s - loop.time())
            if LinkFault.HALF_OPEN in self.faults or not self.firmware.streaming:
                continue
            reply = self.firmware.exchange()
            if LinkFault.RESET in self.faults:
                self.faults.discard(LinkFault.RESET)
                await self._reset(writer, reply)
                return
            if LinkFault.GARBAGE in self.faults:
                reply = self._garbage.randbytes(len(reply))
            if LinkFault.SLOW in self.faults:
                loop.call_later(LATE_S, _send, writer, reply)
            else:
                writer.write(reply)
                await writer.drain()

    async def _reset(self, writer: asyncio.StreamWriter, reply: bytes) -> None:
        writer.write(reply[: len(reply) // 2])
        await writer.drain()
        raw: socket.socket = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        writer.transport.abort()


def _send(writer: asyncio.StreamWriter, reply: bytes) -> None:
    if not writer.is_closing():
        writer.write(reply)
