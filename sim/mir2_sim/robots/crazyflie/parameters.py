"""What a Crazyflie 2.x is made of and how its firmware holds it.

Airframe, rotors and air: the model `cf2x` of gym-pybullet-drones, which names as its sources the identifications by
Luis and Le Ny (2016), Förster (2015) and Landry (2015); ground effect after Shi et al. (2019), downwash from flights at
the same laboratory. Controller: the gains that the firmware ships (`platform_defaults_cf2.h`), in SI units.
"""

import math
from dataclasses import dataclass

GRAVITY_MPS2 = 9.81


@dataclass(frozen=True)
class Airframe:
    """Mass, rotors and what the air does."""

    mass_kg: float = 0.027
    arm_m: float = 0.0397
    inertia_kgm2: tuple[float, float, float] = (1.4e-5, 1.4e-5, 2.17e-5)
    thrust_n_per_rpm2: float = 3.16e-10
    torque_nm_per_rpm2: float = 7.94e-12
    thrust_to_weight: float = 2.25
    rotor_radius_m: float = 0.0231348
    drag: tuple[float, float, float] = (9.1785e-7, 9.1785e-7, 10.311e-7)  # N per m/s and rad/s of all rotors together
    ground_effect: float = 11.36859
    downwash: tuple[float, float, float] = (2267.18, 0.16, -0.11)

    @property
    def most_thrust_n(self) -> float:
        """Of one rotor."""
        return self.thrust_to_weight * self.mass_kg * GRAVITY_MPS2 / 4.0

    @property
    def lowest_rotor_m(self) -> float:
        """Where the ground effect has added 4/15 of the thrust; it is taken to grow no more below."""
        return 0.25 * self.rotor_radius_m * math.sqrt(15.0 * self.ground_effect / 4.0)


@dataclass(frozen=True)
class Gains:
    """A cascade: height → climb, velocity → tilt and thrust, tilt → body rates → torque; 1/s where not said."""

    height: float = 2.0
    fastest_climb_mps: float = 0.5
    velocity: float = math.radians(25.0) * GRAVITY_MPS2  # 25° of tilt for 1 m/s
    velocity_integral: float = math.radians(1.0) * GRAVITY_MPS2  # 1/s²
    climb: float = 8.5  # 25000 of 65535 of the motors' range for 1 m/s
    climb_integral: float = 5.1  # 1/s²
    most_integral_mps2: tuple[float, float, float] = (1.0, 1.0, 4.0)
    most_tilt_rad: float = math.radians(20.0)
    attitude: float = 6.0
    rates: tuple[float, float, float] = (50.0, 50.0, 30.0)
    most_yaw_error_rad: float = 0.5  # by which the heading that is aimed at may be ahead


CF2X, FIRMWARE = Airframe(), Gains()
