"""A ROS domain for each test and nodes in it."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

DATA = Path(__file__).parents[1] / "data"
DEADLINE_S = 30.0
Starter = Callable[..., "subprocess.Popen[str]"]


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
