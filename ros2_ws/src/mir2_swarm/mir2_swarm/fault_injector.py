"""The fault injector: lets chosen robots turn against their team, through the data path and never around the gate."""

import math
from collections.abc import Callable

from geometry_msgs.msg import TwistStamped
from mir2_core.errors import UserError
from mir2_core.robots import robot_model
from mir2_core.traitors.schedule import FOREVER, FaultSchedule, FaultSpec, check_fault, parse_faults
from mir2_core.traitors.takeover import Takeover
from mir2_core.types import Command, RobotState
from mir2_interfaces.msg import FaultArray, SwarmMetrics
from mir2_interfaces.srv import ClearFault, InjectFault
from nav_msgs.msg import Odometry

from mir2_swarm.convert import seconds, to_command, to_fault_array, to_state, to_twist_stamped
from mir2_swarm.node import HIGHEST_SEED, LATCHED, SwarmNode, spin


class FaultInjectorNode(SwarmNode):
    """Publishes `cmd_vel/fault` of every traitor once per control period while its fault holds.

    The parameter `fault` schedules faults relative to the run's start: kind@robot:start_s[:duration_s], …
    """

    def __init__(self) -> None:
        super().__init__("fault_injector")
        if not self.roster.allow_fault_injection:
            raise UserError("the roster does not allow fault injection; set 'allow_fault_injection: true' to permit it")
        self._seed = self.number_parameter("seed", 0, HIGHEST_SEED)
        planned = parse_faults(self.text_parameter("fault", "kind@robot:start_s", needed=False), self.roster.names)
        self._planned: list[FaultSpec] = planned
        self._schedule = FaultSchedule()
        self._running: dict[str, tuple[FaultSpec, Takeover]] = {}
        self._policy: dict[str, Command] = {}
        self._states: dict[str, RobotState] = {}
        self._listen()
        if self.pace.run_start_s is not None:
            self._begin(self.pace.run_start_s)
        self._announce()

    def _listen(self) -> None:
        self._publisher = self.create_publisher(FaultArray, "/faults", LATCHED)
        self._commands = {
            robot: self.create_publisher(TwistStamped, f"/{robot}/cmd_vel/fault", 10) for robot in self.roster.names
        }
        for robot in self.roster.names:
            self.create_subscription(TwistStamped, f"/{robot}/cmd_vel/policy", self._policy_listener(robot), 10)
            self.create_subscription(Odometry, f"/{robot}/state", self._state_listener(robot), 10)
        self.create_service(InjectFault, "~/inject", self._on_inject)
        self.create_service(ClearFault, "~/clear", self._on_clear)
        self.create_subscription(SwarmMetrics, "/swarm/metrics", self._on_metrics, 10)
        self.pace.every(self.period_s, self._tick)

    def _policy_listener(self, robot: str) -> Callable[[TwistStamped], None]:
        def listen(message: TwistStamped) -> None:
            self._policy[robot] = to_command(message)
            self.pace.after_news(self._tick)

        return listen

    def _state_listener(self, robot: str) -> Callable[[Odometry], None]:
        def listen(message: Odometry) -> None:
            self._states[robot] = to_state(message)
            self.pace.after_news(self._tick)

        return listen

    def _on_metrics(self, message: SwarmMetrics) -> None:
        if self._planned:
            self._begin(seconds(message.run_start))
            self._announce()

    def _begin(self, run_start_s: float) -> None:
        """Turn the planned faults' times into the clock's."""
        for spec in self._planned:
            self._schedule.inject(
                FaultSpec(spec.kind, spec.robot, spec.start_s + run_start_s, spec.end_s + run_start_s)
            )
        self._planned = []

    def _on_inject(self, request: InjectFault.Request, response: InjectFault.Response) -> InjectFault.Response:
        try:
            check_fault(request.fault, request.robot, request.duration_s, self.roster.names)
        except UserError as refusal:
            response.success, response.message = False, str(refusal)
            return response
        start_s = self._clock_s() + self.pace.notice_s
        end_s = start_s + request.duration_s if request.duration_s else FOREVER
        self._running.pop(request.robot, None)
        self._schedule.inject(FaultSpec(request.fault, request.robot, start_s, end_s))
        self._announce()
        self._tick()
        until = f"for {request.duration_s:g} s" if request.duration_s else "until cleared"
        response.success, response.message = True, f"{request.robot}: {request.fault} {until}"
        self.get_logger().warning(response.message)
        return response

    def _on_clear(self, request: ClearFault.Request, response: ClearFault.Response) -> ClearFault.Response:
        if request.robot and request.robot not in self.roster.names:
            response.success = False
            response.message = f"unknown robot '{request.robot}'; valid: {', '.join(self.roster.names)}, or '' for all"
            return response
        cleared = self._schedule.clear(request.robot)
        for spec in cleared:
            self._running.pop(spec.robot, None)
        self._announce()
        response.success = True
        response.message = "cleared: " + (", ".join(spec.robot for spec in cleared) or "nothing was active")
        self.get_logger().info(response.message)
        return response

    def _clock_s(self) -> float:
        return self.pace.now_s(state.stamp_s for state in self._states.values())

    def _tick(self) -> None:
        now_s = self._clock_s()
        over = self._schedule.expire(now_s)
        for spec in over:
            self._running.pop(spec.robot, None)
        started = [spec for spec in self._schedule if spec.active(now_s) and spec.robot not in self._running]
        for spec in started:
            body, index = robot_model(self.roster.robot(spec.robot).kind), self.roster.names.index(spec.robot)
            takeover = Takeover(spec.kind, self.deployment.task, body, index, self._seed)
            self._running[spec.robot] = (spec, takeover)
        if over or started:
            self._announce()
        for robot in self._running:
            self._send(robot, now_s)

    def _send(self, robot: str, now_s: float) -> None:
        """Publish the fault's command, once what it looks at is here."""
        policy = self._policy.get(robot)
        states = [self._states.get(name) for name in self.roster.names]
        if not self.pace.due(now_s, [value.stamp_s if value else None for value in (policy, *states)]):
            return
        spec, takeover = self._running[robot]
        step = max(0, math.floor((now_s - spec.start_s) / self.period_s + 0.5))
        self._commands[robot].publish(to_twist_stamped(takeover.command(now_s, step, policy, states), robot))

    def _announce(self) -> None:
        self._publisher.publish(to_fault_array(self._schedule, self._clock_s()))


def main() -> None:
    """Run the node."""
    spin(lambda: [FaultInjectorNode()])
