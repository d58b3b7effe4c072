"""A team in this process: the parts that nodes are made of, put together without messages."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from mir2_core.cross_check import TELL_S, Hearsay, second
from mir2_core.deployment import Deployment
from mir2_core.disturbance import Disturbance
from mir2_core.gate import CommandGate, GateDecision, GateLimits
from mir2_core.listener import Heard, Listener
from mir2_core.radio import Radio
from mir2_core.traitors.links import Links, UnderWay
from mir2_core.traitors.schedule import FaultSpec
from mir2_core.traitors.takeover import Takeover
from mir2_core.types import Command, Echo, RobotState

NOWHERE = (np.nan, np.nan, np.nan)

States = Mapping[str, RobotState]
Said = dict[str, list[RobotState]]  # reports of each ally


class Team:
    """All robots of a run; `seed` draws what links lose."""

    def __init__(self, deployment: Deployment, injector: "Injector", disturbance: Disturbance, seed: int) -> None:
        roster, names, period_s = deployment.roster, deployment.roster.names, 1.0 / deployment.roster.rate_hz
        links = Links(injector.faults, names, seed=seed, period_s=period_s)
        radios = [Radio(disturbance, names, name, seed=seed, period_s=period_s) for name in roster.names]
        self._members = {radio.robot: Member(deployment, radio, links) for radio in radios}
        self._injector = injector

    def decide(
        self, states: States, echoes: Mapping[str, Sequence[Echo]]
    ) -> dict[str, tuple[GateDecision, list[float]]]:
        """What gates let through, and how old the reports were of which they knew where allies are.

        Robots take themselves to be where `states`, all of one time, say; `echoes` is what their sensors say then.
        """
        now_s = next(iter(states.values())).stamp_s
        self._injector.begin(now_s, states)
        for name, member in self._members.items():
            member.hear(self._injector.said_to(name), states[name], now_s)
        told = {name: hearsay for name, member in self._members.items() if (hearsay := member.compare(now_s))}
        for witness, hearsay in told.items():
            for name, member in self._members.items():
                if name != witness:
                    member.listen(witness, hearsay)
        wanted = {name: member.want(states[name]) for name, member in self._members.items()}
        asked = {name: self._injector.command(name, command) for name, command in wanted.items()}
        return {
            name: member.let_through(asked[name], states[name], echoes[name]) for name, member in self._members.items()
        }


class Member:
    """One robot: what its policy node and its gate hear and decide."""

    def __init__(self, deployment: Deployment, radio: Radio, links: Links) -> None:
        roster, name = deployment.roster, radio.robot
        own = roster.robot(name)
        period_s = 1.0 / roster.rate_hz
        self._deployment, self._name = deployment, name
        self._kinds = {robot.name: robot.model for robot in roster.robots if robot.name != name}
        limits = GateLimits(roster.arena.size_m, period_s, roster.timeouts.command_s, roster.timeouts.state_s)
        self._gate = CommandGate(own.model, limits, self._kinds.values())
        # The policy and the gate each judge reports by themselves; only the former compares what others have heard.
        self._policy_ears, self._gate_ears = (
            _Ears(
                Listener(
                    roster.names,
                    name,
                    model=own.model,
                    arena_m=roster.arena.size_m,
                    period_s=period_s,
                    settings=roster.trust,
                    kinds=self._kinds,
                ),
                radio,
                links,
                period_s,
            )
            for _ in range(2)
        )
        self._told_s: float | None = None

    def hear(self, said: Said, own: RobotState, now_s: float) -> None:
        """Take in what allies say at a time."""
        self._policy_ears.hear(said, own, now_s)
        self._gate_ears.hear(said, own, now_s)

    def compare(self, now_s: float) -> Hearsay | None:
        """Once a second: judge by what allies have heard, and what to tell them."""
        second_s, told_s = second(now_s), self._told_s
        if second_s == told_s:
            return None
        self._told_s = second_s
        listener = self._policy_ears.listener
        listener.compare(second_s - TELL_S, now_s)
        return None if told_s is None else listener.cross_check.hearsay(second_s)

    def listen(self, witness: str, hearsay: Hearsay) -> None:
        """Take in what an ally says that it has heard."""
        self._policy_ears.listener.cross_check.listen(witness, hearsay)

    def want(self, own: RobotState) -> Command:
        """What the policy decides."""
        team = self._policy_ears.listener.team(own, own.stamp_s)
        if int(team.present.sum()) - 1 < self._deployment.roster.min_allies:
            return Command(own.stamp_s, 0.0, 0.0)
        return self._deployment.decide(self._name, team, own.stamp_s)

    def let_through(self, asked: Command, own: RobotState, echoes: Sequence[Echo]) -> tuple[GateDecision, list[float]]:
        """What the gate makes of a command, and how old the reports of allies were by which it did."""
        listener, has_body = self._gate_ears.listener, self._gate.model.radius_m > 0.0
        others = listener.states(own.stamp_s) if has_body else {}
        kinds = [self._kinds[name] for name in others]
        decision = self._gate.step(own.stamp_s, asked, own, list(others.values()), echoes, kinds=kinds)
        return decision, listener.ages_s(own.stamp_s) if has_body else []


class _Ears:
    """A listener behind the links from its robot's allies."""

    def __init__(self, listener: Listener, radio: Radio, links: Links, period_s: float) -> None:
        self.listener = listener
        self._radio, self._links, self._slack_s = radio, links, 0.5 * period_s
        self._under_way: dict[str, UnderWay[RobotState]] = {ally: UnderWay() for ally in listener.allies}

    def hear(self, said: Said, own: RobotState, now_s: float) -> None:
        """Take in what comes through at a time at which allies say what is `said`."""
        arrived = {ally: self._arrived(ally, said[ally], now_s) for ally in self.listener.allies}
        while heard := {ally: Heard(now_s, reports.popleft()) for ally, reports in arrived.items() if reports}:
            self.listener.hear(heard, own)

    def _arrived(self, ally: str, reports: Sequence[RobotState], now_s: float) -> deque[RobotState]:
        way, robot = self._under_way[ally], self._radio.robot
        late_s = float(self._links.late_s(now_s, ally, robot)[0]) + self._radio.late_s(now_s, ally)
        for report in reports:
            way.send(self._radio.stamped(report, ally), now_s + late_s)
        whole = not self._links.touched(now_s, ally, robot)
        return deque(way.arrived(now_s + self._slack_s, whole=whole))


