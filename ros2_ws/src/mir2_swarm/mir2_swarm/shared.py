"""Subscriptions that the nodes of one process have in common."""

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile


class SharedSubscriptions:
    """One subscription a topic, so that a message that all robots of a process listen to is taken and decoded once."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Callable[[Any], None]]] = {}

    def add(self, node: Node, kind: type, topic: str, listener: Callable[[Any], None], qos: QoSProfile | int) -> None:
        """Listen to an absolute topic, to which all listen alike; the subscription belongs to the first node."""
        listeners = self._listeners.setdefault(topic, [])
        listeners.append(listener)
        if len(listeners) == 1:
            node.create_subscription(kind, topic, _telling(listeners), qos)


def _telling(listeners: list[Callable[[Any], None]]) -> Callable[[Any], None]:
    def tell(message: Any) -> None:
        for listener in listeners:
            listener(message)

    return tell
