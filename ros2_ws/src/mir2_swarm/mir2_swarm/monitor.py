"""The monitor node: starts the run, measures the team as the task defines it, and writes the run folder."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from mir2_core.deployment import adversaries
from mir2_core.driver import HARDWARE
from mir2_core.ending import in_words
from mir2_core.errors import UserError
from mir2_core.gate import Reason
from mir2_core.recorder import Recorder, StepRecord, met_within_m, summary
from mir2_core.roster import RobotEntry
from mir2_core.run import LONGEST_S
from mir2_core.suspicion import Event
from mir2_core.traitors.history import FaultHistory
from mir2_core.types import Command
from mir2_core.world import BACKENDS
from mir2_interfaces.msg import FaultArray, GateStatus, SwarmMetrics
from nav_msgs.msg import Odometry
from rclpy.qos import QoSProfile

from mir2_swarm.clock_jumps import ClockJumps
from mir2_swarm.convert import seconds, stamp, to_faults, to_state
from mir2_swarm.node import HIGHEST_SEED, LATCHED, SwarmNode, spin
from mir2_swarm.pace import LEASE_PERIODS
from mir2_swarm.run_folder import CUT_SHORT, EventLog, say, write_run_folder
from mir2_swarm.starting import ABSENT_S, SIMULATOR, Start
from mir2_swarm.verdicts import Verdicts
from mir2_swarm.watch import Refusals, Silence, Strangers

DEEP = QoSProfile(depth=1000)
LATEST_END_S = 5.0  # beyond a run's duration
HANGS_S = 30.0  # wall time without a step in lockstep, whose simulator gives up before, if it can
REASONS = frozenset(map(str, Reason))


class MonitorNode(SwarmNode):
    """Waits until every robot and gate reports, starts the simulator, keeps the record and says how the team does."""

    def __init__(self) -> None:
        super().__init__("monitor")
        self._output = Path(self.text_parameter("output", "the folder that the run is written to"))
        self._duration_s = self.number_parameter("duration_s", 0.0, LONGEST_S)
        self._facts = self._read_facts()
        self._events = EventLog(self._output)
        self._recorder: Recorder | None = None
        self._faults = FaultHistory(LEASE_PERIODS * self.period_s)
        self._stopped: set[str] = set()
        self._advanced_s = self.steady_s
        self._active: set[tuple[str, str]] = set()
        if self.pace.run_start_s is not None:
            self._begin(self.pace.run_start_s)
        wanted = [f"{robot}/{what}" for robot in self.roster.names for what in ("odom", "gate")]
        wanted += ["faults"] if self.roster.allow_fault_injection else []
        real = self._facts["backend"] == HARDWARE
        self._start = Start(
            self,
            wanted,
            bag=self.flag_parameter("bag"),
            services=[f"/{robot}/driver/start" for robot in self.roster.names] if real else SIMULATOR,
            patience_s=ABSENT_S if real else math.inf,
        )
        self._silence, self._strangers = Silence(self, self._note), Strangers(self, self._note)
        self._refusals = Refusals(self, self._note)
        self._clock_jumps = ClockJumps(self)
        self._listen()

    def _read_facts(self) -> dict[str, Any]:
        """What identifies the run, for metrics.json and the picture."""
        policy = self.deployment.policy
        return {
            "task": self.roster.task,
            "policy": policy.path.stem,
            "vote": policy.metadata.vote,
            "algorithm": policy.metadata.algorithm,
            "robots": len(self.roster.robots),
            "backend": self.choice_parameter("backend", ("", *BACKENDS, HARDWARE)),
            "mode": self.mode,
            "seed": self.number_parameter("seed", 0, HIGHEST_SEED),
        }

    def _listen(self) -> None:
        self._publisher = self.create_publisher(SwarmMetrics, "/swarm/metrics", 10)
        # Where robots are, which they need not know: what a run is worth is reckoned from that.
        place = "truth" if self.flag_parameter("disturbed") else "odom"
        deep_odometry = QoSProfile(depth=DEEP.depth, reliability=self.pace.odometry_qos.reliability)
        for robot in self.roster.names:
            self.create_subscription(Odometry, f"/{robot}/{place}", self._odometry_listener(robot), deep_odometry)
            self.create_subscription(GateStatus, f"/{robot}/gate", self._gate_listener(robot), DEEP)
        self._verdicts = Verdicts(self, self._tell)
        self.create_subscription(FaultArray, "/faults", self._on_faults, LATCHED)

    # Before the run

    def _begin(self, run_start_s: float) -> None:
        self._recorder = Recorder(
            self.deployment.task,
            self.roster.names,
            run_start_s,
            patient=self.pace.patient,
            last_step=math.ceil(self._duration_s * self.roster.rate_hz - 1e-6) if self._duration_s else None,
            rendezvous_m=met_within_m([robot.model for robot in self.roster.robots]),
            places=np.array([_place(robot) for robot in self.roster.robots]),
        )
        self._events.add(0.0, "run_started", **self._facts)
        self._begun_s = self._advanced_s = self.steady_s
        self.create_timer(1.0, self._end_by_the_clock, clock=self.steady_clock)

    # During the run

    def _odometry_listener(self, robot: str) -> Callable[[Odometry], None]:
        def listen(message: Odometry) -> None:
            state = to_state(message)
            self._silence.heard(robot, "odom", state.stamp_s)
            self._look_at_the_clock()
            if mistake := self._refusals.mistake(message, state, self._excused_s):
                self._refuse_odometry(robot, mistake)
                return
            self._refusals.excuse(robot)
            self._start.heard(f"{robot}/odom")
            if self._recorder is None and self._start.asked_s is not None and state.stamp_s >= self._start.asked_s:
                self._begin(state.stamp_s)
            if self._recorder is not None:
                self._recorder.odometry(robot, state)
                self._advance()

        return listen

    @property
    def _excused_s(self) -> float:
        return self._silence.excused_s if self._recorder else 0.0

    def _look_at_the_clock(self) -> None:
        """The record goes on by a clock that nobody sets."""
        if jump_s := self._clock_jumps.look():
            self._note("clock_set", detail=f"by {jump_s:+.1f} s; the run and its faults go on by one that nobody sets")
            self._faults.clock_set(jump_s)
            if self._recorder is not None:
                self._recorder.run_start_s += jump_s

    def _refuse_odometry(self, robot: str, mistake: str) -> None:
        """Say so, and let nobody wait for a robot whose odometry is never right."""
        hopeless = self._refusals.note(robot, mistake)
        if self._start.asked_s is None and len(hopeless) == len(self.roster.names):
            raise UserError(f"no robot says where it is: odom of {robot} is not used: {mistake}")
        for name in hopeless:
            self._start.heard(f"{name}/odom")
            self._start.heard(f"{name}/gate")

    def _gate_listener(self, robot: str) -> Callable[[GateStatus], None]:
        def listen(message: GateStatus) -> None:
            decided_s = seconds(message.header.stamp)
            self._silence.heard(robot, "gate", decided_s)
            if message.source != "none":
                self._start.heard(f"{robot}/gate")
            self._note_emergency_stop(robot, Reason.EMERGENCY_STOP in message.reasons)
            if self._recorder is not None and not self._refusals.clock_mistake(decided_s, self._excused_s):
                self._verdicts.gate(robot, message)
                applied = Command(decided_s, message.applied.linear.x, message.applied.angular.z)
                reasons = REASONS & set(message.reasons)
                # A gate that answers no command decides for the present, by itself.
                state_s = decided_s if Reason.COMMAND_AGE in reasons else seconds(message.state_stamp)
                self._recorder.gate(robot, state_s, applied, reasons, list(message.ally_ages_s))
                self._advance()

        return listen

    def _tell(self, event: Event, words: str) -> None:
        """Write a verdict down, once the run has begun."""
        if self._recorder is None:
            return
        if self._events.add(self._elapsed_s(), event.name, robot=event.robot, detail=event.detail):
            say(f"{self._elapsed_s():5.0f} s   {words}")

    def _note(self, event: str, **details: str) -> bool:
        """Write down what was noticed, and say so; whether it is not one of too many."""
        noted = self._events.add(self._elapsed_s(), event, **details)
        if noted:
            words = " ".join([event.replace("_", " "), *details.values()])
            say(f"{self._elapsed_s():5.0f} s   {words}")
        return noted

    def _on_faults(self, message: FaultArray) -> None:
        self._start.heard("faults")
        self._look_at_the_clock()
        if self._refusals.clock_mistake(seconds(message.header.stamp), self._excused_s):
            return  # from before the clock was set: the next one comes at once
        recorded_s = self._recorder.run_start_s + self._elapsed_s() if self._recorder else 0.0
        # An injector that was started again does not know the time yet, and none can end what is recorded.
        self._faults.update(max(seconds(message.header.stamp), recorded_s), to_faults(message))

    def _note_emergency_stop(self, robot: str, stands: bool) -> None:
        """Write down what the gate did, whatever was asked of it."""
        if stands != (robot in self._stopped):
            self._stopped ^= {robot}
            self._events.add(
                self._elapsed_s(), "emergency_stop_set" if stands else "emergency_stop_released", robot=robot
            )

    def _elapsed_s(self) -> float:
        return self._recorder.steps[-1].time_s if self._recorder and self._recorder.steps else 0.0

    def _advance(self) -> None:
        assert self._recorder is not None
        for step in self._recorder.advance(self._faults.traitors_at):
            self._publish(step)
            self._note_faults(step)
            self._verdicts.look(step.time_s)
            if step.step % round(self.roster.rate_hz) == 0:
                say(_line(step))
            self._advanced_s = self.steady_s
        if self._recorder.over:
            self.context.try_shutdown()

    def _end_by_the_clock(self) -> None:
        """A run ends at its time, or when nothing goes on, even if what it waits for never comes."""
        self._silence.look()
        if self._start.asked_s is None or self._silence.paused:
            return
        now_s, still_s = self.steady_s, self.steady_s - self._advanced_s
        if self.pace.patient:
            over = still_s > HANGS_S
        else:
            over = 0.0 < self._duration_s < now_s - self._begun_s - LATEST_END_S and still_s > LATEST_END_S
        if over:
            recorded_s = self._elapsed_s()
            self._events.add(recorded_s, CUT_SHORT, detail=f"nothing to record after {recorded_s:g} s")
            raise UserError(
                f"the run is cut short: for {still_s:.0f} s, robots have reported nothing to record after its "
                f"{recorded_s:g} s; what there is lies in {self._output}"
            )

    def _note_faults(self, step: StepRecord) -> None:
        assert self._recorder is not None
        began_s = step.time_s - self.period_s
        active = self._faults.active_at(self._recorder.run_start_s + began_s + 0.5 * self.period_s)
        for robot, fault in sorted(active - self._active):
            self._events.add(began_s, "fault_started", robot=robot, fault=fault)
        for robot, fault in sorted(self._active - active):
            self._events.add(began_s, "fault_ended", robot=robot, fault=fault)
        self._active = active

    def _publish(self, step: StepRecord) -> None:
        assert self._recorder is not None
        message = SwarmMetrics(
            run_start=stamp(self._recorder.run_start_s),
            step=step.step,
            reward=step.reward,
            cumulative_reward=step.cumulative_reward,
            mean_distance_m=step.mean_distance_m,
            max_distance_m=step.max_distance_m,
            benign_mean_distance_m=step.benign_mean_distance_m,
            benign_max_distance_m=step.benign_max_distance_m,
            time_to_rendezvous_s=step.time_to_rendezvous_s,
            compromised=list(step.traitors),
        )
        message.header.stamp = stamp(self._recorder.run_start_s + step.time_s)
        self._publisher.publish(message)

    # After the run

    def destroy_node(self) -> None:
        """Write the run folder, whatever ended the run."""
        if self._recorder is not None:
            if self._duration_s and not self._recorder.over and not self._events.holds(CUT_SHORT):
                self._events.add(self._elapsed_s(), CUT_SHORT, detail="the monitor was told to end")
            self._verdicts.look(self._elapsed_s(), at_last=True)
            self._events.add(self._elapsed_s(), "run_ended")
            self._write(self._recorder)
        super().destroy_node()

    def _write(self, recorder: Recorder) -> None:
        faults = self._faults.as_planned(recorder.run_start_s, self._elapsed_s())
        verdicts = self._verdicts.suspicion
        facts = self._facts | {"faults": [spec.text for spec in faults]} | verdicts.summary()
        say("\n".join(["", *in_words(facts | summary(recorder)), *verdicts.in_words()]))
        write_run_folder(self._output, recorder, facts, adversaries(faults, self.zoo))
        say(f"run folder: {self._output}, with the picture run.png and the figures metrics.json")


def _place(robot: RobotEntry) -> tuple[float, float, float]:
    """Where a robot begins, as far as the roster says."""
    start = robot.start
    return (start.x_m, start.y_m, start.heading_rad) if start else (math.nan,) * 3


def _line(step: StepRecord) -> str:
    """How the team does, in words and numbers that a person can read."""
    traitors = f"   traitors: {', '.join(step.traitors)}" if step.traitors else ""
    distances = f"mean pair distance {step.mean_distance_m:.2f} m   widest {step.max_distance_m:.2f} m"
    return f"{step.time_s:5.0f} s   {distances}   return {step.cumulative_reward:7.2f}{traitors}"


def main() -> None:
    """Run the node."""
    spin(lambda: [MonitorNode()])
