"""The roster: who takes part in a deployment, and where."""

import re
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, field_validator, model_validator

from mir2_core.allies import TrustSettings
from mir2_core.config import StrictModel, load_yaml
from mir2_core.errors import UserError, nearest
from mir2_core.robots import ROBOTS, RobotModel
from mir2_core.types import FloatArray
from mir2_core.vote import MOST_LIARS

MAX_ROBOTS = 64
LONGEST_NAME = 64
LOWEST_M, HIGHEST_M = 0.3, 3.0  # that robots fly at
DEFAULT_KIND = "epuck2"
ALL = "all"
ROBOT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class StartPose(StrictModel):
    """Where a robot begins, in the map frame whose origin is the arena's corner."""

    x_m: float = Field(allow_inf_nan=False)
    y_m: float = Field(allow_inf_nan=False)
    heading_rad: float = Field(default=0.0, allow_inf_nan=False)


class Arena(StrictModel):
    """The square [0, size_m] × [0, size_m]."""

    size_m: float = Field(gt=0, le=100, allow_inf_nan=False)


class Timeouts(StrictModel):
    """How old the newest thing heard may be, in seconds; what is older counts as silence.

    `command_s` is the gate's for commands, `state_s` the gate's for its robot's state, `driver_s` the driver's for
    commands. How long allies are believed is a matter of `trust`.
    """

    command_s: float = Field(default=0.3, gt=0, le=60)
    state_s: float = Field(default=0.5, gt=0, le=60)
    driver_s: float = Field(default=0.3, gt=0, le=60)


class RobotSettings(StrictModel):
    """What robots may share: a robot's own value wins over that of its kind, and that over the one for all."""

    stamped_cmd_vel: bool = True
    height_m: float | None = Field(
        default=None, ge=LOWEST_M, le=HIGHEST_M, description="of flight; that of the kind unless told"
    )
    driver: dict[str, Any] = Field(default_factory=dict)


class RobotEntry(RobotSettings):
    """One robot of the team."""

    name: str
    kind: str = DEFAULT_KIND
    start: StartPose | None = None

    @field_validator("name")
    @classmethod
    def _ros_name(cls, name: str) -> str:
        if not ROBOT_NAME.fullmatch(name) or len(name) > LONGEST_NAME:
            raise ValueError(
                f"a robot's name begins with a letter and holds letters, digits and '_' only, at most {LONGEST_NAME}"
            )
        return name

    @field_validator("kind")
    @classmethod
    def _known_kind(cls, kind: str) -> str:
        if kind not in ROBOTS:
            raise ValueError(f"unknown robot kind; {nearest(kind, ROBOTS)}")
        return kind

    @property
    def model(self) -> RobotModel:
        """Its kind's model, at the height that it is to fly at."""
        model = ROBOTS[self.kind]
        return model if self.height_m is None else model.at(self.height_m)


