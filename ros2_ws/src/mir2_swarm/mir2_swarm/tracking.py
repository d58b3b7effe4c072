"""Where the lab's own tracking says that the allies of a robot are."""

from collections.abc import Callable

from mir2_core.types import RobotState
from nav_msgs.msg import Odometry

from mir2_swarm.convert import odometry_mistake, to_state
from mir2_swarm.node import SwarmNode
from mir2_swarm.pace import Stamps


class Tracking:
    """Subscribes to the `odom` of a robot's allies, which the lab vouches for, and calls `heard` after each message."""

    def __init__(self, node: SwarmNode, robot: str, heard: Callable[[], None]) -> None:
        self._heard = heard
        self._timeout_s = node.roster.timeouts.state_s
        self._newest: dict[str, RobotState | None] = {ally: None for ally in node.roster.names if ally != robot}
        for ally in self._newest:
            node.listen(Odometry, f"/{ally}/odom", self._listener(ally), node.pace.odometry_qos)

    def _listener(self, ally: str) -> Callable[[Odometry], None]:
        def listen(message: Odometry) -> None:
            self._newest[ally] = None if odometry_mistake(message) else to_state(message)
            self._heard()

        return listen

    @property
    def stamps(self) -> Stamps:
        """The stamps of what was said last of each ally."""
        return [state.stamp_s if state else None for state in self._newest.values()]

    def states(self, now_s: float) -> dict[str, RobotState]:
        """Where the allies are that are tracked now."""
        newest = {ally: state for ally, state in self._newest.items() if state}
        return {ally: state for ally, state in newest.items() if abs(now_s - state.stamp_s) <= self._timeout_s}
