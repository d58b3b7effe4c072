"""The emergency stop: a latched button for the whole swarm."""

from rclpy.node import Node
from std_msgs.msg import Bool
from std_srvs.srv import SetBool

from mir2_swarm.node import LATCHED, spin


class EmergencyStopNode(Node):
    """Serves `/emergency_stop/set` and keeps telling every gate, also those that join later."""

    def __init__(self) -> None:
        super().__init__("emergency_stop")
        self._publisher = self.create_publisher(Bool, "/emergency_stop", LATCHED)
        self.create_service(SetBool, "/emergency_stop/set", self._set)
        self._publisher.publish(Bool(data=False))

    def _set(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._publisher.publish(Bool(data=request.data))
        self.get_logger().warning("emergency stop " + ("SET: every robot stands" if request.data else "released"))
        response.success = True
        response.message = "latched; call again with data: false to release" if request.data else "released"
        return response


def main() -> None:
    """Run the node."""
    spin(lambda: [EmergencyStopNode()])
