from typing import TYPE_CHECKING, Any

from rcl_interfaces.msg import SetParametersResult
from rosgraph_msgs.msg import Clock as ClockMsg

from .clock import Clock, ROSClock
from .clock_type import ClockType
from .parameter import Parameter
from .qos import QoSProfile, ReliabilityPolicy
from .time import Time

if TYPE_CHECKING:
    from .node import Node

CLOCK_TOPIC = "/clock"
USE_SIM_TIME_NAME = "use_sim_time"


class TimeSource:
    """Drives clocks from /clock while its node's parameter `use_sim_time` is set."""

    def __init__(self, *, node: "Node | None" = None) -> None:
        self._node: Node | None = None
        self._clock_sub: Any = None
        self._clocks: list[ROSClock] = []
        self._last_time_set = Time(clock_type=ClockType.ROS_TIME)
        self._active = False
        if node is not None:
            self.attach_node(node)

    @property
    def ros_time_is_active(self) -> bool:
        return self._active

    @ros_time_is_active.setter
    def ros_time_is_active(self, enabled: bool) -> None:
        self._active = enabled
        for clock in self._clocks:
            clock._set_ros_time_is_active(enabled)
        if not enabled:
            self._unsubscribe()
        elif self._node is not None and self._clock_sub is None:
            qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
            self._clock_sub = self._node.create_subscription(ClockMsg, CLOCK_TOPIC, self.clock_callback, qos)

    def attach_node(self, node: "Node") -> None:
        self.detach_node()
        self._node = node
        if not node.has_parameter(USE_SIM_TIME_NAME):
            node.declare_parameter(USE_SIM_TIME_NAME, False)
        result = self._on_parameters([node.get_parameter(USE_SIM_TIME_NAME)])
        if not result.successful:
            node.get_logger().error(result.reason)
        node.add_on_set_parameters_callback(self._on_parameters)

    def detach_node(self) -> None:
        self._unsubscribe()
        self._node = None

    def _unsubscribe(self) -> None:
        if self._node is not None and self._clock_sub is not None:
            self._node.destroy_subscription(self._clock_sub)
        self._clock_sub = None

    def attach_clock(self, clock: Clock) -> None:
        if not isinstance(clock, ROSClock):
            raise ValueError("Only clocks with type ROS_TIME can be attached.")
        clock.set_ros_time_override(self._last_time_set)
        clock._set_ros_time_is_active(self._active)
        self._clocks.append(clock)

    def clock_callback(self, msg: Any) -> None:
        time = Time.from_msg(msg.clock)
        went_back, self._last_time_set = time < self._last_time_set, time
        for clock in self._clocks:
            clock.set_ros_time_override(time)
        if went_back and self._node is not None:
            for timer in self._node.timers:
                timer.after_jump()

    def _on_parameters(self, parameters: list[Parameter]) -> Any:
        for parameter in parameters:
            if parameter.name == USE_SIM_TIME_NAME:
                if parameter.type_ is not Parameter.Type.BOOL:
                    reason = f"{USE_SIM_TIME_NAME} parameter set to something besides a bool"
                    return SetParametersResult(successful=False, reason=reason)
                self.ros_time_is_active = parameter.value
        return SetParametersResult(successful=True)
