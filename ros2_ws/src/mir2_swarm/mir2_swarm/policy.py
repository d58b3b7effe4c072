"""The policy node: one robot's policy, from what it and its allies report to a velocity command."""

from geometry_msgs.msg import TwistStamped
from mir2_core.allies import Presence
from mir2_core.listener import Team
from mir2_core.suspicion import Opinion
from mir2_core.types import Command, RobotState
from mir2_interfaces.msg import AllyArray
from nav_msgs.msg import Odometry

from mir2_swarm.comparison import Comparison
from mir2_swarm.convert import odometry_mistake, to_allies, to_state, to_twist_stamped
from mir2_swarm.ears import Ears
from mir2_swarm.fault_news import FaultNews
from mir2_swarm.node import LATCHED, SwarmNode, robot_arguments, spin
from mir2_swarm.relay import StateRelay
from mir2_swarm.shared import Shared

ALLY_GRACE = 0.2  # of a control period: how long a decision waits for allies whose state of this step is late
TELL_S = 0.5  # how often it may say what has changed in what it believes


class PolicyNode(SwarmNode):
    """Tells the allies where the robot is, and decides once per control period.

    A decision follows the robot's own odometry as soon as every ally that is present has reported for that time. In
    real time it waits for late ones only briefly. What allies report is judged before it is believed, and nothing that
    one says, or does not say, stops the robot: a policy for any team is told who is
    absent, another one is shown what `mir2_core.listener` documents.
    """

    def __init__(self, robot: str, shared: Shared | None = None) -> None:
        super().__init__("policy", robot, shared)
        self.roster.robot(robot)
        self.robot = robot
        self._own: RobotState | None = None
        self._decided: Command | None = None
        self._told_s = -TELL_S
        self._told: dict[str, Opinion] | None = None
        self._awaited: list[str] = []
        news = FaultNews(self)
        self._relay = StateRelay(self, robot, news)
        self._command_publisher = self.create_publisher(TwistStamped, "cmd_vel/policy", 10)
        self._allies_publisher = self.create_publisher(AllyArray, "allies", LATCHED)
        self.listen(Odometry, f"/{robot}/odom", self._on_odometry, self.pace.odometry_qos)
        self._ears = Ears(self, robot, news, self._on_ally)
        self._comparison = Comparison(self, robot, self._ears.listener, self._on_ally)
        self._grace = self.pace.patience(ALLY_GRACE * self.period_s, self._decide)

    def _on_odometry(self, message: Odometry) -> None:
        state = to_state(message)
        if mistake := odometry_mistake(message):
            self.get_logger().error(f"odom of {self.robot} is not used: {mistake}", throttle_duration_sec=5.0)
            return
        last = self._own
        if last is not None and last.stamp_s < state.stamp_s < last.stamp_s + 0.9 * self.period_s:
            return  # odometry comes faster than the control rate
        self._own = state
        self._awaited = self._worth_waiting_for(state)
        self._relay.tell(message)
        if self._decided is not None and state.stamp_s == self._decided.stamp_s:
            self._send(self._decided)  # the simulator asks again
        elif self._complete(state):
            self._decide()
        else:
            self._grace.start()

    def _on_ally(self) -> None:
        if self._grace.waiting and self._own is not None and self._complete(self._own):
            self._decide()

    def _worth_waiting_for(self, own: RobotState) -> list[str]:
        """The allies whose reports of the time of the robot's own state are waited for."""
        listener = self._ears.listener
        if self.pace.patient:
            return listener.allies
        presence = listener.presence(self.pace.now_s([own.stamp_s]))
        return [ally for ally, seen in presence.items() if seen != Presence.ABSENT]

    def _complete(self, own: RobotState) -> bool:
        """Whether every ally that is worth waiting for has reported for the time of the robot's own state."""
        if not all(heard_s is not None and heard_s >= own.stamp_s for heard_s in self._ears.stamps(self._awaited)):
            return False
        compared = not self.pace.patient or self._comparison.complete(own.stamp_s)
        return compared and self._ears.is_settled(self.pace.now_s([own.stamp_s]))

    def _decide(self) -> None:
        self._grace.stop()
        own = self._own
        assert own is not None
        now_s = self.pace.now_s([own.stamp_s])
        self._ears.judge(own, now_s)
        self._comparison.judge(now_s)
        team = self._ears.listener.team(own, now_s)
        self._tell(now_s)
        self._decided = self._command(own, team)
        self._send(self._decided)

    def _command(self, own: RobotState, team: Team) -> Command:
        allies = int(team.present.sum()) - 1
        if allies < self.roster.min_allies:
            self.get_logger().warning(
                f"standing still: {allies} of {len(team.present) - 1} allies present, min_allies is "
                f"{self.roster.min_allies}",
                throttle_duration_sec=5.0,
                skip_first=True,
            )
            return Command(own.stamp_s, 0.0, 0.0)
        return self.deployment.decide(self.robot, team, own.stamp_s)

    def _send(self, command: Command) -> None:
        self._command_publisher.publish(to_twist_stamped(command, self.robot))

    def _tell(self, now_s: float) -> None:
        """Say what is believed, when it has changed and not too often."""
        if 0.0 <= now_s - self._told_s < TELL_S:
            return
        opinions = self._ears.listener.opinions(now_s)
        if opinions != self._told:
            self._allies_publisher.publish(to_allies(opinions, now_s))
            self._told_s, self._told = now_s, opinions


def main() -> None:
    """Serve the robots named on the command line."""
    shared = Shared()
    spin(lambda: (PolicyNode(robot, shared) for robot in robot_arguments()))
