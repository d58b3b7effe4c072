"""Robot kinds, one file each."""

from mir2_core.errors import UserError, nearest
from mir2_core.robots.crazyflie import CRAZYFLIE
from mir2_core.robots.epuck2 import EPUCK2, EPUCK2_POINT
from mir2_core.robots.model import ProximitySensor, RobotModel
from mir2_core.robots.turtlebot3_burger import TURTLEBOT3_BURGER

ROBOTS: dict[str, RobotModel] = {model.name: model for model in (EPUCK2, EPUCK2_POINT, TURTLEBOT3_BURGER, CRAZYFLIE)}


def robot_model(kind: str) -> RobotModel:
    """The model of a kind; a `UserError` lists the valid ones."""
    if kind not in ROBOTS:
        raise UserError(f"unknown robot kind '{kind}'; {nearest(kind, ROBOTS)}")
    return ROBOTS[kind]


__all__ = [
    "CRAZYFLIE",
    "EPUCK2",
    "EPUCK2_POINT",
    "ROBOTS",
    "TURTLEBOT3_BURGER",
    "ProximitySensor",
    "RobotModel",
    "robot_model",
]
