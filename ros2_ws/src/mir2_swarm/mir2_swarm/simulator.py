"""The simulator node: stands in for the robots' drivers, in real time or in lockstep with the policies."""

import numpy as np
from geometry_msgs.msg import Twist, TwistStamped
from mir2_core.deployment import BACKENDS
from mir2_core.errors import UserError
from mir2_core.types import RobotState
from nav_msgs.msg import Odometry
from rosgraph_msgs.msg import Clock as ClockMessage
from std_srvs.srv import Trigger

from mir2_swarm.convert import seconds, stamp, to_odometry
from mir2_swarm.node import SwarmNode, spin
from mir2_swarm.worlds import make_world

COMMAND_TIMEOUT_S = 0.5
ASK_AGAIN_S = 0.25  # wall time after which lockstep repeats the odometry that nobody answered
GIVE_UP_S = 20.0  # wall time without an answer after which lockstep ends with an error
MAX_CATCH_UP_S = 0.5


class SimulatorNode(SwarmNode):
    """Publishes every robot's odometry and drives the world by `cmd_vel`.

    The world stands until `~/start` is called, unless the parameter `start_paused` is false. In lockstep the world
    takes a step only when every robot's command for the current time has arrived.
    """

    def __init__(self) -> None:
        super().__init__("simulator")
        backend = self.choice_parameter("backend", BACKENDS)
        seed = int(self.declare_parameter("seed", 0).value)
        gui = bool(self.declare_parameter("gui", False).value)
        self._running = not self.declare_parameter("start_paused", False).value
        self._world, self._tick_s = make_world(self.deployment, backend, seed, gui)
        self._names = self.roster.names
        self._commands: dict[str, tuple[float, float, float]] = {}
        self._ticks = 0
        self._odometry = [self.create_publisher(Odometry, f"/{name}/odom", 10) for name in self._names]
        for robot in self.roster.robots:
            self._subscribe(robot.name, robot.stamped_cmd_vel)
        self.create_service(Trigger, "~/start", self._on_start)
        if self.lockstep:
            self._begin_lockstep()
        else:
            self._began_s = self.steady_s
            self.create_timer(self._tick_s, self._tick)

    def _subscribe(self, robot: str, stamped: bool) -> None:
        if self.lockstep and not stamped:
            raise UserError(f"robot '{robot}': lockstep needs stamped commands; set 'stamped_cmd_vel: true'")

        def on_twist(message: Twist) -> None:
            self._drive(robot, self.steady_s, message)

        def on_stamped_twist(message: TwistStamped) -> None:
            self._drive(robot, seconds(message.header.stamp) if self.lockstep else self.steady_s, message.twist)

        kind, callback = (TwistStamped, on_stamped_twist) if stamped else (Twist, on_twist)
        self.create_subscription(kind, f"/{robot}/cmd_vel", callback, 10)

    def _drive(self, robot: str, time_s: float, twist: Twist) -> None:
        self._commands[robot] = (time_s, twist.linear.x, twist.angular.z)
        if self.lockstep:
            self._step_when_complete()

    def _on_start(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success, response.message = True, "already running" if self._running else "running"
        if not self._running:
            self._running = True
            self._ticks = 0
            self._began_s = self.steady_s
            if self.lockstep:
                self._step_when_complete()
        return response

    def _publish_odometry(self, time_s: float) -> None:
        poses, velocities = self._world.poses(), self._world.velocities()
        for name, publisher, pose, velocity in zip(self._names, self._odometry, poses, velocities, strict=True):
            publisher.publish(to_odometry(RobotState(time_s, *pose.tolist(), *velocity.tolist()), name))

    # Real time

    def _tick(self) -> None:
        """Bring the world up to now and report once per control period."""
        due = round((self.steady_s - self._began_s) / self._tick_s)
        if (due - self._ticks) * self._tick_s > MAX_CATCH_UP_S:
            self.get_logger().warning(
                "the simulator cannot keep up with real time on this machine", throttle_duration_sec=5.0
            )
            self._began_s = self.steady_s - self._ticks * self._tick_s
            due = self._ticks + 1
        ticks_a_period = max(1, round(self.period_s / self._tick_s))
        while self._ticks < due:
            if self._running:
                self._world.step(self._fresh_twists(), self._tick_s)
            self._ticks += 1
            if self._ticks % ticks_a_period == 0:
                self._publish_odometry(self.now_s)

    def _fresh_twists(self) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """The newest commands (N, 2); a robot without one in the last half second stands."""
        twists = np.zeros((len(self._names), 2))
        for row, name in enumerate(self._names):
            time_s, *twist = self._commands.get(name, (-np.inf, 0.0, 0.0))
            if self.steady_s - time_s <= COMMAND_TIMEOUT_S and np.isfinite(twist).all():
                twists[row] = twist
        return twists

    # Lockstep

    def _begin_lockstep(self) -> None:
        self._step = 0
        self._clock_publisher = self.create_publisher(ClockMessage, "/clock", 10)
        self._answered_s = self.steady_s
        self.create_timer(ASK_AGAIN_S, self._ask_again, clock=self.steady_clock)
        self._publish_step()

    @property
    def _sim_s(self) -> float:
        return round(self._step * self.period_s, 9)

    def _publish_step(self) -> None:
        self._clock_publisher.publish(ClockMessage(clock=stamp(self._sim_s)))
        self._publish_odometry(seconds(stamp(self._sim_s)))

    def _missing(self) -> list[str]:
        now_s = seconds(stamp(self._sim_s))
        return [name for name in self._names if self._commands.get(name, (-1.0,))[0] != now_s]

    def _step_when_complete(self) -> None:
        if not self._running or self._missing():
            return
        self._world.step(np.array([self._commands[name][1:] for name in self._names]), self.period_s)
        self._step += 1
        self._answered_s = self.steady_s
        self._publish_step()

    def _ask_again(self) -> None:
        """Repeat the odometry: a node may have joined late. Without any answer for long, say who is missing."""
        waited_s = self.steady_s - self._answered_s
        if waited_s < ASK_AGAIN_S:
            return
        if self._running and waited_s > GIVE_UP_S:
            raise UserError(
                f"lockstep: no command from {', '.join(self._missing())} for simulated time {self._sim_s:.1f} s within "
                f"{GIVE_UP_S:g} s; see what their policy and gate nodes say above"
            )
        self._publish_step()

    def destroy_node(self) -> None:
        """Release the world."""
        self._world.close()
        super().destroy_node()


def main() -> None:
    """Run the node."""
    spin(lambda: [SimulatorNode()])
