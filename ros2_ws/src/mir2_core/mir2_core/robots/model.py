"""What a robot that drives, or flies at one height, can do."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np


@dataclass(frozen=True)
class ProximitySensor:
    """A distance sensor on the rim of a body that looks straight out.

    `bearing_rad` is counted from straight ahead to the left, distances from the rim; `noise_m` is a standard deviation.
    """

    name: str
    bearing_rad: float
    field_of_view_rad: float
    range_m: float
    noise_m: float


@dataclass(frozen=True)
class RobotModel:
    """Kinematics, limits, footprint and senses of one robot kind.

    `policy_kind` is the robot kind that a policy bundle must have been made for. A radius of zero means a point
    without a body: the gate then keeps neither walls nor neighbours away from it. What flies has no wheels: those
    given are imagined, of 1 m so that their rad/s are m/s, and say how much of speed and turning it can do at once.

    `height_m` is that of flight, of the body's middle; 0 for what drives. The body reaches from `body_m[0]` to
    `body_m[1]` above it, and nothing else may be within `air_m` above or below that. `eye_m` is how high its
    proximity sensors are. For `lag_s` it goes on as it did when told something else; gates look so much further ahead.
    """

    name: str
    policy_kind: str
    wheel_radius_m: float
    axle_m: float
    max_wheel_radps: float
    max_wheel_radps2: float
    radius_m: float
    clearance_m: float
    lag_s: float = 0.0
    proximity: tuple[ProximitySensor, ...] = ()
    height_m: float = 0.0
    body_m: tuple[float, float] = (0.0, 0.05)
    air_m: float = 0.0
    eye_m: float = 0.025

    @property
    def flies(self) -> bool:
        """Whether it has a height to be told."""
        return self.height_m > 0.0

    def at(self, height_m: float) -> Self:
        """The same robot, flying at another height."""
        return replace(self, height_m=height_m)

    @property
    def max_v_mps(self) -> float:
        """Fastest straight drive."""
        return self.max_wheel_radps * self.wheel_radius_m

    @property
    def max_omega_radps(self) -> float:
        """Fastest turn on the spot."""
        return 2.0 * self.max_v_mps / self.axle_m

    @property
    def spacing_m(self) -> float:
        """Nearest that two robots of this kind may come, centre to centre."""
        return 2.0 * self.radius_m + self.clearance_m

    def meets(self, other: "RobotModel") -> bool:
        """Whether the two have bodies and come so near in height that neither may be above the other."""
        air_m = max(self.air_m, other.air_m)
        below = self.height_m + self.body_m[0] - air_m < other.height_m + other.body_m[1]
        above = other.height_m + other.body_m[0] - air_m < self.height_m + self.body_m[1]
        return self.radius_m > 0.0 and other.radius_m > 0.0 and below and above

    def sees(self, other: "RobotModel") -> bool:
        """Whether its proximity sensors look at the height of the other's body."""
        low_m, high_m = (other.height_m + end_m for end_m in other.body_m)
        return other.radius_m > 0.0 and low_m <= self.height_m + self.eye_m <= high_m

    def spacing_to_m(self, other: "RobotModel") -> float:
        """Nearest that the two may come in the plane, centre to centre; 0 where one may be above the other."""
        between_m = self.radius_m + other.radius_m + max(self.clearance_m, other.clearance_m)
        return between_m if self.meets(other) else 0.0

    def wheels(self, v_mps: float, omega_radps: float) -> tuple[float, float]:
        """Left and right wheel speed in rad/s for a body velocity."""
        half = 0.5 * omega_radps * self.axle_m
        return ((v_mps - half) / self.wheel_radius_m, (v_mps + half) / self.wheel_radius_m)

    def twist(self, left_radps: float, right_radps: float) -> tuple[float, float]:
        """v_mps and omega_radps of two wheel speeds."""
        v = 0.5 * (left_radps + right_radps) * self.wheel_radius_m
        return v, (right_radps - left_radps) * self.wheel_radius_m / self.axle_m

    def twist_to_action(self, v_mps: Any, omega_radps: Any, xp: Any = np) -> Any:
        """The action (..., 2), wheel speeds in units of the fastest, that gives body velocities, arrays (...) of `xp`.

        It is beyond [−1, 1] if the robot cannot reach them.
        """
        return xp.stack(self.wheels(v_mps, omega_radps), axis=-1) / self.max_wheel_radps

    def action_to_twist(self, action: Any) -> tuple[float, float]:
        """v_mps and omega_radps of an action (2,)."""
        return self.twist(*map(float, self.max_wheel_radps * action))

    def speed_scale(self, v_mps: float, omega_radps: float) -> float:
        """The largest factor in [0, 1] that brings both wheels within their limit."""
        fastest = float(np.max(np.abs(self.wheels(v_mps, omega_radps))))
        return 1.0 if fastest <= self.max_wheel_radps * (1 + 1e-9) else self.max_wheel_radps / fastest
