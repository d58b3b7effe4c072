"""The roster: who takes part in a deployment, and where."""

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, field_validator, model_validator

from mir2_core.config import StrictModel, load_yaml
from mir2_core.errors import UserError
from mir2_core.robots import ROBOTS
from mir2_core.types import FloatArray

MAX_ROBOTS = 64
ROBOT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class StartPose(StrictModel):
    """Where a robot begins, in the map frame whose origin is the arena's corner."""

    x_m: float = Field(allow_inf_nan=False)
    y_m: float = Field(allow_inf_nan=False)
    heading_rad: float = Field(default=0.0, allow_inf_nan=False)


class Arena(StrictModel):
    """The square [0, size_m] × [0, size_m]."""

    size_m: float = Field(gt=0, le=100, allow_inf_nan=False)


class RobotEntry(StrictModel):
    """One robot of the team."""

    name: str
    kind: str = "epuck2"
    start: StartPose | None = None
    stamped_cmd_vel: bool = True
    driver: dict[str, Any] = Field(default_factory=dict)

    @field_validator("name")
    @classmethod
    def _ros_name(cls, name: str) -> str:
        if not ROBOT_NAME.fullmatch(name):
            raise ValueError("a robot's name begins with a letter and holds letters, digits and '_' only")
        return name

    @field_validator("kind")
    @classmethod
    def _known_kind(cls, kind: str) -> str:
        if kind not in ROBOTS:
            raise ValueError(f"unknown robot kind; valid: {', '.join(sorted(ROBOTS))}")
        return kind


class Roster(StrictModel):
    """A deployment's team, task and place."""

    task: str = "rendezvous"
    arena: Arena
    policy: str
    rate_hz: float = Field(default=10.0, gt=0, le=200, allow_inf_nan=False)
    allow_fault_injection: bool = False
    robots: list[RobotEntry] = Field(min_length=2, max_length=MAX_ROBOTS)

    @model_validator(mode="after")
    def _consistent(self) -> "Roster":
        names = [robot.name for robot in self.robots]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"robot '{name}' appears {names.count(name)} times; every robot needs its own name")
        size = self.arena.size_m
        for robot in self.robots:
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
        """Write the roster so that `load` gives it back."""
        path.write_text(yaml.safe_dump(self.model_dump(exclude_none=True), sort_keys=False), encoding="utf-8")

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
