"""Faults: pure, seeded transformers of a robot's command stream, and the schedule that switches them on."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mir2_core.errors import UserError, nearest
from mir2_core.robots import RobotModel
from mir2_core.types import Command, RobotState

FOREVER = math.inf
LONGEST_S = 86400.0  # a day; longer is until cleared


@dataclass(frozen=True)
class FaultContext:
    """What a fault may look at: the clock, what the policy wanted, where the robot and its allies are."""

    now_s: float
    step: int
    policy: Command | None
    state: RobotState | None
    others: Sequence[RobotState]


class CommandFault:
    """Base of all faults; `command` is what the compromised robot does instead of its policy."""

    def __init__(self, model: RobotModel, seed: Sequence[int]) -> None:
        self.model = model
        self.seed = seed

    def command(self, context: FaultContext) -> Command:
        """The command at `context.now_s`; standing still where the fault lacks what it needs."""
        raise NotImplementedError


class Stop(CommandFault):
    """Stand still."""

    def command(self, context: FaultContext) -> Command:
        """Zero, always."""
        return Command(context.now_s, 0.0, 0.0)


class Freeze(CommandFault):
    """Hold the command that was current when the fault began."""

    def __init__(self, model: RobotModel, seed: Sequence[int]) -> None:
        super().__init__(model, seed)
        self._held: Command | None = None

    def command(self, context: FaultContext) -> Command:
        """The held command with a new stamp."""
        self._held = self._held or context.policy
        held = self._held or Command(context.now_s, 0.0, 0.0)
        return Command(context.now_s, held.v_mps, held.omega_radps)


class RandomCommand(CommandFault):
    """Both wheels at independent uniform speeds, drawn anew every step from the seeds and the step number."""

    def command(self, context: FaultContext) -> Command:
        """The same command for the same seed and step."""
        wheels = np.random.default_rng([*self.seed, context.step]).uniform(-1.0, 1.0, 2) * self.model.max_wheel_radps
        return Command(context.now_s, *self.model.twist(float(wheels[0]), float(wheels[1])))


class Reverse(CommandFault):
    """The opposite of what the policy wants."""

    def command(self, context: FaultContext) -> Command:
        """The negated policy command."""
        if context.policy is None:
            return Command(context.now_s, 0.0, 0.0)
        return Command(context.now_s, -context.policy.v_mps, -context.policy.omega_radps)


class Flee(CommandFault):
    """Drive away from the others' centroid as fast as the robot can."""

    TURN_GAIN = 4.0

    def command(self, context: FaultContext) -> Command:
        """Turn towards the way out and drive by how well the robot faces it."""
        if context.state is None or not context.others:
            return Command(context.now_s, 0.0, 0.0)
        away_x = context.state.x_m - float(np.mean([other.x_m for other in context.others]))
        away_y = context.state.y_m - float(np.mean([other.y_m for other in context.others]))
        error = math.atan2(away_y, away_x) - context.state.heading_rad
        error = math.atan2(math.sin(error), math.cos(error))
        v = self.model.max_v_mps * max(0.0, math.cos(error))
        omega = self.TURN_GAIN * error
        return Command(context.now_s, v, omega).scaled(self.model.speed_scale(v, omega))


FAULTS: dict[str, type[CommandFault]] = {
    "stop": Stop,
    "freeze": Freeze,
    "random": RandomCommand,
    "reverse": Reverse,
    "flee": Flee,
}


@dataclass(frozen=True)
class FaultSpec:
    """One robot's fault and when it holds: [start_s, end_s)."""

    kind: str
    robot: str
    start_s: float
    end_s: float = FOREVER

    def active(self, now_s: float) -> bool:
        """Whether the fault holds at a time."""
        return self.start_s <= now_s < self.end_s


def check_fault(kind: str, robot: str, duration_s: float, robots: Sequence[str]) -> None:
    """Refuse an unknown fault, an unknown robot or an impossible duration."""
    if kind not in FAULTS:
        raise UserError(f"unknown fault '{kind}'; {nearest(kind, FAULTS)}")
    if robot not in robots:
        raise UserError(f"unknown robot '{robot}'; {nearest(robot, robots)}")
    if not 0 <= duration_s <= LONGEST_S:
        raise UserError(f"duration_s is {duration_s:g}; allowed: 0 (until cleared) to {LONGEST_S:g} seconds")


def parse_faults(text: str, robots: Sequence[str]) -> list[FaultSpec]:
    """Read `kind@robot:start[:duration]`, several separated by commas, as given on the launch line."""
    specs: list[FaultSpec] = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        match = re.fullmatch(r"([^@:]+)@([^@:]+):([^:]+)(?::([^:]+))?", item)
        if not match:
            raise UserError(
                f"fault '{item}' is not of the form kind@robot:start_s[:duration_s], such as random@robot_0:5"
            )
        kind, robot = match[1], match[2]
        start_s = _seconds(match[3], "start_s", item)
        duration_s = _seconds(match[4], "duration_s", item) if match[4] else 0.0
        check_fault(kind, robot, duration_s, robots)
        if any(spec.robot == robot for spec in specs):
            raise UserError(f"fault '{item}': robot '{robot}' already has a fault on this line; give each robot one")
        specs.append(FaultSpec(kind, robot, start_s, start_s + duration_s if duration_s else FOREVER))
    return specs


def _seconds(text: str, name: str, item: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= LONGEST_S:
        raise UserError(f"fault '{item}': {name} is '{text}'; allowed: 0 to {LONGEST_S:g} seconds")
    return value


class FaultSchedule:
    """The faults of a team, at most one a robot."""

    def __init__(self, specs: Sequence[FaultSpec] = ()) -> None:
        self._specs = {spec.robot: spec for spec in specs}

    def __iter__(self) -> Iterator[FaultSpec]:
        return iter(self._specs.values())

    def inject(self, spec: FaultSpec) -> None:
        """Begin or replace a robot's fault."""
        self._specs[spec.robot] = spec

    def clear(self, robot: str = "") -> list[FaultSpec]:
        """Forget one robot's fault, or all of them; returns what was forgotten."""
        cleared = [spec for spec in self._specs.values() if robot in ("", spec.robot)]
        for spec in cleared:
            del self._specs[spec.robot]
        return cleared

    def expire(self, now_s: float) -> list[FaultSpec]:
        """Forget and return the faults whose time is up."""
        over = [spec for spec in self._specs.values() if now_s >= spec.end_s]
        for spec in over:
            del self._specs[spec.robot]
        return over


class FaultHistory:
    """Who was compromised when, rebuilt from announcements of the faults that are active or scheduled."""

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}
        self._current: dict[str, FaultSpec] = {}
        self._past: list[FaultSpec] = []

    def update(self, now_s: float, faults: Sequence[tuple[str, str, float, float]]) -> None:
        """Take in an announcement made at `now_s`: (robot, kind, start_s, end_s or 0) of every fault."""
        announced = {robot: FaultSpec(kind, robot, start_s, end_s or FOREVER) for robot, kind, start_s, end_s in faults}
        for robot, spec in self._current.items():
            if announced.get(robot) != spec:
                self._past.append(replace(spec, end_s=min(spec.end_s, now_s)))
        self._current = announced
        self.kinds.update({robot: spec.kind for robot, spec in announced.items()})

    def compromised_at(self, time_s: float) -> set[str]:
        """The robots whose fault was active at a time."""
        return {spec.robot for spec in (*self._past, *self._current.values()) if spec.active(time_s)}
