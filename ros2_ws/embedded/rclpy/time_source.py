from typing import TYPE_CHECKING, Any

from rcl_interfaces.msg import SetParametersResult
from rosgraph_msgs.msg import Clock as ClockMsg

from .clock import ROSClock
from .parameter import Parameter
from .qos import QoSProfile, ReliabilityPolicy
from .time import Time

if TYPE_CHECKING:
    from .node import Node

USE_SIM_TIME = "use_sim_time"


class TimeSource:
    """Drives a node's clock from /clock while `use_sim_time` is set."""

    def __init__(self, *, node: "Node", clock: ROSClock) -> None:
        self._node, self._clock = node, clock
        self._subscription: Any = None
        if not node.has_parameter(USE_SIM_TIME):
            node.declare_parameter(USE_SIM_TIME, False)
        node.add_on_set_parameters_callback(self._on_parameters)
        self._switch(bool(node.get_parameter(USE_SIM_TIME).value))

    def _on_parameters(self, parameters: list[Parameter]) -> Any:
        for parameter in parameters:
            if parameter.name == USE_SIM_TIME:
                if parameter.type_ is not Parameter.Type.BOOL:
                    return SetParametersResult(
                        successful=False, reason=f"{USE_SIM_TIME} parameter set to something besides a bool"
                    )
                self._switch(bool(parameter.value))
        return SetParametersResult(successful=True)

    def _switch(self, active: bool) -> None:
        if active and self._subscription is None:
            qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
            self._subscription = self._node.create_subscription(ClockMsg, "/clock", self._on_clock, qos)
        elif not active and self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None
        self._clock._set_ros_time_is_active(active)

    def _on_clock(self, message: Any) -> None:
        before = self._clock._override_ns
        self._clock.set_ros_time_override(Time.from_msg(message.clock))
        if self._clock._override_ns < before:
            for timer in self._node.timers:
                timer.after_jump()
