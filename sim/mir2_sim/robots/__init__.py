"""The bodies of robot kinds in PyBullet, a folder a kind; what a kind can do and sense is in `mir2_core.robots`."""

from mir2_sim.robots.body import Body
from mir2_sim.robots.crazyflie import CRAZYFLIE
from mir2_sim.robots.epuck2 import EPUCK2
from mir2_sim.robots.turtlebot3_burger import TURTLEBOT3_BURGER

BODIES: dict[str, Body] = {"epuck2": EPUCK2, "turtlebot3_burger": TURTLEBOT3_BURGER, "crazyflie": CRAZYFLIE}
