"""What the fault injector announces on `/faults`, once for all parts of a node."""

from collections.abc import Callable

from mir2_core.errors import UserError
from mir2_core.traitors.links import Links
from mir2_core.traitors.schedule import FaultSpec
from mir2_interfaces.msg import FaultArray

from mir2_swarm.convert import seconds, to_faults
from mir2_swarm.node import LATCHED, SwarmNode


class FaultNews:
    """The newest announcement; where the roster allows no fault injection, there are never any faults."""

    def __init__(self, node: SwarmNode) -> None:
        self.faults: list[FaultSpec] | None = None  # not known yet
        self.links = Links([], node.roster.names, period_s=node.period_s)
        self.stamp_s = 0.0
        self._seed = 0
        self._node = node
        self._told: list[Callable[[], None]] = []
        if node.roster.allow_fault_injection:
            node.listen(FaultArray, "/faults", self._on_faults, LATCHED)
        else:
            self.faults = []

    def tell(self, callback: Callable[[], None]) -> None:
        """Call back after every announcement."""
        self._told.append(callback)

    def _on_faults(self, message: FaultArray) -> None:
        faults, self.stamp_s = to_faults(message), seconds(message.header.stamp)
        if (faults, message.seed) != (self.faults, self._seed):
            self.faults, self._seed = faults, message.seed
            sound = [spec for spec in faults if spec.on_links and self._is_sound(spec)]
            self.links = Links(sound, self._node.roster.names, seed=self._seed, period_s=self._node.period_s)
        for callback in self._told:
            callback()

    def _is_sound(self, spec: FaultSpec) -> bool:
        try:
            self._node.roster.robot(spec.robot)
            spec.link().require_robots(self._node.roster.names)
        except UserError as mistake:
            self._node.get_logger().error(f"/faults: {spec.name} is not applied: {mistake}", throttle_duration_sec=5.0)
            return False
        return True
