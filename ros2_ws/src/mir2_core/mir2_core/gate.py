"""The command gate: the last thing between any commander and a driver."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from mir2_core.robots import RobotModel
from mir2_core.types import Command, RobotState

MAX_DETOUR_RAD = math.radians(85.0)  # a robot whose way is closed may be turned this far off the direction it asked for
ROUNDING = 1e-9


class Reason(StrEnum):
    """Why the gate changed a command, in the order of its checks."""

    PASS = "pass"
    NON_FINITE = "non_finite"
    EMERGENCY_STOP = "emergency_stop"
    COMMAND_AGE = "command_age"
    STATE_AGE = "state_age"
    FENCE = "fence"
    NEIGHBOUR = "neighbour"
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
    """What goes to the driver, and every reason for which it differs from what was asked."""

    command: Command
    reasons: tuple[Reason, ...]

    @property
    def reason(self) -> Reason:
        """The first intervention, or `pass`."""
        return self.reasons[0] if self.reasons else Reason.PASS


class CommandGate:
    """Checks one robot's commands; the most conservative answer wins.

    The only memory is the command last let through, from which acceleration is measured.
    """

    def __init__(self, model: RobotModel, limits: GateLimits) -> None:
        self.model = model
        self.limits = limits
        self._last = Command(-math.inf, 0.0, 0.0)

    def step(
        self,
        now_s: float,
        command: Command | None,
        state: RobotState | None,
        neighbours: Sequence[RobotState] = (),
        *,
        emergency_stop: bool = False,
    ) -> GateDecision:
        """Decide on the newest command, given the robot's own state and its allies' last known states."""
        stop = self._stop_reason(now_s, command, state, emergency_stop)
        if stop is not None or command is None or state is None:
            decision = GateDecision(Command(now_s, 0.0, 0.0), (stop,) if stop else ())
        else:
            decision = self._limit(now_s, command, state, neighbours)
        self._last = decision.command
        return decision

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

    def _limit(self, now_s: float, asked: Command, state: RobotState, neighbours: Sequence[RobotState]) -> GateDecision:
        reasons: list[Reason] = []
        command = replace(asked, stamp_s=now_s)
        has_body = self.model.radius_m > 0
        if has_body:
            command = self._narrow(command, self._fence_v(command.v_mps, state), Reason.FENCE, reasons)
            clear = self._keep_clear(command, state, neighbours)
            if clear != command:
                command = clear
                reasons.append(Reason.NEIGHBOUR)
        scale = self.model.speed_scale(command.v_mps, command.omega_radps)
        if scale < 1.0:
            command = command.scaled(scale)
            reasons.append(Reason.SPEED)
        reachable = self._accelerated(command)
        if reachable != command:
            command = reachable
            reasons.append(Reason.ACCELERATION)
        return GateDecision(command, tuple(reasons))

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
            v_mps = _limit_approach(v_mps, abs(outward), room, self.limits.period_s)
        return v_mps

    def _keep_clear(self, command: Command, state: RobotState, neighbours: Sequence[RobotState]) -> Command:
        """The command that uses up at most half of the room to any neighbour during one period.

        The other half is the neighbour's. Where that closes the asked direction, the robot turns to the nearest open
        one, so that two that converge go on side by side; where none is near, it stands.
        """
        if abs(command.v_mps) * self.limits.period_s == 0.0:
            return command
        obstacles = self._obstacles(command.v_mps, state, neighbours)
        if obstacles is None:
            return replace(command, v_mps=0.0)
        fastest, period_s = self.model.max_omega_radps, self.limits.period_s
        turn_rad = _clip(command.omega_radps, -fastest, fastest) * period_s
        open_rad = _nearest_open(turn_rad, obstacles)
        if open_rad != turn_rad:
            command = replace(command, omega_radps=_clip(open_rad / period_s, -fastest, fastest))
            turn_rad = command.omega_radps * period_s
        part = min((obstacle.part(turn_rad) for obstacle in obstacles), default=1.0)
        return replace(command, v_mps=command.v_mps * part)

    def _obstacles(self, v_mps: float, state: RobotState, neighbours: Sequence[RobotState]) -> list["_Obstacle"] | None:
        """The neighbours to which driving straight there would use up more than half of the room.

        None if it is not known where a neighbour is: not a number, or at the very same place.
        """
        direction_rad = state.heading_rad + (math.pi if v_mps < 0 else 0.0)
        obstacles = []
        for other in neighbours:
            dx, dy = other.x_m - state.x_m, other.y_m - state.y_m
            distance_m = math.hypot(dx, dy)
            if not math.isfinite(distance_m) or distance_m == 0.0:
                return None
            room_m = max(0.0, distance_m - self.model.spacing_m)
            cos = 0.5 * room_m / (abs(v_mps) * self.limits.period_s)
            if cos < 1.0:
                bearing_rad = math.remainder(math.atan2(dy, dx) - direction_rad, 2.0 * math.pi)
                obstacles.append(_Obstacle(bearing_rad, cos))
        return obstacles

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


def _fresh(now_s: float, stamp_s: float, timeout_s: float) -> bool:
    """Not older than the timeout; a stamp from the future is as untrustworthy as an old one."""
    return abs(now_s - stamp_s) <= timeout_s


class _Obstacle(NamedTuple):
    """A near neighbour: its bearing from the direction of motion, and the largest cosine that full speed may have."""

    bearing_rad: float
    max_cos: float

    def closes(self, direction_rad: float) -> bool:
        """Whether motion in that direction, at full speed, would come too near."""
        return _angle(direction_rad, self.bearing_rad) < math.acos(self.max_cos) - ROUNDING

    def edges(self) -> tuple[float, float]:
        """The directions between which the way is closed."""
        half = math.acos(self.max_cos)
        return self.bearing_rad - half, self.bearing_rad + half

    def part(self, turn_rad: float) -> float:
        """The part of the speed that is allowed while the robot turns: the most direct moment counts."""
        cos = math.cos(self.bearing_rad - _clip(self.bearing_rad, min(0.0, turn_rad), max(0.0, turn_rad)))
        return 1.0 if cos <= self.max_cos + ROUNDING else self.max_cos / cos


def _nearest_open(asked_rad: float, obstacles: Sequence[_Obstacle]) -> float:
    """The direction nearest to the asked one that no obstacle closes; the asked one itself if none is near."""
    if not any(obstacle.closes(asked_rad) for obstacle in obstacles):
        return asked_rad
    edges = [math.remainder(edge, 2.0 * math.pi) for obstacle in obstacles for edge in obstacle.edges()]
    detours = [(_angle(edge, asked_rad), edge) for edge in edges if not any(o.closes(edge) for o in obstacles)]
    detour_rad, edge_rad = min(detours, default=(math.inf, asked_rad))
    return edge_rad if detour_rad <= MAX_DETOUR_RAD else asked_rad


def _angle(a_rad: float, b_rad: float) -> float:
    """Between two directions, in [0, π]."""
    return abs(math.remainder(a_rad - b_rad, 2.0 * math.pi))


def _clip(value: float, low: float, high: float) -> float:
    return max(low, min(high, value))


def _limit_approach(v_mps: float, approach_mps: float, room_m: float, period_s: float) -> float:
    """Scale `v_mps` so that approaching at `approach_mps` uses up at most `room_m` in one period."""
    if approach_mps * period_s <= room_m or approach_mps == 0.0:
        return v_mps
    return v_mps * max(0.0, room_m) / (approach_mps * period_s)
