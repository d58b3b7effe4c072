"""Robots on two driven wheels and skids."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mir2_core.robots import RobotModel
from mir2_core.types import FloatArray

from mir2_sim.robots.body import BODY, FLOOR, RAY, SUPPORT, Client, LoadedRobot


@dataclass(frozen=True)
class Wheeled:
    """What physics needs beyond the robot model; the URDF has the links left_wheel, right_wheel, skid and body."""

    urdf: Path
    motor_torque_nm: float
    wheel_friction: float
    skid_friction: float
    body_friction: float

    def load(self, client: Client, model: RobotModel, pose: FloatArray) -> LoadedRobot:
        """A robot standing on its wheels at x_m, y_m, heading_rad."""
        x_m, y_m, heading_rad = pose.tolist()
        body = client.loadURDF(
            str(self.urdf),
            [x_m, y_m, model.wheel_radius_m],
            client.getQuaternionFromEuler([0.0, 0.0, heading_rad]),
            flags=client.URDF_USE_INERTIA_FROM_FILE | client.URDF_USE_IMPLICIT_CYLINDER,
        )
        links = {client.getJointInfo(body, j)[12].decode(): j for j in range(client.getNumJoints(body))}
        wheels = links["left_wheel_link"], links["right_wheel_link"]
        friction = dict.fromkeys(wheels, self.wheel_friction) | {links["skid_link"]: self.skid_friction}
        for link in (-1, *links.values()):
            client.changeDynamics(
                body,
                link,
                lateralFriction=friction.get(link, self.body_friction),
                linearDamping=0.0,
                angularDamping=0.0,
                jointDamping=0.0,
            )
            group, mask = (SUPPORT, FLOOR) if link in friction else (BODY, BODY | RAY)
            client.setCollisionFilterGroupMask(body, link, group, mask)
        return LoadedRobot(model, body, links["body_link"], wheels)

    def drive(self, client: Client, robots: Sequence[LoadedRobot], step_s: float) -> "WheelMotors":
        """A velocity motor in each wheel."""
        return WheelMotors(client, robots, self.motor_torque_nm)


class WheelMotors:
    """Motors that hold wheel speeds as far as their torque goes."""

    def __init__(self, client: Client, robots: Sequence[LoadedRobot], torque_nm: float) -> None:
        self._client, self._robots, self._forces = client, robots, [torque_nm] * 2

    def command(self, twists: FloatArray) -> FloatArray:
        """Each wheel is cut at its limit on its own, as firmware does it."""
        applied = twists.copy()
        for i, (robot, (v_mps, omega_radps)) in enumerate(zip(self._robots, twists.tolist(), strict=True)):
            limit = robot.model.max_wheel_radps
            wheels = robot.model.wheels(v_mps, omega_radps)
            left, right = (min(max(speed, -limit), limit) for speed in wheels)
            if (left, right) != wheels:
                applied[i] = robot.model.twist(left, right)
            self._client.setJointMotorControlArray(
                robot.body,
                robot.wheels,
                self._client.VELOCITY_CONTROL,
                targetVelocities=(left, right),
                forces=self._forces,
            )
        return applied

    def push(self) -> None:
        """PyBullet holds the speeds by itself."""
