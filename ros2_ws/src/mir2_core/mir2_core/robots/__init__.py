"""Robot kinds, one file each."""

from mir2_core.errors import UserError, nearest
from mir2_core.robots.epuck2 import EPUCK2, EPUCK2_POINT
from mir2_core.robots.model import ProximitySensor, RobotModel

ROBOTS: dict[str, RobotModel] = {model.name: model for model in (EPUCK2, EPUCK2_POINT)}


def robot_model(kind: str) -> RobotModel:
    """The model of a kind; a `UserError` lists the valid ones."""
    if kind not in ROBOTS:
        raise UserError(f"unknown robot kind '{kind}'; {nearest(kind, ROBOTS)}")
    return ROBOTS[kind]


__all__ = ["EPUCK2", "EPUCK2_POINT", "ROBOTS", "ProximitySensor", "RobotModel", "robot_model"]
