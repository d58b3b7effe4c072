"""The command gate: the last thing between any commander and a driver."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from mir2_core.gate_neighbours import Neighbour, keep_clear, turn_of
from mir2_core.robots import RobotModel
from mir2_core.senses import Place, View, ranges_to_walls, senses_of
from mir2_core.types import Command, Echo, FloatArray, RobotState


class Reason(StrEnum):
    """Why the gate changed a command, in the order of its checks."""

    PASS = "pass"
    NON_FINITE = "non_finite"
    EMERGENCY_STOP = "emergency_stop"
    COMMAND_AGE = "command_age"
    STATE_AGE = "state_age"
    FENCE = "fence"
    NEIGHBOUR = "neighbour"
    PROXIMITY = "proximity"
    SPEED = "speed"
    ACCELERATION = "acceleration"


@dataclass(frozen=True)
class GateLimits:
    """Timeouts and the arena that a gate enforces; `inf` switches an age check off."""

    arena_m: float
    period_s: float
    command_timeout_s: float
    state_timeout_s: float


@dataclass(frozen=True)
class GateDecision:
    """What goes to the driver, and every reason for which it differs from what was asked.

    `contradicted` are the indices of neighbours that the robot's own sensors do not see where they claim to be,
    `silent` the names of the sensors that have said nothing for the time after which a state is old.
    """

    command: Command
    reasons: tuple[Reason, ...]
    contradicted: tuple[int, ...] = ()
    silent: tuple[str, ...] = ()

    @property
    def reason(self) -> Reason:
        """The first intervention, or `pass`."""
        return self.reasons[0] if self.reasons else Reason.PASS


class CommandGate:
    """Checks one robot's commands; the most conservative answer wins.

    `allies` are the models of the other robots that there may be; all are of the own kind unless told. The only
    memory is the command last let through, from which acceleration is measured.
    """

    def __init__(self, model: RobotModel, limits: GateLimits, allies: Iterable[RobotModel] = ()) -> None:
        self.model = model
        self.limits = limits
        radii_m = {model.radius_m} | {ally.radius_m for ally in allies if model.sees(ally)}
        self._senses = {radius_m: senses_of(model, radius_m) for radius_m in sorted(radii_m)}
        self._horizon_s = limits.period_s + model.lag_s
        self._last = Command(-math.inf, 0.0, 0.0)

    def step(
        self,
        now_s: float,
        command: Command | None,
        state: RobotState | None,
        neighbours: Sequence[RobotState] = (),
        echoes: Sequence[Echo | None] = (),
        *,
        kinds: Sequence[RobotModel] = (),
        emergency_stop: bool = False,
    ) -> GateDecision:
        """Decide on the newest command, given the robot's own state, where its allies are said to be, and its echoes.

        There is an echo for each proximity sensor of the model, in its order, or none at all; `kinds` has a model for
        each of the `neighbours`, or none if all are of the own kind.
        """
        ranges_m = self._ranges_m(now_s, echoes)
        stop = self._stop_reason(now_s, command, state, emergency_stop)
        if stop is not None or command is None or state is None:
            decision = GateDecision(Command(now_s, 0.0, 0.0), (stop,) if stop else ())
        else:
            claims = [
                _Claim(other, _seen_from(state, other), kind)
                for other, kind in zip(neighbours, kinds or [self.model] * len(neighbours), strict=True)
            ]
            decision = self._limit(now_s, command, state, claims, ranges_m)
        self._last = decision.command
        sensors = zip(self.model.proximity, np.isnan(ranges_m).tolist(), strict=True)
        return replace(decision, silent=tuple(sensor.name for sensor, silent in sensors if silent))

    def _ranges_m(self, now_s: float, echoes: Sequence[Echo | None]) -> FloatArray:
        """What the sensors (S,) say now; NaN for those that say nothing."""
        newest = echoes or [None] * len(self.model.proximity)
        timeout_s = self.limits.state_timeout_s
        heard = [echo.range_m if echo and _fresh(now_s, echo.stamp_s, timeout_s) else math.nan for echo in newest]
        return np.array(heard)

    def _stop_reason(
        self, now_s: float, command: Command | None, state: RobotState | None, emergency_stop: bool
    ) -> Reason | None:
        if (command is not None and not command.is_finite()) or (state is not None and not state.is_finite()):
            return Reason.NON_FINITE
        if emergency_stop:
            return Reason.EMERGENCY_STOP
        if command is None or not _fresh(now_s, command.stamp_s, self.limits.command_timeout_s):
            return Reason.COMMAND_AGE
        if state is None or not _fresh(now_s, state.stamp_s, self.limits.state_timeout_s):
            return Reason.STATE_AGE
        return None

    def _limit(
        self,
        now_s: float,
        asked: Command,
        state: RobotState,
        claims: Sequence["_Claim"],
        ranges_m: FloatArray,
    ) -> GateDecision:
        reasons: list[Reason] = []
        contradicted: tuple[int, ...] = ()
        command = replace(asked, stamp_s=now_s)
        has_body = self.model.radius_m > 0
        if has_body:
            command = self._narrow(command, self._fence_v(command.v_mps, state), Reason.FENCE, reasons)
            views = self._views(state, ranges_m)
            contradicted = tuple(i for i, claim in enumerate(claims) if self._contradict(views, claim))
            believed = [claim for i, claim in enumerate(claims) if i not in contradicted]
            near = [Neighbour(each.state, self.model.spacing_to_m(each.kind)) for each in believed if self._meets(each)]
            clear = keep_clear(self.model, self._horizon_s, command, state, near)
            if clear != command:
                command = clear
                reasons.append(Reason.NEIGHBOUR)
            if views:
                v_mps = self._proximity_v(command, views, believed)
                command = self._narrow(command, v_mps, Reason.PROXIMITY, reasons)
        scale = self.model.speed_scale(command.v_mps, command.omega_radps)
        if scale < 1.0:
            command = command.scaled(scale)
            reasons.append(Reason.SPEED)
        reachable = self._accelerated(command)
        if reachable != command:
            command = reachable
            reasons.append(Reason.ACCELERATION)
        return GateDecision(command, tuple(reasons), contradicted)

    @staticmethod
    def _narrow(command: Command, v_mps: float, reason: Reason, reasons: list[Reason]) -> Command:
        if v_mps == command.v_mps:
            return command
        reasons.append(reason)
        return replace(command, v_mps=v_mps)

    def _fence_v(self, v_mps: float, state: RobotState) -> float:
        """The part of `v_mps` that keeps the body inside the arena during one period; turning stays free."""
        margin = self.model.radius_m + self.model.clearance_m
        low, high = margin, self.limits.arena_m - margin
        for position, direction in ((state.x_m, math.cos(state.heading_rad)), (state.y_m, math.sin(state.heading_rad))):
            outward = v_mps * direction
            room = high - position if outward > 0 else position - low
            v_mps = _limit_approach(v_mps, abs(outward), room, self._horizon_s)
        return v_mps

    def _meets(self, claim: "_Claim") -> bool:
        return self.model.meets(claim.kind)

    def _views(self, state: RobotState, ranges_m: FloatArray) -> dict[float, View]:
        """What the sensors see, for bodies of each radius that there may be; nothing if all are silent."""
        if np.isnan(ranges_m).all():
            return {}
        walls_m = ranges_to_walls(self.model, state.pose, self.limits.arena_m)
        return {radius_m: senses.look(ranges_m, walls_m) for radius_m, senses in self._senses.items()}

    def _contradict(self, views: Mapping[float, View], claim: "_Claim") -> bool:
        """Whether the sensors would have seen the claimant, and do not."""
        if not views or not self.model.sees(claim.kind):
            return False
        radius_m = claim.kind.radius_m
        return self._senses[radius_m].contradict(views[radius_m], claim.place)

    def _proximity_v(self, command: Command, views: Mapping[float, View], claims: Sequence["_Claim"]) -> float:
        """The part of the speed that uses up at most half of the way to anything that is seen, of whatever radius."""
        wanted_m = abs(command.v_mps) * self._horizon_s
        if wanted_m == 0.0:
            return command.v_mps
        ahead_rad = math.pi if command.v_mps < 0 else 0.0
        turned = (ahead_rad, ahead_rad + turn_of(self.model, self._horizon_s, command))
        places = {
            radius_m: [each.place for each in claims if self.model.sees(each.kind) and each.kind.radius_m == radius_m]
            for radius_m in views
        }
        explained = np.any(
            [self._senses[radius_m].explained(view, places[radius_m]) for radius_m, view in views.items()], axis=0
        )
        free_m = min(self._senses[radius_m].way_m(view, turned, explained) for radius_m, view in views.items())
        return command.v_mps * min(1.0, 0.5 * free_m / wanted_m)

    def _accelerated(self, command: Command) -> Command:
        """The command nearest to the wanted one that the wheels reach within one period.

        The wanted curvature is kept where some speed on it is reachable; otherwise the robot first slows down on
        the curvature it has.
        """
        reach = self.model.max_wheel_radps2 * self.limits.period_s
        if not math.isfinite(reach):
            return command
        wanted = self.model.wheels(command.v_mps, command.omega_radps)
        last = self.model.wheels(self._last.v_mps, self._last.omega_radps)
        low, high = 0.0, 1.0
        for w, was in zip(wanted, last, strict=True):
            if w == 0.0:
                if abs(was) > reach:
                    low, high = 1.0, 0.0
                continue
            bounds = sorted(((was - reach) / w, (was + reach) / w))
            low, high = max(low, bounds[0]), min(high, bounds[1])
        if high >= 1.0 and low <= high:
            return command
        if low <= high:
            return command.scaled(high)
        fastest = max(abs(w) for w in last)
        slower = max(0.0, 1.0 - reach / fastest)
        return replace(self._last.scaled(slower), stamp_s=command.stamp_s)


class _Claim(NamedTuple):
    """Where another robot is said to be, in the map and as the robot itself would see it, and what it is."""

    state: RobotState
    place: Place
    kind: RobotModel


def _fresh(now_s: float, stamp_s: float, timeout_s: float) -> bool:
    """Not older than the timeout; a stamp from the future is as untrustworthy as an old one."""
    return abs(now_s - stamp_s) <= timeout_s


def _seen_from(state: RobotState, other: RobotState) -> Place:
    """Where another robot is in a robot's own frame."""
    dx, dy = other.x_m - state.x_m, other.y_m - state.y_m
    cos, sin = math.cos(state.heading_rad), math.sin(state.heading_rad)
    return cos * dx + sin * dy, cos * dy - sin * dx


def _limit_approach(v_mps: float, approach_mps: float, room_m: float, period_s: float) -> float:
    """Scale `v_mps` so that approaching at `approach_mps` uses up at most `room_m` in one period."""
    if approach_mps * period_s <= room_m or approach_mps == 0.0:
        return v_mps
    return v_mps * max(0.0, room_m) / (approach_mps * period_s)
