"""The bag recorder node: writes every message of a run into run.mcap, beside the run and never in its way."""

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rclpy
from mir2_core.errors import UserError, exit_with
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from rclpy.signals import SignalHandlerOptions
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Bool

from mir2_swarm.bag_topics import BagTopic, bag_topics
from mir2_swarm.convert import seconds
from mir2_swarm.environment import check_environment
from mir2_swarm.node import LATCHED, SwarmNode

FLUSH_S = 1.0
DEPTH = 1000
LATEST_END_S = 4.0  # a launch that ends kills its nodes after ten
BAG_FILE = "run.mcap"


class BagRecorderNode(SwarmNode):
    """Says on `~/ready` when it has heard everything that is said before a run begins; the monitor waits for that.

    Where time is simulated it repeats the clock on `~/clock`, so that the simulator does not leave it behind.
    """

    def __init__(self) -> None:
        super().__init__("bag_recorder")
        try:
            from mir2_swarm.bag import Bag
        except ModuleNotFoundError as error:
            raise UserError(
                f"{BAG_FILE} needs the Python package '{error.name}', which is not installed; install it, or choose "
                "record:=false"
            ) from None
        self._bag = Bag(Path(self.text_parameter("output", "the folder that the run is written to")) / BAG_FILE)
        self._recorded = 0
        self._lost: dict[str, int] = {}
        topics = bag_topics(self.roster, odometry_qos=self.pace.odometry_qos, clock=self.pace.patient)
        self._unheard = {topic.name for topic in topics if topic.lively}
        self._ready = self.create_publisher(Bool, "~/ready", LATCHED)
        self._repeated_clock = self.create_publisher(Clock, "~/clock", 10)
        self._clock_s = 0.0
        self._missed_steps = 0
        for topic in topics:
            number = self._bag.add_topic(topic.name, topic.message, topic.qos)
            self._subscribe(topic, self._listener(topic.name, number))
        self._bag.flush(index=True)
        self._timer = self.create_timer(FLUSH_S, self._bag.flush, clock=self.steady_clock)

    def _subscribe(self, topic: BagTopic, listen: Callable[[Any], None]) -> None:
        """Hear raw messages, as many as may come while the recorder has no time."""
        qos = QoSProfile(depth=DEPTH, reliability=topic.qos.reliability, durability=topic.qos.durability)
        events = SubscriptionEventCallbacks(message_lost=self._loss_listener(topic.name))
        self.create_subscription(topic.message, topic.name, listen, qos, event_callbacks=events, raw=True)

    def _listener(self, topic: str, number: int) -> Callable[[bytes], None]:
        def listen(message: bytes) -> None:
            self._bag.write(number, self.get_clock().now().nanoseconds, message)
            self._recorded += 1
            if topic == "/clock":
                self._follow(message)
            if topic in self._unheard:
                self._unheard.remove(topic)
                if not self._unheard:
                    self._ready.publish(Bool(data=True))

        return listen

    def _follow(self, clock: bytes) -> None:
        """Say how far this bag has come, and notice the steps of which nothing was heard."""
        self._repeated_clock.publish(clock)
        time_s = seconds(deserialize_message(clock, Clock).clock)
        self._missed_steps += max(0, round((time_s - self._clock_s) / self.period_s) - 1)
        self._clock_s = time_s

    def _loss_listener(self, topic: str) -> Callable[[Any], None]:
        def listen(loss: Any) -> None:
            self._lost[topic] = loss.total_count

        return listen

    def finish(self, executor: SingleThreadedExecutor) -> None:
        """Write down what has arrived until now, end the bag, and say what it lacks."""
        self._timer.cancel()
        before, latest_s = -1, time.monotonic() + LATEST_END_S
        while self._recorded > before and time.monotonic() < latest_s:
            before = self._recorded
            executor.spin_once(timeout_sec=0.1)
        self._bag.close()
        lost = [f"{count} messages of {topic}" for topic, count in self._lost.items()]
        lost += [f"{self._missed_steps} steps"] if self._missed_steps else []
        if lost:
            self.get_logger().warning(f"{BAG_FILE} lacks what was lost on the way: {', '.join(lost)}")


def main() -> None:
    """Record until told to end; status 1 if the bag cannot be written any further."""
    try:
        check_environment()
    except UserError as error:
        exit_with(error)
    told: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: told.append(number))
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    executor = SingleThreadedExecutor()
    try:
        node = BagRecorderNode()
        executor.add_node(node)
        while not told:
            executor.spin_once(timeout_sec=0.1)
        node.finish(executor)
    except UserError as error:
        exit_with(error)
    except OSError as error:
        print(f"error: {BAG_FILE} ends here: {error.strerror}", file=sys.stderr, flush=True)
        sys.exit(1)
    finally:
        rclpy.try_shutdown()
