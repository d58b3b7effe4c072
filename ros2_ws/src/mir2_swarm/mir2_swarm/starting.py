"""When a run may begin: everybody has been heard of, and the bag recorder has heard everybody."""

import math
from collections.abc import Iterable

from mir2_core.errors import UserError
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from mir2_swarm.node import LATCHED, SwarmNode

READY_TIMEOUT_S = 120.0
WAITING_NEWS_S = 10.0
BAG_READY = "/bag_recorder/ready"
BAG_TIMEOUT_S = 30.0  # a run does not depend on its bag
ABSENT_S = 20.0  # a real robot may be switched off, and the others do without it
SIMULATOR = ("/simulator/start",)


class Start:
    """Asks the simulator to start, once, when all that is `wanted` has been heard, and the bag recorder is ready.

    Or whoever else offers the `services`. What is not heard for `patience_s`, after others were, is done without.
    """

    def __init__(
        self,
        node: SwarmNode,
        wanted: Iterable[str],
        *,
        bag: bool,
        services: Iterable[str] = SIMULATOR,
        patience_s: float = math.inf,
    ) -> None:
        self.asked_s: float | None = None
        self._patience_s = patience_s
        self._node = node
        self._wanted = frozenset(wanted)
        self._missing = set(self._wanted)
        self._bag_ready, self._bag_seen = not bag, False
        self._created_s = self._complete_s = node.steady_s
        self._clients = {service: node.create_client(Trigger, service) for service in services}
        if bag:
            node.create_subscription(Bool, BAG_READY, self._on_bag_ready, LATCHED)
        self._timer = node.create_timer(0.2, self._look, clock=node.steady_clock)

    def heard(self, what: str) -> None:
        """Something has been heard, wanted or not."""
        self._missing.discard(what)

    def _on_bag_ready(self, message: Bool) -> None:
        self._bag_ready = message.data

    def _look(self) -> None:
        now_s = self._node.steady_s
        self._lose_patience(now_s)
        services = [service for service, client in self._clients.items() if not client.service_is_ready()]
        if self._missing or services:
            self._complete_s = now_s
            what = ", ".join(f"/{topic}" for topic in sorted(self._missing)) or f"the service {', '.join(services)}"
            if now_s - self._created_s > READY_TIMEOUT_S:
                raise UserError(f"the swarm is not ready after {READY_TIMEOUT_S:g} s: nothing heard of {what}")
            self._wait_for(what)
        elif not self._bag_ready and not self._bag_gone and now_s - self._complete_s <= BAG_TIMEOUT_S:
            self._wait_for("the bag recorder to hear everything")
        else:
            self._ask()

    def _lose_patience(self, now_s: float) -> None:
        if self._missing and self._missing != self._wanted and now_s - self._created_s > self._patience_s:
            what = ", ".join(f"/{topic}" for topic in sorted(self._missing))
            self._node.get_logger().error(f"the run begins although nothing is heard of {what}")
            self._missing.clear()

    @property
    def _bag_gone(self) -> bool:
        """Whether the bag recorder has ended."""
        publishers = self._node.count_publishers(BAG_READY)
        self._bag_seen |= publishers > 0
        return self._bag_seen and not publishers

    def _wait_for(self, what: str) -> None:
        if self._node.steady_s - self._created_s > WAITING_NEWS_S:
            self._node.get_logger().info(f"waiting for {what}", throttle_duration_sec=WAITING_NEWS_S)

    def _ask(self) -> None:
        if not self._bag_ready:
            self._node.get_logger().warning("the run begins although the bag recorder does not hear everything")
        self._timer.cancel()
        self.asked_s = self._node.now_s
        for client in self._clients.values():
            client.call_async(Trigger.Request())
