"""The TurtleBot3 burger."""

from pathlib import Path

from mir2_sim.robots.wheels import Wheeled

# A wheel grips up to about 0.12 N m (friction 0.9, 4 N of load, radius 0.033 m). The Dynamixel XL430 stalls at about
# 1 N m; the maker limits acceleration instead. Here a motor stalls before its wheel spins, as a robot that pushes does.
TURTLEBOT3_BURGER = Wheeled(
    Path(__file__).with_name("turtlebot3_burger.urdf"),
    motor_torque_nm=0.10,
    wheel_friction=0.9,
    skid_friction=0.1,
    body_friction=0.4,
)
