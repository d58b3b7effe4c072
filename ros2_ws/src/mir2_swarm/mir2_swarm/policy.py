"""The policy node: one robot's policy, from what it and its allies report to a velocity command."""

from collections.abc import Callable

import numpy as np
from geometry_msgs.msg import TwistStamped
from mir2_core.types import Command, RobotState
from nav_msgs.msg import Odometry

from mir2_swarm.convert import to_state, to_twist_stamped
from mir2_swarm.node import SwarmNode, robot_arguments, spin

ALLY_GRACE = 0.2  # of a control period: how long a decision waits for allies whose state of this step is late


class PolicyNode(SwarmNode):
    """Tells the allies where the robot is, and decides once per control period.

    A decision follows the robot's own odometry as soon as every ally has reported for that time. In real time it
    waits for late allies only briefly and then uses what they said last; an ally silent for longer than the state
    timeout means that the robot does not know enough, and it sends nothing, so that its gate stops it.
    """

    def __init__(self, robot: str) -> None:
        super().__init__("policy", namespace=robot)
        self.roster.robot(robot)
        self.robot = robot
        self._index = self.roster.names.index(robot)
        self._states: dict[str, RobotState] = {}
        self._decided: Command | None = None
        self._state_publisher = self.create_publisher(Odometry, "state", 10)
        self._command_publisher = self.create_publisher(TwistStamped, "cmd_vel/policy", 10)
        self.create_subscription(Odometry, "odom", self._on_odometry, self.pace.odometry_qos)
        for ally in self.roster.names:
            if ally != robot:
                self.create_subscription(Odometry, f"/{ally}/state", self._ally_listener(ally), 10)
        self._grace = self.pace.patience(ALLY_GRACE * self.period_s, self._decide_without_waiting)

    def _on_odometry(self, message: Odometry) -> None:
        state = to_state(message)
        last = self._states.get(self.robot)
        if last is not None and last.stamp_s < state.stamp_s < last.stamp_s + 0.9 * self.period_s:
            return  # odometry comes faster than the control rate
        self._states[self.robot] = state
        self._state_publisher.publish(message)
        if self._decided is not None and state.stamp_s == self._decided.stamp_s:
            self._send(self._decided)  # the simulator asks again
        elif not self._decide_when_complete():
            self._grace.start()

    def _ally_listener(self, ally: str) -> Callable[[Odometry], None]:
        def listen(message: Odometry) -> None:
            self._states[ally] = to_state(message)
            if self._grace.waiting:
                self._decide_when_complete()

        return listen

    def _decide_when_complete(self) -> bool:
        """Decide if every ally's state is as new as the robot's own; whether it did."""
        own = self._states.get(self.robot)
        if own is None or (self._decided is not None and own.stamp_s == self._decided.stamp_s):
            return False
        states = self._states
        if any(ally not in states or states[ally].stamp_s < own.stamp_s for ally in self.roster.names):
            return False
        self._decide(own)
        return True

    def _decide_without_waiting(self) -> None:
        own, timeout_s = self._states[self.robot], self.roster.timeouts.state_s
        unknown = [
            ally
            for ally in self.roster.names
            if ally not in self._states or own.stamp_s - self._states[ally].stamp_s > timeout_s
        ]
        if unknown:
            self.get_logger().warning(
                f"standing still: no state of {', '.join(unknown)} in the last {timeout_s:g} s",
                throttle_duration_sec=5.0,
            )
            return
        self._decide(own)

    def _decide(self, own: RobotState) -> None:
        self._grace.stop()
        task, policy = self.deployment.task, self.deployment.policy
        poses = np.array([[self._states[name].pose for name in self.roster.names]])
        action = policy.act(task.observe(poses)[0, self._index][None])[0].astype(np.float64)
        v_mps, omega_radps = task.action_to_twist(action)
        self._decided = Command(own.stamp_s, float(v_mps), float(omega_radps))
        self._send(self._decided)

    def _send(self, command: Command) -> None:
        self._command_publisher.publish(to_twist_stamped(command, self.robot))


def main() -> None:
    """Serve the robots named on the command line."""
    spin(lambda: (PolicyNode(robot) for robot in robot_arguments()))
