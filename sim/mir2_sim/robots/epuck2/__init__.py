"""The e-puck2."""

from pathlib import Path

from mir2_sim.robots.wheels import Wheeled

# A wheel grips up to about 0.009 N m (friction 0.8, half of 0.11 kg, radius 0.020 m): motors stall before it spins.
EPUCK2 = Wheeled(
    Path(__file__).with_name("epuck2.urdf"),
    motor_torque_nm=0.006,
    wheel_friction=0.8,
    skid_friction=0.1,
    body_friction=0.5,
)
