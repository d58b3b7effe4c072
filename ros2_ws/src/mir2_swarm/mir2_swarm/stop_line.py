"""The line on which nodes hear of emergency stops and pass them on."""

from collections.abc import Callable

from mir2_core.stop_latch import MOST_RELEASES, StopLatch
from mir2_core.stop_latch import StopReport as Report
from mir2_interfaces.msg import StopReport
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import Bool

from mir2_swarm.node import LATCHED, SwarmNode

BUTTON = "/emergency_stop"
REPORTS = "/emergency_stop/reports"
SETTLING_S = 1.0  # wall time that a node gives the others to tell it of a stop
DEPTH = 100  # more than there are robots: what one says may not push out what another said
KEPT = QoSProfile(depth=DEPTH, durability=DurabilityPolicy.TRANSIENT_LOCAL)
# Together they hear every kind of publisher, what it keeps for late listeners included; hearing twice does no harm.
ANY_PUBLISHER = (KEPT, QoSProfile(depth=DEPTH), QoSProfile(depth=DEPTH, reliability=ReliabilityPolicy.BEST_EFFORT))


class StopLine:
    """One node's latch: any `true` on `/emergency_stop` sets it, and so does any other latch that holds a stop.

    A `false` heard means nothing: only `turn(False)` releases. `changed` is called after every change.
    """

    def __init__(self, node: SwarmNode, changed: Callable[[], None]) -> None:
        self.released_elsewhere = False  # a latch has told of a release of this stop, which this one has not made
        self._node, self._begun_s = node, node.steady_s
        self._latch = StopLatch()
        self._changed = changed
        self._publisher = node.create_publisher(StopReport, REPORTS, LATCHED)
        quiet = SubscriptionEventCallbacks(use_default_callbacks=False)  # that one of them hears nobody is no news
        for qos in ANY_PUBLISHER:
            node.create_subscription(Bool, BUTTON, self._on_button, qos, event_callbacks=quiet)
        node.create_subscription(StopReport, REPORTS, self._on_report, KEPT)

    @property
    def held(self) -> bool:
        """Whether robots must stand."""
        return self._latch.held

    @property
    def settled(self) -> bool:
        """Whether a stop that others hold should have been heard by now."""
        return self._node.steady_s - self._begun_s >= SETTLING_S

    def turn(self, on: bool) -> None:
        """Set or release the stop, and tell the others."""
        self.released_elsewhere = False
        if on != self.held:
            if on:
                self._latch.set()
            else:
                self._latch.release()
            self._tell()

    def _on_button(self, message: Bool) -> None:
        if message.data:
            self.turn(True)

    def _on_report(self, message: StopReport) -> None:
        held = self.held
        told = not message.held and self._latch.report.releases < message.releases <= MOST_RELEASES
        self.released_elsewhere |= held and told
        self._latch.hear(Report(message.held, message.releases))
        if self.held != held:
            self._tell()

    def _tell(self) -> None:
        report = self._latch.report
        self._publisher.publish(StopReport(held=report.held, releases=report.releases))
        self._changed()
