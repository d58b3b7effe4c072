"""The scene of a run that was recorded: robots stand where they are put, and are drawn without a screen."""

from collections.abc import Collection, Sequence

import numpy as np
from mir2_core.robots import RobotModel, robot_model
from mir2_core.types import FloatArray
from numpy.typing import NDArray

from mir2_sim import pybullet_scene as scene
from mir2_sim.robots import BODIES

SHADOW_COLOUR, STEM_COLOUR = (0.55, 0.54, 0.52, 1.0), (0.66, 0.65, 0.63, 1.0)
SHADOW_HEIGHT_M, STEM_M = 0.001, 0.0015
FRAMED_M = 0.6  # what is higher needs a camera that is farther away


class Stage:
    """N robots of these kinds in an arena; one without a body is drawn as the robot that it stands for."""

    def __init__(self, models: Sequence[RobotModel], arena_m: float) -> None:
        shown = [model if model.name in BODIES else robot_model(model.policy_kind) for model in models]
        self._middle_m, highest_m = 0.5 * arena_m, max(model.height_m for model in models)
        self._framed_m = arena_m + max(0.0, highest_m - FRAMED_M)
        self._client = scene.connect(gui=False)
        scene.add_floor(self._client, arena_m)
        scene.add_walls(self._client, arena_m)
        self._robots = [BODIES[model.name].load(self._client, model, np.zeros(3)) for model in shown]
        self._shadows = {i: self._shadow(model) for i, model in enumerate(shown) if model.flies}

    def _shadow(self, model: RobotModel) -> int:
        """A disc on the floor and a stem, by which one sees where a drone is."""
        shapes = self._client.createVisualShapeArray(
            shapeTypes=[self._client.GEOM_CYLINDER] * 2,
            radii=[model.radius_m, STEM_M],
            lengths=[SHADOW_HEIGHT_M, model.height_m],
            rgbaColors=[SHADOW_COLOUR, STEM_COLOUR],
            visualFramePositions=[[0.0, 0.0, 0.0], [0.0, 0.0, 0.5 * model.height_m]],
        )
        shadow: int = self._client.createMultiBody(0.0, -1, shapes)
        return shadow

    def put(self, poses: FloatArray, traitors: Collection[int] = ()) -> None:
        """Stand robots at x_m, y_m, heading_rad (N, 3); traitors are red, the others green."""
        for i, (robot, (x_m, y_m, heading_rad)) in enumerate(zip(self._robots, poses.tolist(), strict=True)):
            (_, _, z_m), _ = self._client.getBasePositionAndOrientation(robot.body)
            turn = self._client.getQuaternionFromEuler([0.0, 0.0, heading_rad])
            self._client.resetBasePositionAndOrientation(robot.body, [x_m, y_m, z_m], turn)
            scene.paint(self._client, robot, i in traitors)
            if i in self._shadows:
                self._client.resetBasePositionAndOrientation(self._shadows[i], [x_m, y_m, SHADOW_HEIGHT_M], turn)

    def picture(self, width: int, height: int, view: scene.View) -> NDArray[np.uint8]:
        """The arena as (height, width, 3)."""
        return scene.picture(self._client, (self._middle_m, self._middle_m, self._framed_m), width, height, view)

    def close(self) -> None:
        """Give the physics client back."""
        self._client.disconnect()
