"""The TurtleBot3 burger.

Speeds and size: the specifications in ROBOTIS' e-Manual. Wheels, and how high the lidar is: `turtlebot3_description`.
Radius and acceleration: `turtlebot3_navigation2`. The lidar, an LDS-01, reaches from 0.12 to 3.5 m, with a precision of
10 mm below half a metre.
"""

import numpy as np

from mir2_core.robots.model import ProximitySensor, RobotModel

WHEEL_RADIUS_M = 0.033
SECTORS = 12

# The nearest return in each twelfth of a turn; what is farther than 0.2 m away matters to no gate.
SCAN = tuple(
    ProximitySensor(f"scan{i}", 2.0 * np.pi * i / SECTORS, 2.0 * np.pi / SECTORS, range_m=0.2, noise_m=0.005)
    for i in range(SECTORS)
)

TURTLEBOT3_BURGER = RobotModel(
    name="turtlebot3_burger",
    policy_kind="epuck2",
    wheel_radius_m=WHEEL_RADIUS_M,
    axle_m=0.160,
    max_wheel_radps=0.22 / WHEEL_RADIUS_M,
    max_wheel_radps2=2.5 / WHEEL_RADIUS_M,
    radius_m=0.105,
    clearance_m=0.020,
    proximity=SCAN,
    body_m=(0.0, 0.192),
    eye_m=0.182,
)
