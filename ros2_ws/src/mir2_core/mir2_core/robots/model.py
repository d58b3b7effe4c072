"""What a differential-drive robot can do."""

from dataclasses import dataclass
from typing import Any

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
    without a body: the gate then keeps neither walls nor neighbours away from it.
    """

    name: str
    policy_kind: str
    wheel_radius_m: float
    axle_m: float
    max_wheel_radps: float
    max_wheel_radps2: float
    radius_m: float
    clearance_m: float
    proximity: tuple[ProximitySensor, ...] = ()

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
