"""Drivers: what stands between a robot's commands and its wheels, and says where it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from mir2_core.errors import UserError
from mir2_core.roster import RobotEntry, Roster
from mir2_core.types import Command, FloatArray, RobotState

HARDWARE = "hardware"  # the backend of real robots, which is no world


@dataclass(frozen=True)
class Inertia:
    """Acceleration with gravity, and turn rates, each forward, left and up."""

    acceleration_mps2: tuple[float, float, float]
    turn_radps: tuple[float, float, float]


@dataclass(frozen=True)
class Battery:
    """How full it is, from 0 to 1."""

    volts: float
    share: float


@dataclass(frozen=True)
class Reading:
    """What a robot knows of itself; the state's stamp is of `time.monotonic`, whoever publishes it has another clock.

    `covariance` is (3, 3), of x_m, y_m, heading_rad; `ranges_m` are those of the model's proximity sensors, and
    `ahead_m` of one that looks ahead and farther, `inf` where they see nothing.
    """

    state: RobotState
    covariance: FloatArray
    ranges_m: tuple[float, ...] = ()
    ahead_m: float | None = None
    inertia: Inertia | None = None
    battery: Battery | None = None


class Level(IntEnum):
    """How well a robot is."""

    OK = 0
    WARN = 1
    ERROR = 2


@dataclass(frozen=True)
class Health:
    """How well a robot is, in words, and figures by name."""

    level: Level
    text: str
    facts: Mapping[str, str] = field(default_factory=dict)


class Driver(Protocol):
    """One robot. Whoever holds it calls `apply` again and again; a robot that is not told anything stands."""

    def read(self) -> Reading | None:
        """The newest reading; None while the robot does not say where it is."""
        ...

    def apply(self, command: Command) -> Command:
        """Drive with a body velocity; returns the one that the robot was really told."""
        ...

    def show_traitor(self, traitor: bool) -> None:
        """Let a robot that is compromised be seen as such, if it can."""
        ...

    def health(self) -> Health:
        """How it is doing."""
        ...

    def close(self) -> None:
        """Make the robot stand and leave it."""
        ...


class DriverModule(Protocol):
    """A module that makes the drivers of one robot kind."""

    def address(self, robot: RobotEntry) -> str:
        """Where the robot is reached; raises `UserError` where its `driver` settings in the roster are wrong."""
        ...

    def make_driver(self, robot: RobotEntry, memory: Path | None = None, *, resume: bool = False) -> Driver:
        """The driver of a robot, which is at its start.

        Or, to `resume`, where one that has died left it, as that one has written into the file `memory`.
        """
        ...


# Imported when used: a robot needs the one of its kind only.
DRIVERS = {"epuck2": "mir2_hardware.epuck2.driver"}


def driver_module(robot: RobotEntry) -> DriverModule:
    """The module that drives a robot; a `UserError` lists the kinds that have one."""
    if robot.kind not in DRIVERS:
        raise UserError(
            f"robot '{robot.name}': there is no driver for the kind '{robot.kind}'; kinds with one: "
            f"{', '.join(sorted(DRIVERS))}; or choose another backend than {HARDWARE}"
        )
    return cast(DriverModule, import_module(DRIVERS[robot.kind]))


def require_drivable(roster: Roster) -> None:
    """Raise `UserError` unless every robot has a driver, an address of its own, and a start."""
    taken: dict[str, str] = {}
    for robot in roster.robots:
        address = driver_module(robot).address(robot)
        if address in taken:
            raise UserError(
                f"robots '{taken[address]}' and '{robot.name}' have the same address {address}; give each its own "
                "under 'driver'"
            )
        taken[address] = robot.name
        if robot.start is None:
            raise UserError(
                f"robot '{robot.name}' has no start, from where its odometry counts; give the roster "
                "'start: {x_m: …, y_m: …, heading_rad: …}' and put the robot there"
            )
