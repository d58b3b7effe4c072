"""What the nodes of one process have in common."""

import math
from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile

LOOK_S = 1.0  # how old the list of nodes may be: to make it takes a node of many robots long


class Shared:
    """Does once what every node of a process wants: taking a message that all listen to, looking who is there."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Callable[[Any], None]]] = {}
        self._names: list[str] = []
        self._looked_s = -math.inf

    def subscribe(
        self, node: Node, kind: type, topic: str, listener: Callable[[Any], None], qos: QoSProfile | int
    ) -> None:
        """Listen to an absolute topic, to which all listen alike; the subscription belongs to the first node."""
        listeners = self._listeners.setdefault(topic, [])
        listeners.append(listener)
        if len(listeners) == 1:
            node.create_subscription(kind, topic, _telling(listeners), qos)

    def node_names(self, node: Node, now_s: float) -> list[str]:
        """Who was there not long before `now_s`, by a clock that nobody sets."""
        if now_s - self._looked_s >= LOOK_S:
            self._names, self._looked_s = node.get_node_names(), now_s
        return self._names


def _telling(listeners: list[Callable[[Any], None]]) -> Callable[[Any], None]:
    def tell(message: Any) -> None:
        for listener in listeners:
            listener(message)

    return tell
