"""A ROS domain for each test and nodes in it."""

import random
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

DATA = Path(__file__).with_name("data")
DEADLINE_S = 30.0
RESERVATION_PORT = 19000
Starter = Callable[..., "subprocess.Popen[str]"]


@contextmanager
def reserved_domain() -> Iterator[int]:
    """A random ROS_DOMAIN_ID that no other test on this machine has, nor any participant on the loopback interface."""
    for domain in random.sample(range(1, 101), 100):
        with socket.socket() as reservation, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as discovery:
            try:
                reservation.bind(("127.0.0.1", RESERVATION_PORT + domain))
                discovery.bind(("127.0.0.1", 7410 + 250 * domain))
            except OSError:
                continue
            discovery.close()
            yield domain
            return
    raise RuntimeError("every ROS domain from 1 to 100 has a participant on this machine")


class World:
    """Nodes and an executor in a context of their own."""

    def __init__(self, args: list[str]) -> None:
        self.context = Context()
        self.context.init(args)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.nodes: list[Node] = []

    def node(self, name: str = "tester", **options: Any) -> Node:
        node = Node(name, context=self.context, **options)
        self.nodes.append(node)
        self.executor.add_node(node)
        return node

    def spin_until(self, condition: Callable[[], bool]) -> None:
        """Runs callbacks until the condition holds; fails after DEADLINE_S."""
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, "the condition never became true"
            self.executor.spin_once(timeout_sec=0.02)

    def answer(self, future: Any) -> Any:
        self.spin_until(future.done)
        return future.result()

    def close(self) -> None:
        for node in self.nodes:
            node.destroy_node()
        self.executor.shutdown()
        self.context.try_shutdown()
