"""How a gate keeps its robot clear of neighbours whose places it knows."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from mir2_core.robots import RobotModel
from mir2_core.types import Command, RobotState

MAX_DETOUR_RAD = math.radians(85.0)  # a robot whose way is closed may be turned this far off the direction it asked for
ROUNDING = 1e-9


class Neighbour(NamedTuple):
    """Where another robot is, and how near it may come, centre to centre."""

    state: RobotState
    spacing_m: float


def keep_clear(
    model: RobotModel, period_s: float, command: Command, state: RobotState, neighbours: Sequence[Neighbour]
) -> Command:
    """The command that uses up at most half of the room to any neighbour during one period.

    The other half is the neighbour's. Where that closes the asked direction, the robot turns to the nearest open
    one, so that two that converge go on side by side; where none is near, it stands.
    """
    if abs(command.v_mps) * period_s == 0.0:
        return command
    obstacles = _obstacles(period_s, command.v_mps, state, neighbours)
    if obstacles is None:
        return replace(command, v_mps=0.0)
    fastest = model.max_omega_radps
    turn_rad = turn_of(model, period_s, command)
    open_rad = _nearest_open(turn_rad, obstacles)
    if open_rad != turn_rad:
        command = replace(command, omega_radps=clip(open_rad / period_s, -fastest, fastest))
        turn_rad = command.omega_radps * period_s
    part = min((obstacle.part(turn_rad) for obstacle in obstacles), default=1.0)
    return replace(command, v_mps=command.v_mps * part)


def turn_of(model: RobotModel, period_s: float, command: Command) -> float:
    """How far the command turns the robot during one period, as far as its wheels can."""
    return clip(command.omega_radps, -model.max_omega_radps, model.max_omega_radps) * period_s


def clip(value: float, low: float, high: float) -> float:
    """The number between the two that is nearest to the value."""
    return max(low, min(high, value))


def _obstacles(
    period_s: float, v_mps: float, state: RobotState, neighbours: Sequence[Neighbour]
) -> list["_Obstacle"] | None:
    """The neighbours to which driving straight there would use up more than half of the room.

    None if it is not known where a neighbour is: not a number, or at the very same place.
    """
    direction_rad = state.heading_rad + (math.pi if v_mps < 0 else 0.0)
    obstacles = []
    for other, spacing_m in neighbours:
        dx, dy = other.x_m - state.x_m, other.y_m - state.y_m
        distance_m = math.hypot(dx, dy)
        if not math.isfinite(distance_m) or distance_m == 0.0:
            return None
        room_m = max(0.0, distance_m - spacing_m)
        cos = 0.5 * room_m / (abs(v_mps) * period_s)
        if cos < 1.0:
            bearing_rad = math.remainder(math.atan2(dy, dx) - direction_rad, 2.0 * math.pi)
            obstacles.append(_Obstacle(bearing_rad, cos))
    return obstacles


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
        cos = math.cos(self.bearing_rad - clip(self.bearing_rad, min(0.0, turn_rad), max(0.0, turn_rad)))
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
