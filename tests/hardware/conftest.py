"""A room of emulated robots in this process, and clients that speak to them byte by byte."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from mir2_hardware.epuck2.emulator.__main__ import make_lab
from mir2_hardware.epuck2.emulator.lab import Lab
from mir2_hardware.epuck2.emulator.server import RobotServer
from mir2_hardware.epuck2.packets import CommandPacket, ReplyReader, SensorPacket

from tests.nodes.conftest import Bench, benches

ARENA_M = 2.0


@pytest.fixture
def make_room() -> Iterator[Callable[..., Lab]]:
    """A function that starts a room of robots on loopback, in a thread of its own."""
    ends: list[Callable[[], None]] = []

    def make(robots: int = 2, seed: int = 0) -> Lab:
        loop = asyncio.new_event_loop()
        lab = make_lab(robots, ARENA_M, seed=seed)
        loop.run_until_complete(lab.open("127.0.0.1"))
        running = loop.create_task(lab.run())
        thread = threading.Thread(target=loop.run_forever)
        thread.start()

        def end() -> None:
            loop.call_soon_threadsafe(running.cancel)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            for task in (left := asyncio.all_tasks(loop)):
                task.cancel()
            if left:
                loop.run_until_complete(asyncio.wait(left))
            loop.close()

        ends.append(end)
        return lab

    yield make
    for end in ends:
        end()


class Client:
    """Speaks the protocol with plain sockets."""

    def __init__(self, robot: RobotServer) -> None:
        self.socket = socket.create_connection(robot.address, timeout=20.0)
        self._reader = ReplyReader()
        self._replies: list[SensorPacket] = []

    def tell(self, left: int = 0, right: int = 0, **settings: int) -> None:
        self.socket.sendall(CommandPacket(left, right, **settings).encode())

    def hear(self) -> SensorPacket:
        while not self._replies:
            chunk = self.socket.recv(4096)
            if not chunk:
                raise ConnectionResetError("the robot has left")
            self._replies += [SensorPacket.decode(reply.body) for reply in self._reader.feed(chunk)]
        return self._replies.pop(0)

    def hear_until(self, condition: Callable[[SensorPacket], bool]) -> SensorPacket:
        while not condition(heard := self.hear()):
            pass
        return heard


@pytest.fixture
def connect() -> Iterator[Callable[[RobotServer], Client]]:
    """A function that connects to a robot."""
    clients: list[Client] = []

    def make(robot: RobotServer) -> Client:
        clients.append(Client(robot))
        return clients[-1]

    yield make
    for client in clients:
        client.socket.close()


@pytest.fixture
def ros_bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Bench]]:
    """A function that initialises rclpy with parameters, on a domain of the test's own, and gives a bench."""
    yield from benches(monkeypatch)
