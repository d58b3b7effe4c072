"""The Crazyflie 2.x, flown in the plane: forward speed and turn rate at one height.

The radius is that of the collision cylinder in gym-pybullet-drones' model `cf2x`. The firmware's velocity controller
(`platform_defaults_cf2.h`) tilts by 20° at most, which accelerates by 3.6 m/s², and its position controller asks for 1
m/s at most; a swarm between walls may do half of both. By itself it senses nothing beside it, and has to be told.
"""

from mir2_core.robots.model import RobotModel

MAX_V_MPS = 0.5
MAX_OMEGA_RADPS = 3.0

CRAZYFLIE = RobotModel(
    name="crazyflie",
    policy_kind="epuck2",
    wheel_radius_m=1.0,
    axle_m=2.0 * MAX_V_MPS / MAX_OMEGA_RADPS,
    max_wheel_radps=MAX_V_MPS,
    max_wheel_radps2=1.8,
    radius_m=0.060,
    clearance_m=0.060,
    lag_s=0.3,
    height_m=0.5,
    body_m=(-0.0125, 0.0125),
    air_m=0.28,
    eye_m=0.0,
)
