"""The gate node: the last thing between a robot's commanders and its driver."""

from collections import Counter
from collections.abc import Callable

from geometry_msgs.msg import Twist, TwistStamped
from mir2_core.gate import CommandGate, GateDecision, GateLimits
from mir2_core.types import Command, RobotState
from mir2_interfaces.msg import GateStatus
from nav_msgs.msg import Odometry
from std_srvs.srv import SetBool

from mir2_swarm.convert import odometry_mistake, stamp, to_command, to_state, to_twist, to_twist_stamped
from mir2_swarm.ears import Ears
from mir2_swarm.fault_news import FaultNews
from mir2_swarm.node import SwarmNode, robot_arguments, spin
from mir2_swarm.pace import Stamps
from mir2_swarm.proximity import Proximity
from mir2_swarm.shared import Shared
from mir2_swarm.stop_line import StopLine
from mir2_swarm.tracking import Tracking

STOP = "emergency_stop"
ODOMETRY = "odometry"
STOP_NODE_GRACE_S = 5.0  # how long the emergency-stop node may be out of sight before the gate says so


class GateNode(SwarmNode):
    """Passes on the policy's command, or the fault injector's while `/faults` lists its commands and a lease runs.

    It begins by standing, until it should have heard of a stop that other gates hold. Every decision follows a command;
    a timer notices silence. Where the pace waits, a decision also needs the own and
    the allies' states and the sensors' readings of the command's time, so that it does not depend on the order of
    messages.
    """

    def __init__(self, robot: str, shared: Shared | None = None) -> None:
        super().__init__("gate", robot, shared)
        self.robot = robot
        self._entry = self.roster.robot(robot)
        limits = GateLimits(
            arena_m=self.roster.arena.size_m,
            period_s=self.period_s,
            command_timeout_s=self.roster.timeouts.command_s,
            state_timeout_s=self.roster.timeouts.state_s,
        )
        self._kinds = {other.name: other.model for other in self.roster.robots if other.name != robot}
        self._gate = CommandGate(self._entry.model, limits, self._kinds.values())
        self._commands: dict[str, Command] = {}
        self._state: RobotState | None = None
        self._news = FaultNews(self)
        self._news.tell(lambda: self.pace.after_news(self._consider))
        self._answered: tuple[Command, GateStatus] | None = None
        self._lease = self.pace.lease(self._consider)
        self._decided_s = self.steady_s
        self._counts: Counter[str] = Counter()
        self._contradictions: Counter[str] = Counter()
        self._decisions = 0
        self._listen()

    def _listen(self) -> None:
        self._driver_publisher = self.create_publisher(
            TwistStamped if self._entry.stamped_cmd_vel else Twist, "cmd_vel", 10
        )
        self._status_publisher = self.create_publisher(GateStatus, "gate", 10)
        self.listen(Odometry, f"/{self.robot}/odom", self._on_odometry, self.pace.odometry_qos)
        depth = self.pace.control_depth
        self.create_subscription(TwistStamped, "cmd_vel/policy", self._commander("policy"), depth)
        self._stop_line = StopLine(self, self._on_emergency_stop)
        self.create_service(SetBool, "~/emergency_stop", self._set_emergency_stop)
        self._stop_node_seen_s = self.steady_s
        self.create_timer(1.0, self._look_for_stop_node, clock=self.steady_clock)
        if self.roster.allow_fault_injection:
            self.create_subscription(TwistStamped, "cmd_vel/fault", self._commander("fault"), depth)
        has_body = self._gate.model.radius_m > 0
        self._ears = Ears(self, self.robot, self._news, self._on_other) if has_body else None
        trusted = has_body and self.roster.tracking == "trusted"
        self._tracking = Tracking(self, self.robot, self._on_other) if trusted else None
        self._proximity = Proximity(self, self._gate.model, self._on_other)
        self.pace.every(self.period_s, self._notice_silence)

    def _commander(self, source: str) -> Callable[[TwistStamped], None]:
        def listen(message: TwistStamped) -> None:
            self._commands[source] = to_command(message)
            self._consider(source)

        return listen

    def _on_other(self) -> None:
        self.pace.after_news(self._consider)

    def _on_odometry(self, message: Odometry) -> None:
        self._state = None if odometry_mistake(message) else to_state(message)
        self.pace.after_news(lambda: self._consider(ODOMETRY))

    def _set_emergency_stop(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._stop_line.turn(request.data)
        response.success, response.message = True, "stands" if request.data else "released"
        return response

    def _look_for_stop_node(self) -> None:
        """What is known of a stop stays, whether or not its node is there; a person should know that it is not."""
        away_s = self.steady_s - self._stop_node_seen_s
        if STOP in self.node_names():
            self._stop_node_seen_s = self.steady_s
            if away_s > STOP_NODE_GRACE_S:
                self.get_logger().info(f"the emergency-stop node is back; the robot {self._stop_state}")
        elif away_s > STOP_NODE_GRACE_S:
            self.get_logger().warning(
                f"no emergency-stop node for {away_s:.0f} s; the robot {self._stop_state}", throttle_duration_sec=10.0
            )

    @property
    def _stop_state(self) -> str:
        return "still holds the emergency stop" if self._stop_line.held else "holds no emergency stop"

    def _on_emergency_stop(self) -> None:
        self._consider(STOP)

    def _is_traitor(self, now_s: float) -> bool:
        faults = self._news.faults or []
        return any(fault.robot == self.robot and fault.on_commands and fault.active(now_s) for fault in faults)

    def _source(self, now_s: float) -> str:
        """Whose command counts now."""
        leased = self._is_traitor(now_s) and self._lease.holds(now_s, self._commands.get("fault"))
        return "fault" if leased else "policy"

    def _consider(self, came: str = "") -> None:
        """Answer if that is due, now that something came: whose command, an emergency stop, odometry, or else."""
        time_s = self.pace.step_s(self._commands.get("policy"))
        if time_s is None or not self._stop_line.settled:
            return
        again = self._answered if self._answered and self._answered[0].stamp_s == time_s else None
        if again and came != ODOMETRY:
            return
        source = self._source(time_s)
        if not self.pace.due(time_s, self._needed(), news=came in (source, STOP)):
            return
        if self._ears is not None and not self._ears.is_settled(time_s):
            return
        command = self._commands.get(source)
        if not self.pace.due(time_s, [command.stamp_s if command else None]):
            self._lease.miss(time_s)
            return
        self._lease.met()
        if again is None:
            self._answer(time_s, source)
        elif self._state and self._state.stamp_s == time_s:  # the simulator asks again
            self._send(*again)

    def _needed(self) -> Stamps:
        """The stamps of what a decision looks at besides the command."""
        if self._news.faults is None:
            return [None]
        allies = self._ears.stamps(self._ears.listener.allies) if self._ears else []
        tracked = self._tracking.stamps if self._tracking else []
        return [self._state.stamp_s if self._state else None, *allies, *tracked, *self._proximity.stamps]

    def _notice_silence(self) -> None:
        if self.steady_s - self._decided_s > 1.5 * self.period_s:
            self._answer(self.now_s, self._source(self.now_s))

    def _answer(self, now_s: float, source: str) -> None:
        command = self._commands.get(source) if self._stop_line.settled else None
        others, echoes = self._others(now_s), self._proximity.echoes
        decision = self._gate.step(
            now_s,
            command,
            self._state,
            list(others.values()),
            echoes,
            kinds=[self._kinds[name] for name in others],
            emergency_stop=self._stop_line.held,
        )
        names = list(others)
        self._contradictions.update(names[index] for index in decision.contradicted)
        if decision.silent and decision.command.v_mps != 0.0:
            self.get_logger().warning(
                f"the robot drives while these of its sensors are silent: {', '.join(decision.silent)}",
                throttle_duration_sec=10.0,
                skip_first=True,
            )
        self._decided_s = self.steady_s
        self._answered = (decision.command, self._status(decision, command, source))
        self._send(*self._answered)

    def _others(self, now_s: float) -> dict[str, RobotState]:
        """Where allies are: as trusted tracking has it, else as far as their reports are believed."""
        if self._ears is None:
            return {}
        self._ears.judge(self._state, now_s)
        tracked = self._tracking.states(now_s) if self._tracking else {}
        return self._ears.listener.states(now_s) | tracked

    def _send(self, command: Command, status: GateStatus) -> None:
        self._status_publisher.publish(status)
        stamped = self._entry.stamped_cmd_vel
        self._driver_publisher.publish(to_twist_stamped(command, self.robot) if stamped else to_twist(command))

    def _status(self, decision: GateDecision, asked: Command | None, source: str) -> GateStatus:
        self._decisions += 1
        self._counts.update(decision.reasons)
        status = GateStatus(
            source=source if asked else "none",
            reasons=[str(reason) for reason in decision.reasons],
            applied=to_twist(decision.command),
            ally_ages_s=self._ears.listener.ages_s(decision.command.stamp_s) if self._ears else [],
            decisions=self._decisions,
            intervention_reasons=[str(reason) for reason in self._counts],
            intervention_counts=list(self._counts.values()),
            silent_sensors=list(decision.silent),
            contradicted_robots=list(self._contradictions),
            contradiction_counts=list(self._contradictions.values()),
        )
        status.header.stamp = stamp(decision.command.stamp_s)
        if asked is not None:
            status.state_stamp = stamp(asked.stamp_s)
            status.asked = to_twist(asked)
        return status


def main() -> None:
    """Serve the robots named on the command line."""
    shared = Shared()
    spin(lambda: (GateNode(robot, shared) for robot in robot_arguments()))
