"""A process that speaks on /swarm/heard in the names of all robots but one, and accuses that one, until it is ended.

Usage: python forger.py ACCUSED ROBOT [ROBOT …]
"""

import math
import sys
from contextlib import suppress

import numpy as np
import rclpy
from mir2_core.cross_check import Hearsay as Told
from mir2_interfaces.msg import Hearsay
from mir2_swarm.comparison import HEARD, RECENT_OF_ALL
from mir2_swarm.convert import seconds, to_hearsay_message
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rosgraph_msgs.msg import Clock


class Forger(Node):
    """Says it of the second that is, of the last one and of the next ones, at every step of the swarm."""

    def __init__(self, accused: str, names: list[str]) -> None:
        super().__init__("forger")
        self._accused, self._names = accused, names
        self._publisher = self.create_publisher(Hearsay, HEARD, RECENT_OF_ALL)
        self.create_subscription(Clock, "/clock", self._on_clock, 10)
        print("ready", flush=True)

    def _on_clock(self, message: Clock) -> None:
        now_s = seconds(message.clock)
        for time_s in range(math.floor(now_s) - 1, math.floor(now_s) + 3):
            elsewhere = {self._accused: np.array([[now_s, 0.1, 0.1, 0.0]])}
            for name in self._names:
                self._publisher.publish(to_hearsay_message(name, Told(time_s, elsewhere, {self._accused})))


rclpy.init()
with suppress(KeyboardInterrupt, ExternalShutdownException):
    rclpy.spin(Forger(sys.argv[1], sys.argv[2:]))
