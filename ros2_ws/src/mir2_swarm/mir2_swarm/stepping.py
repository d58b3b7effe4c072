"""When a simulated world takes its steps: as time goes by, or when every robot has answered."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from mir2_core.disturbed_world import DisturbedWorld
from mir2_core.errors import UserError
from mir2_core.types import RobotState
from mir2_core.world import World
from rosgraph_msgs.msg import Clock as ClockMessage

from mir2_swarm.bag_progress import BagProgress
from mir2_swarm.convert import seconds, stamp
from mir2_swarm.node import SwarmNode
from mir2_swarm.robot_port import RobotPort

ASK_AGAIN_S = 0.25  # wall time after which lockstep repeats the odometry that nobody answered, before it starts
ASK_LATER_S = 2.0  # and while it runs, when a slow machine is likelier than a node that has just joined
GIVE_UP_S = 20.0  # wall time without an answer after which lockstep ends with an error
MAX_CATCH_UP_S = 0.5


class Stepping(Protocol):
    """Reports odometry from the beginning, and moves the world once it is started."""

    def start(self) -> None:
        """Let the world move."""
        ...

    def heard(self) -> None:
        """A command has come."""
        ...


def report(world: World, ports: Sequence[RobotPort], time_s: float) -> None:
    """Publish every robot's odometry and what its sensors read, and before that the truth where they differ."""
    if isinstance(world, DisturbedWorld):
        for port, state in zip(ports, _states(world.truth, time_s), strict=True):
            port.reveal(state)
    for port, state, ranges_m in zip(ports, _states(world, time_s), world.proximity(), strict=True):
        port.report(state, ranges_m.tolist())


def _states(world: World, time_s: float) -> list[RobotState]:
    numbers = zip(world.poses().tolist(), world.velocities().tolist(), strict=True)
    return [RobotState(time_s, *pose, *velocity) for pose, velocity in numbers]


class RealTimeStepping:
    """Keeps the world up with the wall clock and reports once per control period.

    A report is stamped with the time of what it says, also where the world is behind: no robot seems to leap. When the
    run is over, the world goes on until it is ended.
    """

    def __init__(self, node: SwarmNode, world: World, ports: Sequence[RobotPort], end_s: float) -> None:
        self._node, self._world, self._tick_s, self._ports = node, world, world.tick_s, ports
        self._running = False
        self._ticks_a_report = max(1, round(node.period_s / world.tick_s))
        self._begin()
        node.create_timer(world.tick_s, self._tick, clock=node.steady_clock)

    def _begin(self) -> None:
        self._ticks, self._began_s = 0, self._node.steady_s

    def start(self) -> None:
        """Count the time from now."""
        self._running = True
        self._begin()

    def heard(self) -> None:
        """The next tick will look."""

    def _tick(self) -> None:
        """Bring the world up to now."""
        due = round((self._node.steady_s - self._began_s) / self._tick_s)
        if (due - self._ticks) * self._tick_s > MAX_CATCH_UP_S:
            self._node.get_logger().warning(
                "the simulator cannot keep up with real time on this machine", throttle_duration_sec=5.0
            )
            self._began_s = self._node.steady_s - self._ticks * self._tick_s
            due = self._ticks + 1
        while self._ticks < due:
            if self._running:
                self._world.step(np.array([port.newest() for port in self._ports]), self._tick_s)
            self._ticks += 1
            if self._ticks % self._ticks_a_report == 0:
                late_s = self._node.steady_s - self._began_s - self._ticks * self._tick_s
                report(self._world, self._ports, self._node.now_s - late_s)


class LockstepStepping:
    """Publishes `/clock` and takes a step when every robot has answered the odometry of its time.

    What nobody answers is repeated, since a node may join late; after long without any answer, `UserError` names who
    is missing. After `end_s` time stands still: the run is over, and no node need work for it any more.
    """

    def __init__(self, node: SwarmNode, world: World, ports: Sequence[RobotPort], end_s: float) -> None:
        self._node, self._world, self._ports, self._end_s = node, world, ports, end_s
        self._running = False
        self._step = 0
        self._clock = node.create_publisher(ClockMessage, "/clock", 10)
        self._bag = BagProgress(node, self.heard)
        self._answered_s = node.steady_s
        node.create_timer(ASK_AGAIN_S, self._ask_again, clock=node.steady_clock)
        self._report()

    @property
    def _now_s(self) -> float:
        """Simulated time, as a stamp holds it."""
        return seconds(stamp(round(self._step * self._node.period_s, 9)))

    @property
    def _over(self) -> bool:
        return self._now_s > self._end_s - 1e-6

    def _report(self) -> None:
        self._asked_s = self._node.steady_s
        self._clock.publish(ClockMessage(clock=stamp(self._now_s)))
        report(self._world, self._ports, self._now_s)

    def start(self) -> None:
        """Take the first step if everybody has answered already."""
        self._running = True
        self.heard()

    def heard(self) -> None:
        """Take a step if that was the last answer missing."""
        twists = [port.answer(self._now_s) for port in self._ports]
        if not self._running or self._over or None in twists or not self._bag.is_near(self._now_s):
            return
        self._world.step(np.array(twists), self._node.period_s)
        self._step += 1
        self._answered_s = self._node.steady_s
        self._report()

    def _ask_again(self) -> None:
        waited_s = self._node.steady_s - self._answered_s
        if self._node.steady_s - self._asked_s < (ASK_LATER_S if self._running else ASK_AGAIN_S):
            return
        if self._running and waited_s > GIVE_UP_S and not self._over:
            missing = [port.name for port in self._ports if port.answer(self._now_s) is None]
            raise UserError(
                f"lockstep: no command from {', '.join(missing)} for simulated time {self._now_s:.1f} s within "
                f"{GIVE_UP_S:g} s; see what their policy and gate nodes say above"
            )
        self._report()


STEPPINGS: dict[str, Callable[[SwarmNode, World, Sequence[RobotPort], float], Stepping]] = {
    "realtime": RealTimeStepping,
    "lockstep": LockstepStepping,
}
