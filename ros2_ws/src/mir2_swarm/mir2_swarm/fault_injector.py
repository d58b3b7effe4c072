"""The fault injector: lets chosen robots turn against their team, through the data path and never around the gate."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from geometry_msgs.msg import PoseArray, TwistStamped
from mir2_core.errors import UserError, nearest
from mir2_core.traitors import FAULTS
from mir2_core.traitors.schedule import FOREVER, FaultSchedule, FaultSpec, make_fault, parse_faults
from mir2_core.traitors.takeover import Takeover, Told
from mir2_core.traitors.trained import AdversaryBundle
from mir2_core.types import Command, RobotState
from mir2_interfaces.msg import FaultArray, SwarmMetrics
from mir2_interfaces.srv import ClearFault, InjectFault, ListFaults
from nav_msgs.msg import Odometry

from mir2_swarm.clock_jumps import ClockJumps
from mir2_swarm.convert import (
    nothing_more,
    odometry_mistake,
    seconds,
    to_command,
    to_fault_array,
    to_lies,
    to_odometry,
    to_state,
    to_twist_stamped,
)
from mir2_swarm.ears import LIES, MOST_LIES
from mir2_swarm.node import HIGHEST_SEED, LATCHED, SwarmNode, spin


class FaultInjectorNode(SwarmNode):
    """Publishes `cmd_vel/fault` or `state/fault` of every traitor once per control period while its fault holds.

    Faults on links, and what a two-faced robot tells each ally, are applied by listeners, who need an announcement
    per control period while there are any. Traitors know the truth: they see the odometry of all robots. The parameter
    `fault` schedules faults relative to the run's start, as `mir2_core.traitors.schedule.parse_faults` reads them.
    """

    def __init__(self) -> None:
        super().__init__("fault_injector")
        if not self.roster.allow_fault_injection:
            raise UserError("the roster does not allow fault injection; set 'allow_fault_injection: true' to permit it")
        self._seed = self.number_parameter("seed", 0, HIGHEST_SEED)
        self._adversaries: dict[str, AdversaryBundle] = {}
        planned = parse_faults(self.text_parameter("fault", "kind@robot:start_s", needed=False), self.roster.names)
        self._planned = [self._loaded(spec) for spec in planned]
        self._schedule = FaultSchedule()
        self._running: dict[FaultSpec, Takeover] = {}
        self._policy: dict[str, Command] = {}
        self._states: dict[str, RobotState] = {}
        self._said_s: dict[str, float] = {}
        self._announced_s = -math.inf
        self._clock_jumps = ClockJumps(self)
        self._listen()
        if self.pace.run_start_s is not None:
            self._begin(self.pace.run_start_s)
        self._announce()

    def _listen(self) -> None:
        self._publisher = self.create_publisher(FaultArray, "/faults", LATCHED)
        names = self.roster.names
        self._commands = {robot: self.create_publisher(TwistStamped, f"/{robot}/cmd_vel/fault", 10) for robot in names}
        self._reports = {robot: self.create_publisher(Odometry, f"/{robot}/state/fault", 10) for robot in names}
        self._lies = self.create_publisher(PoseArray, LIES, MOST_LIES)
        for robot in names:
            self.create_subscription(TwistStamped, f"/{robot}/cmd_vel/policy", self._policy_listener(robot), 10)
            self.create_subscription(Odometry, f"/{robot}/odom", self._odometry_listener(robot), self.pace.odometry_qos)
        self.create_service(InjectFault, "~/inject", self._on_inject)
        self.create_service(ClearFault, "~/clear", self._on_clear)
        self.create_service(ListFaults, "~/list", self._on_list)
        self.create_subscription(SwarmMetrics, "/swarm/metrics", self._on_metrics, 10)
        self.pace.every(self.period_s, self._tick)

    def _policy_listener(self, robot: str) -> Callable[[TwistStamped], None]:
        def listen(message: TwistStamped) -> None:
            self._policy[robot] = to_command(message)
            self.pace.after_news(self._tick)

        return listen

    def _odometry_listener(self, robot: str) -> Callable[[Odometry], None]:
        def listen(message: Odometry) -> None:
            if not odometry_mistake(message):
                self._states[robot] = to_state(message)
                self.pace.after_news(self._tick)
                self._report(robot)

        return listen

    def _on_metrics(self, message: SwarmMetrics) -> None:
        if self._planned:
            self._begin(seconds(message.run_start))
            self._announce()

    def _begin(self, run_start_s: float) -> None:
        """Turn the planned faults' times into the clock's."""
        for spec in self._planned:
            try:
                self._schedule.inject(spec.later(run_start_s))
            except UserError as mistake:  # with one that was injected before the run began
                self.get_logger().error(f"the planned fault {spec.name} is left out: {mistake}")
        self._planned = []

    # Services

    def _on_inject(self, request: InjectFault.Request, response: InjectFault.Response) -> InjectFault.Response:
        self._tick()  # a fault that is over contradicts nothing
        start_s, duration_s = self._clock_s() + self.pace.notice_s, request.duration_s
        try:
            spec = make_fault(
                request.fault,
                request.robot,
                start_s,
                duration_s,
                robots=self.roster.names,
                parameters=request.parameters,
            )
            self._schedule.inject(self._loaded(spec.located(Path.cwd())))
        except UserError as refusal:
            response.success, response.message = False, str(refusal)
            return response
        self._announce()
        self._tick()
        until = f"for {duration_s:g} s" if duration_s else "until cleared"
        response.success, response.message = True, f"{spec.robot}: {spec.name} {until}"
        self.get_logger().warning(response.message)
        return response

    def _on_clear(self, request: ClearFault.Request, response: ClearFault.Response) -> ClearFault.Response:
        if request.robot and request.robot not in self.roster.names:
            response.success = False
            response.message = f"unknown robot '{request.robot}'; valid: {', '.join(self.roster.names)}, or '' for all"
            return response
        if request.fault and request.fault not in FAULTS:
            response.success = False
            response.message = f"unknown fault '{request.fault}'; {nearest(request.fault, FAULTS)}"
            return response
        cleared = self._schedule.clear(request.robot, request.fault)
        for spec in cleared:
            self._end(spec)
        meant = [
            spec for spec in self._planned if request.robot in ("", spec.robot) and request.fault in ("", spec.kind)
        ]
        self._planned = [spec for spec in self._planned if spec not in meant]
        now_s = self._clock_s()
        self._announce()
        response.success = True
        response.message = _cleared(
            [spec for spec in cleared if spec.start_s <= now_s],
            [*(spec for spec in cleared if spec.start_s > now_s), *meant],
        )
        self.get_logger().info(response.message)
        return response

    def _end(self, spec: FaultSpec) -> None:
        """Let a fault that was cleared last until everybody can know that it ends."""
        takeover, now_s = self._running.pop(spec, None), self._clock_s()
        if spec.active(now_s) and self.pace.notice_s:
            ending = self._schedule.inject(replace(spec, end_s=min(spec.end_s, now_s + self.pace.notice_s)))
            if takeover is not None:
                self._running[ending] = takeover

    def _on_list(self, request: ListFaults.Request, response: ListFaults.Response) -> ListFaults.Response:
        now_s = self._clock_s()
        response.faults = to_fault_array(self._schedule, now_s).faults
        response.in_words = [
            *(_in_words(spec, now_s, "from now") for spec in self._schedule),
            *(_in_words(spec, 0.0, "after the run's start") for spec in self._planned),
        ]
        return response

    # Once per control period

    def _clock_s(self) -> float:
        return self.pace.now_s(state.stamp_s for state in self._states.values())

    def _tick(self) -> None:
        """Begin and end faults, and send commands."""
        if jump_s := self._clock_jumps.look():
            self._on_clock_set(jump_s)
        now_s = self._clock_s()
        over = self._schedule.expire(now_s)
        for spec in over:
            self._running.pop(spec, None)
        active = [spec for spec in self._schedule if spec.active(now_s)]
        started = [spec for spec in active if spec.makes_traitor and spec not in self._running]
        for spec in started:
            self._running[spec] = self._takeover(spec)
        if over or started or (list(self._schedule) and now_s > self._announced_s):
            self._announce()  # once per control period while there are any: who keeps the record knows that it lives
        for spec, takeover in self._running.items():
            if spec.on_commands:
                self._command(spec, takeover, now_s)

    def _on_clock_set(self, by_s: float) -> None:
        """Faults hold by a clock that nobody sets."""
        moved = self._schedule.clock_set(by_s)
        self._running = {moved[spec]: takeover for spec, takeover in self._running.items()}
        self._announce()

    def _loaded(self, spec: FaultSpec) -> FaultSpec:
        """The fault, once its adversary, if it needs one, is loaded and fits."""
        if not spec.bundle:
            return spec
        adversary = self.deployment.adversary(spec.bundle, spec.robot, self.zoo)
        self._adversaries[spec.bundle] = adversary
        return replace(spec, two_faced=adversary.two_faced)

    def _takeover(self, spec: FaultSpec) -> Takeover:
        body, index = self.roster.robot(spec.robot).model, self.roster.names.index(spec.robot)
        adversary = self._adversaries[spec.bundle] if spec.bundle else None
        traitor, robots = (adversary, adversary.info.robots) if adversary else (spec.traitor(), None)
        return Takeover(traitor, self.deployment.task, body, index, self._seed, robots=robots)

    def _command(self, spec: FaultSpec, takeover: Takeover, now_s: float) -> None:
        """Publish the fault's command, once what it looks at is here."""
        policy = self._policy.get(spec.robot)
        if self.pace.due(now_s, [policy.stamp_s if policy else None, *self._stamps()]):
            command = takeover.command(now_s, self._step(spec, now_s), policy, self._team())
            self._commands[spec.robot].publish(to_twist_stamped(command, spec.robot))

    def _report(self, heard: str) -> None:
        """Publish what traitors report, once what they look at is here; `heard` is the robot that has moved."""
        now_s = self._clock_s()
        for spec, takeover in self._running.items():
            if not spec.on_reports or not self.pace.due(now_s, self._stamps(), news=spec.robot == heard):
                continue
            truth_s, last_s = self._states[spec.robot].stamp_s, self._said_s.get(spec.robot, -math.inf)
            asked_again = truth_s == last_s and spec.robot == heard
            if last_s <= truth_s < last_s + 0.9 * self.period_s and not asked_again:
                continue  # said already, or odometry comes faster than the control rate
            self._said_s[spec.robot] = truth_s
            self._tell(spec, takeover.reports(self._step(spec, truth_s), self._team()), truth_s)

    def _tell(self, spec: FaultSpec, told: list[Told], truth_s: float) -> None:
        """Publish what a robot reports at a time, to all alike or to each of them."""
        if spec.two_faced:
            lies = {listener: state for state, listener in told}
            self._lies.publish(to_lies(spec.robot, map(lies.get, range(len(self.roster.names))), truth_s))
            return
        for state, _ in told:
            self._reports[spec.robot].publish(to_odometry(state, spec.robot))
        self._reports[spec.robot].publish(nothing_more(truth_s))

    def _team(self) -> list[RobotState | None]:
        return [self._states.get(name) for name in self.roster.names]

    def _stamps(self) -> list[float | None]:
        return [state.stamp_s if state else None for state in self._team()]

    def _step(self, spec: FaultSpec, time_s: float) -> int:
        return max(0, math.floor((time_s - spec.start_s) / self.period_s + 0.5))

    def _announce(self) -> None:
        self._announced_s = self._clock_s()
        self._publisher.publish(to_fault_array(self._schedule, self._announced_s, self._seed))


def _cleared(ended: list[FaultSpec], cancelled: list[FaultSpec]) -> str:
    """What was cleared, in words."""
    parts = [
        f"{what}: {', '.join(f'{spec.name} of {spec.robot}' for spec in specs)}"
        for what, specs in (("cleared", ended), ("cancelled before it began", cancelled))
        if specs
    ]
    return "; ".join(parts) or "cleared: nothing was active or planned"


def _in_words(spec: FaultSpec, now_s: float, reference: str) -> str:
    """A fault in a line, with times from `now_s`."""
    start = "active" if spec.active(now_s) and reference == "from now" else f"{spec.start_s - now_s:.1f} s {reference}"
    end = "until cleared" if spec.end_s == FOREVER else f"for {spec.end_s - spec.start_s:g} s"
    return f"{spec.robot}: {spec.name} on {spec.channel}, {start}, {end}"


def main() -> None:
    """Run the node."""
    spin(lambda: [FaultInjectorNode()])