class Roster(StrictModel):
    """A deployment's team, task and place."""

    task: str = "rendezvous"
    arena: Arena
    policy: str
    rate_hz: float = Field(default=10.0, gt=0, le=200, allow_inf_nan=False)
    allow_fault_injection: bool = False
    timeouts: Timeouts = Timeouts()
    trust: TrustSettings = TrustSettings()
    tracking: Literal["none", "trusted"] = Field(
        default="none", description="trusted: the lab vouches for every robot's odom, and gates believe it over reports"
    )
    vote: int = Field(default=0, ge=0, le=MOST_LIARS, description="liars that robots withstand by voting; 0: none")
    min_allies: int = Field(default=1, ge=0, le=MAX_ROBOTS, description="with fewer present, a robot stands")
    defaults: dict[str, RobotSettings] = Field(default_factory=dict)
    robots: list[RobotEntry] = Field(min_length=2, max_length=MAX_ROBOTS)

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, data: Any) -> Any:
        """Fill in what robots leave to `defaults`, by kind or for `all`; what has a wrong shape is refused later."""
        defaults = _mapping(_mapping(data).get("defaults"))
        robots = _mapping(data).get("robots")
        if not defaults or not isinstance(robots, list):
            return data
        return data | {"robots": [_cascade(defaults, robot) if isinstance(robot, dict) else robot for robot in robots]}

    @field_validator("defaults")
    @classmethod
    def _known_kinds(cls, defaults: dict[str, RobotSettings]) -> dict[str, RobotSettings]:
        for kind in defaults:
            if kind not in (ALL, *ROBOTS):
                raise ValueError(f"unknown robot kind '{kind}'; {nearest(kind, (ALL, *ROBOTS))}")
        return defaults

    @model_validator(mode="after")
    def _consistent(self) -> "Roster":
        names = [robot.name for robot in self.robots]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"robot '{name}' appears {names.count(name)} times; every robot needs its own name")
        size = self.arena.size_m
        for robot in self.robots:
            if robot.height_m is not None and not ROBOTS[robot.kind].flies:
                flying = ", ".join(sorted(kind for kind, model in ROBOTS.items() if model.flies))
                raise ValueError(
                    f"robot '{robot.name}' has height_m {robot.height_m:g}, but its kind '{robot.kind}' does not fly; "
                    f"leave it out, or choose a kind that flies: {flying}"
                )
            if robot.start and not (0 <= robot.start.x_m <= size and 0 <= robot.start.y_m <= size):
                raise ValueError(
                    f"robot '{robot.name}' starts at x_m {robot.start.x_m:g}, y_m {robot.start.y_m:g}, outside the "
                    f"arena; allowed: 0 to {size:g} for both (arena.size_m)"
                )
        return self

    @classmethod
    def load(cls, path: Path | str) -> "Roster":
        """Read a roster file strictly."""
        return load_yaml(path, cls, "a roster (YAML)")

    def save(self, path: Path) -> None:
        """Write the roster so that `load` gives it back; every robot has its own settings then, without defaults."""
        document = self.model_dump(exclude_none=True, exclude={"defaults"})
        path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

    @property
    def names(self) -> list[str]:
        """Robot names in team order, the order of the observation."""
        return [robot.name for robot in self.robots]

    def robot(self, name: str) -> RobotEntry:
        """The entry of one robot."""
        for robot in self.robots:
            if robot.name == name:
                return robot
        raise UserError(f"unknown robot '{name}'; the roster has: {', '.join(self.names)}")

    def require_stamped_commands(self) -> None:
        """Refuse robots whose commands carry no time, by which lockstep tells one step from another."""
        for robot in self.robots:
            if not robot.stamped_cmd_vel:
                raise UserError(
                    f"robot '{robot.name}' has 'stamped_cmd_vel: false', but lockstep needs stamped commands; "
                    "set 'stamped_cmd_vel: true' in the roster, or choose mode:=realtime"
                )

    def with_starts(self, poses: FloatArray) -> "Roster":
        """The roster with these start poses (N, 3)."""
        robots = [
            robot.model_copy(update={"start": StartPose(x_m=x, y_m=y, heading_rad=heading)})
            for robot, (x, y, heading) in zip(self.robots, poses.tolist(), strict=True)
        ]
        return self.model_copy(update={"robots": robots})


def _mapping(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _cascade(defaults: dict[Any, Any], robot: dict[Any, Any]) -> dict[Any, Any]:
    """A robot's keys over those of its kind over those of all; `driver` is merged key by key."""
    layers = [_mapping(defaults.get(ALL)), _mapping(defaults.get(robot.get("kind", DEFAULT_KIND))), robot]
    settings = {key: value for layer in layers for key, value in layer.items()}
    drivers = [layer["driver"] for layer in layers if "driver" in layer]
    if drivers and all(isinstance(driver, dict) for driver in drivers):
        settings["driver"] = {key: value for driver in drivers for key, value in driver.items()}
    return settings
