"""A room of emulated e-puck2: their bodies in one simulated world, a port for each."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from mir2_core.robots.epuck2 import EPUCK2, TOF
from mir2_core.senses import ranges_to, ranges_to_walls
from mir2_core.types import FloatArray
from mir2_core.world import World

from mir2_hardware.epuck2.emulator.faults import PlannedFault
from mir2_hardware.epuck2.emulator.firmware import Firmware, Surroundings
from mir2_hardware.epuck2.emulator.server import RobotServer
from mir2_hardware.epuck2.units import body_velocity

LONGEST_STALL_S = 0.5  # a machine that is too slow is not caught up with: time in the room is late then
SENSE_TICKS = 2
WITH_TOF = replace(EPUCK2, proximity=(TOF,))


class Lab:
    """Robots by name, in the world's order; `poses` (N, 3) are the true ones."""

    def __init__(self, names: Sequence[str], world: World, arena_m: float, rate_hz: float) -> None:
        self._world, self._arena_m = world, arena_m
        self.robots = {name: RobotServer(Firmware(), rate_hz) for name in names}
        self.poses: FloatArray = world.poses()
        self.late_s = 0.0
        self._velocities = world.velocities()
        self._ticks = 0

    async def open(self, host: str, first_port: int = 0) -> None:
        """Open a port for each robot: ports in turn from the first, or any free ones for 0."""
        for k, robot in enumerate(self.robots.values()):
            await robot.listen(host, first_port + k if first_port else 0)

    async def run(self, plan: Sequence[PlannedFault] = ()) -> None:
        """Keep the room up with the wall clock until cancelled."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        held: set[PlannedFault] = set()
        try:
            while True:
                now_s = loop.time() - began_s
                active = {fault for fault in plan if fault.active(now_s)}
                for fault in active - held:
                    self.robots[fault.robot].faults.add(fault.kind)
                for fault in held - active:
                    self.robots[fault.robot].faults.discard(fault.kind)
                held = active
                for robot in self.robots.values():
                    await robot.look_after()
                self._step(now_s)
                await asyncio.sleep(max(0.0, self._ticks * self._world.tick_s + self.late_s - now_s))
        finally:
            self.close()

    def close(self) -> None:
        """Close every port, and release the world."""
        for robot in self.robots.values():
            robot.close()
        self._world.close()

    def _step(self, now_s: float) -> None:
        tick_s = self._world.tick_s
        behind_s = now_s - self.late_s - self._ticks * tick_s
        if behind_s > LONGEST_STALL_S:
            self.late_s += behind_s
        while self._ticks * tick_s + self.late_s <= now_s:
            motors = [robot.firmware.motors for robot in self.robots.values()]
            self._world.step(np.array([body_velocity(*speeds) for speeds in motors]), tick_s)
            for robot in self.robots.values():
                robot.firmware.advance(tick_s)
            self._ticks += 1
            if self._ticks % SENSE_TICKS == 0:
                self._sense(SENSE_TICKS * tick_s)

    def _sense(self, since_s: float) -> None:
        self.poses, velocities = self._world.poses(), self._world.velocities()
        accelerations = (velocities - self._velocities)[:, 0] / since_s
        self._velocities = velocities
        echoes = self._world.proximity()
        for k, robot in enumerate(self.robots.values()):
            robot.firmware.surroundings = Surroundings(
                echoes[k].tolist(), self._tof_m(k), float(accelerations[k]), float(velocities[k, 1])
            )

    def _tof_m(self, row: int) -> float:
        """What robot `row` sees ahead: a wall or another robot."""
        x_m, y_m, heading_rad = self.poses[row].tolist()
        offsets = np.delete(self.poses[:, :2], row, axis=0) - (x_m, y_m)
        cos, sin = math.cos(heading_rad), math.sin(heading_rad)
        others = ranges_to(WITH_TOF, offsets @ np.array([[cos, -sin], [sin, cos]]))
        wall = ranges_to_walls(WITH_TOF, (x_m, y_m, heading_rad), self._arena_m)
        nearest_m = min(float(wall[0]), float(others.min(initial=math.inf)))
        return nearest_m if nearest_m < TOF.range_m else math.inf
