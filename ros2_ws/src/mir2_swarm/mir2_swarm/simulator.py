"""The simulator node: hosts a world, and stands in for the drivers of the robots in it."""

import math

from mir2_core.disturbance import parse_disturbance
from mir2_core.disturbed_world import DisturbedWorld
from mir2_core.run import LONGEST_S
from mir2_core.start_poses import start_poses
from mir2_core.world import BACKENDS, backend, for_backend
from std_srvs.srv import Trigger

from mir2_swarm.node import HIGHEST_SEED, SwarmNode, spin
from mir2_swarm.robot_port import RobotPort
from mir2_swarm.stepping import STEPPINGS


class SimulatorNode(SwarmNode):
    """Publishes every robot's odometry and sensors and drives the world by `cmd_vel`.

    The world stands until `~/start` is called, unless the parameter `start_paused` is false. With a `disturbance`,
    odometry is what robots know, and where they are goes out as `truth`.
    """

    def __init__(self) -> None:
        super().__init__("simulator")
        sort = self.choice_parameter("backend", tuple(BACKENDS))
        seed = self.number_parameter("seed", 0, HIGHEST_SEED)
        gui = self.flag_parameter("gui")
        self._running = False
        roster, task = for_backend(self.roster, sort), self.deployment.task
        disturbance = self.text_parameter("disturbance", "such as lab", needed=False)
        settings = parse_disturbance(disturbance, f"{self.get_fully_qualified_name()}: parameter 'disturbance'")
        self._world = backend(sort).make_world(roster, task, start_poses(roster, task, seed), seed=seed, gui=gui)
        if not settings.off:
            step_s = self.period_s if self.pace.patient else self._world.tick_s
            models = [robot.model for robot in roster.robots]
            self._world = DisturbedWorld(self._world, models, settings, step_s=step_s, seed=seed)
        ports = [RobotPort(self, robot, self._heard, disturbed=not settings.off) for robot in roster.robots]
        end_s = self.number_parameter("duration_s", 0.0, LONGEST_S) or math.inf
        self._stepping = STEPPINGS[self.mode](self, self._world, ports, end_s)
        self.create_service(Trigger, "~/start", self._on_start)
        if not self.flag_parameter("start_paused"):
            self._start()

    def _heard(self) -> None:
        self._stepping.heard()

    def _start(self) -> None:
        self._running = True
        self._stepping.start()

    def _on_start(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success, response.message = True, "already running" if self._running else "running"
        if not self._running:
            self._start()
        return response

    def destroy_node(self) -> None:
        """Release the world."""
        self._world.close()
        super().destroy_node()


def main() -> None:
    """Run the node."""
    spin(lambda: [SimulatorNode()])
