"""What a node hears of its robot's own proximity sensors."""

from collections.abc import Callable

from mir2_core.robots import RobotModel
from mir2_core.types import Echo
from sensor_msgs.msg import Range

from mir2_swarm.convert import to_echo
from mir2_swarm.node import SwarmNode
from mir2_swarm.pace import Stamps


class Proximity:
    """Subscribes to the sensors of a robot, which has the node's namespace, and calls `heard` after each reading."""

    def __init__(self, node: SwarmNode, model: RobotModel, heard: Callable[[], None]) -> None:
        self.echoes: list[Echo | None] = [None] * len(model.proximity)
        self._heard = heard
        for index, sensor in enumerate(model.proximity):
            node.create_subscription(Range, sensor.name, self._listener(index), node.pace.odometry_qos)

    def _listener(self, index: int) -> Callable[[Range], None]:
        def listen(message: Range) -> None:
            self.echoes[index] = to_echo(message)
            self._heard()

        return listen

    @property
    def stamps(self) -> Stamps:
        """The stamps of what the sensors said last."""
        return [echo.stamp_s if echo else None for echo in self.echoes]