class Injector:
    """What robots say and are told to do, while some of them are traitors; adversaries may be in the `zoo`."""

    def __init__(self, deployment: Deployment, faults: Sequence[FaultSpec], seed: int, zoo: Path) -> None:
        self._deployment, self._seed, self._zoo = deployment, seed, zoo
        self.faults = [self._loaded(spec) for spec in faults]
        self._takeovers = {spec: self._takeover(spec) for spec in self.faults if spec.makes_traitor}
        self._newest_s: dict[str, float] = {}
        self._said: Said = {}
        self._lies: dict[str, dict[str, RobotState]] = {}  # of each two-faced robot, by listener

    def begin(self, now_s: float, states: States) -> None:
        """Let all robots say something at a time, given where they are."""
        self._now_s, self._states = now_s, list(states.values())
        self._said, self._lies = {name: [state] for name, state in states.items()}, {}
        names = self._deployment.roster.names
        for spec, takeover in self._active(on_reports=True):
            told = takeover.reports(self._step(spec), self._states)
            if spec.two_faced:
                by_listener = {names[listener]: state for state, listener in told if listener is not None}
                self._lies[spec.robot] = {name: _lie(by_listener.get(name), now_s) for name in names}
            else:
                self._said[spec.robot] = self._anew(spec.robot, [state.as_told for state, _ in told])
        self._newest_s = dict.fromkeys(names, now_s)

    def said_to(self, listener: str) -> Said:
        """What a robot is told by all."""
        return {
            name: [self._lies[name][listener]] if name in self._lies else reports
            for name, reports in self._said.items()
        }

    def command(self, robot: str, wanted: Command) -> Command:
        """What a robot is told to do, of which its policy wants something."""
        for spec, takeover in self._active(on_commands=True):
            if spec.robot == robot:
                return takeover.command(self._now_s, self._step(spec), wanted, self._states)
        return wanted

    def _anew(self, robot: str, reports: Sequence[RobotState]) -> list[RobotState]:
        """Without those that a listener takes for the one before, said once more."""
        kept, newest_s = [], self._newest_s.get(robot)
        for report in reports:
            if report.stamp_s != newest_s:
                kept.append(report)
            newest_s = report.stamp_s
        return kept

    def _active(self, **channel: bool) -> list[tuple[FaultSpec, Takeover]]:
        (name,) = channel
        return [pair for pair in self._takeovers.items() if pair[0].active(self._now_s) and getattr(pair[0], name)]

    def _step(self, spec: FaultSpec) -> int:
        return max(0, int((self._now_s - spec.start_s) * self._deployment.roster.rate_hz + 0.5))

    def _loaded(self, spec: FaultSpec) -> FaultSpec:
        if not spec.bundle:
            return spec
        return replace(spec, two_faced=self._deployment.adversary(spec.bundle, spec.robot, self._zoo).two_faced)

    def _takeover(self, spec: FaultSpec) -> Takeover:
        roster, task = self._deployment.roster, self._deployment.task
        adversary = self._deployment.adversary(spec.bundle, spec.robot, self._zoo) if spec.bundle else None
        traitor, robots = (adversary, adversary.info.robots) if adversary else (spec.traitor(), None)
        index = roster.names.index(spec.robot)
        return Takeover(traitor, task, roster.robot(spec.robot).model, index, self._seed, robots=robots)


def _lie(told: RobotState | None, now_s: float) -> RobotState:
    """What a two-faced robot tells one other, as if it stood still; nowhere if nothing."""
    return RobotState(now_s, *(told.pose if told else NOWHERE)).as_told
