"""The Crazyflie 2.x."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mir2_core.robots import RobotModel
from mir2_core.types import FloatArray

from mir2_sim.robots.body import BODY, FLOOR, FLYING, NET, RAY, Client, LoadedRobot
from mir2_sim.robots.crazyflie.flight import Flight
from mir2_sim.robots.crazyflie.parameters import CF2X, FIRMWARE, Airframe, Gains


@dataclass(frozen=True)
class Quadrotor:
    """A body in the air, and who flies it."""

    urdf: Path
    airframe: Airframe
    gains: Gains

    def load(self, client: Client, model: RobotModel, pose: FloatArray) -> LoadedRobot:
        """A drone hovering at its height above x_m, y_m, heading_rad."""
        x_m, y_m, heading_rad = pose.tolist()
        body = client.loadURDF(
            str(self.urdf),
            [x_m, y_m, model.height_m],
            client.getQuaternionFromEuler([0.0, 0.0, heading_rad]),
            flags=client.URDF_USE_INERTIA_FROM_FILE | client.URDF_USE_IMPLICIT_CYLINDER,
        )
        client.changeDynamics(body, -1, lateralFriction=0.5, linearDamping=0.0, angularDamping=0.0)
        client.setCollisionFilterGroupMask(body, -1, BODY | FLYING, BODY | RAY | FLOOR | NET)
        return LoadedRobot(model, body, -1)

    def drive(self, client: Client, robots: Sequence[LoadedRobot], step_s: float) -> Flight:
        """The controllers of all of them."""
        return Flight(client, robots, step_s, self.airframe, self.gains)


CRAZYFLIE = Quadrotor(Path(__file__).with_name("crazyflie.urdf"), CF2X, FIRMWARE)
