"""What nobody should send: bytes that are no message, and messages with anything in them, on every topic there is."""

import math
import random
import re
from contextlib import suppress
from importlib import import_module
from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import serialize_message

EVERY_READER = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
STOPS = "/emergency_stop"  # whoever presses it stops everybody, as it should: a kind of its own
NUMBERS = (math.nan, math.inf, -math.inf, 1e308, -1e308, 1e9, -1.0, 0.0, 1.0)
TEXTS = ("", "map", "odom", "robot_0", "nobody", "command_age", "x" * 10_000, "\u2603\n\t{}")
LONGEST = 50
INTEGERS = {
    f"{sign}int{bits}": (0, 1, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if not sign else (0, 1, 2**bits - 1)
    for sign in ("", "u")
    for bits in (8, 16, 32, 64)
}
VALUES = INTEGERS | {
    "double": NUMBERS,
    "float": tuple(number for number in NUMBERS if not 1e38 < abs(number) < math.inf),
    "boolean": (False, True),
    "string": TEXTS,
    "octet": (b"\0", b"\xff"),
    "char": (0, 255),
}


def message_class(name: str) -> Any:
    """The class of a type such as std_msgs/msg/Bool."""
    package, *_, kind = name.split("/")
    return getattr(import_module(f"{package}.msg"), kind)


def anything(kind: str, draw: random.Random, depth: int = 0) -> Any:
    """A value of a ROS type, out of those that are hardest to bear."""
    if kind in VALUES:
        return draw.choice(VALUES[kind])
    if listed := re.fullmatch(r"sequence<(.+?)(?:, \d+)?>|(.+)\[(\d+)\]", kind):
        element, count = listed[1] or listed[2], int(listed[3] or draw.choice((0, 1, LONGEST if depth < 2 else 3)))
        return [anything(element, draw, depth + 1) for _ in range(count)]
    message = message_class(kind)()
    for field, of_kind in message.get_fields_and_field_types().items():
        setattr(message, field, anything(of_kind, draw, depth + 1))
    return message


def no_message(message: Any, draw: random.Random) -> bytes:
    """Bytes that are no message: cut off, altered, or noise."""
    real = bytearray(serialize_message(message))
    what = draw.randrange(3)
    if what == 0:
        return bytes(real[: draw.randrange(4, max(5, len(real)))])
    if what == 1:
        for _ in range(5):
            real[draw.randrange(len(real))] = draw.randrange(256)
        return bytes(real)
    return bytes(real[:4]) + draw.randbytes(draw.randrange(300))


class Flood:
    """Publishes on every topic below a prefix that has a listener, but for those that rightly stop everybody."""

    def __init__(self, node: Node, prefix: str, draw: random.Random) -> None:
        self._draw = draw
        self._publishers: list[tuple[Publisher, str]] = [
            (node.create_publisher(message_class(types[0]), topic, EVERY_READER), types[0])
            for topic, types in sorted(node.get_topic_names_and_types())
            if topic.startswith(prefix) and not topic.startswith(STOPS) and node.count_subscribers(topic)
        ]
        assert self._publishers, f"no topic below {prefix}"

    @property
    def topics(self) -> int:
        """How many topics it floods."""
        return len(self._publishers)

    def values(self) -> None:
        """One message with anything in it on every topic."""
        for publisher, kind in self._publishers:
            publisher.publish(anything(kind, self._draw))

    def bytes(self) -> None:
        """Bytes that are no message on every topic."""
        for publisher, kind in self._publishers:
            with suppress(RuntimeError):  # some do not even leave
                publisher.publish(no_message(message_class(kind)(), self._draw))
