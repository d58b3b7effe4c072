"""What time of its run a launch has, which is no node itself."""

import time
from contextlib import suppress
from threading import Thread

import rclpy
from mir2_interfaces.msg import SwarmMetrics
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions

from mir2_swarm.convert import seconds

NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


class RunClock:
    """Hears `/swarm/metrics` in a thread of its own until it is closed."""

    def __init__(self) -> None:
        self.time_s = 0.0  # of the newest step, from the run's start
        self._heard_s: float | None = None
        self._context = Context()
        rclpy.init(args=[], context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = Node("run_clock", context=self._context, start_parameter_services=False)
        self._node.create_subscription(SwarmMetrics, "/swarm/metrics", self._hear, NEWEST)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = Thread(target=self._spin, daemon=True)
        self._thread.start()

    def now_s(self, *, goes_on: bool) -> float | None:
        """The time of the run, None before it has begun; where it goes on by itself, also between two steps."""
        if self._heard_s is None:
            return None
        return self.time_s + (time.monotonic() - self._heard_s if goes_on else 0.0)

    def _hear(self, message: SwarmMetrics) -> None:
        self.time_s = seconds(message.header.stamp) - seconds(message.run_start)
        self._heard_s = time.monotonic()

    def _spin(self) -> None:
        with suppress(ExternalShutdownException):
            self._executor.spin()

    def close(self) -> None:
        """Leave the network."""
        self._context.try_shutdown()
        self._thread.join()
        self._node.destroy_node()
