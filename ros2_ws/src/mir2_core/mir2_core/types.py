"""Stamped values that flow between drivers, policies, gates and faults."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def to_quaternion(heading_rad: float) -> tuple[float, float]:
    """The parts z and w of the quaternion of a heading in the plane; x and y are zero."""
    return math.sin(0.5 * heading_rad), math.cos(0.5 * heading_rad)


def to_heading(x: float, y: float, z: float, w: float) -> float:
    """The heading, in [0, 2π), of a quaternion."""
    return math.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z)) % math.tau


@dataclass(frozen=True, slots=True)
class RobotState:
    """Planar pose in the map frame and body velocity of one robot."""

    stamp_s: float
    x_m: float
    y_m: float
    heading_rad: float
    v_mps: float = 0.0
    omega_radps: float = 0.0

    @property
    def pose(self) -> tuple[float, float, float]:
        """x_m, y_m, heading_rad."""
        return (self.x_m, self.y_m, self.heading_rad)

    @property
    def as_told(self) -> "RobotState":
        """The same with the heading that a message gives back, to the last bit."""
        return replace(self, heading_rad=to_heading(0.0, 0.0, *to_quaternion(self.heading_rad)))

    def is_finite(self) -> bool:
        """Whether every number is finite."""
        return all(map(math.isfinite, (self.stamp_s, *self.pose, self.v_mps, self.omega_radps)))


@dataclass(frozen=True, slots=True)
class Echo:
    """What a proximity sensor says: how far from the rim the nearest thing in its view is; `inf` if nothing is."""

    stamp_s: float
    range_m: float


@dataclass(frozen=True, slots=True)
class Command:
    """Body velocity wanted at a time."""

    stamp_s: float
    v_mps: float
    omega_radps: float

    def is_finite(self) -> bool:
        """Whether every number is finite."""
        return all(map(math.isfinite, (self.stamp_s, self.v_mps, self.omega_radps)))

    def scaled(self, factor: float) -> "Command":
        """The same curvature at another speed."""
        return replace(self, v_mps=self.v_mps * factor, omega_radps=self.omega_radps * factor)

    def stopped(self) -> "Command":
        """Standing still."""
        return replace(self, v_mps=0.0, omega_radps=0.0)
