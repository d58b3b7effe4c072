"""How far the bag recorder has come, so that a run in lockstep does not leave it behind."""

from collections.abc import Callable

from rosgraph_msgs.msg import Clock

from mir2_swarm.convert import seconds
from mir2_swarm.node import SwarmNode
from mir2_swarm.pace import Patience

AHEAD_PERIODS = 4  # publishers keep ten messages for listeners that are behind
WAIT_S = 1.0  # wall time


class BagProgress:
    """Hears the clock as the bag recorder repeats it, where there is one; `news` is called when it may go on."""

    def __init__(self, node: SwarmNode, news: Callable[[], None]) -> None:
        self._node, self._news = node, news
        self._heard_s: float | None = None
        self._now_s, self._newest_s = 0.0, -node.period_s
        self._wait = Patience(node, WAIT_S, self._give_up)
        node.create_subscription(Clock, "/bag_recorder/clock", self._hear, 10)

    def _hear(self, message: Clock) -> None:
        time_s, half_s = seconds(message.clock), 0.5 * self._node.period_s
        if not self._newest_s + half_s < time_s < self._now_s + 3 * half_s:
            return  # no news, or of a time that has not come
        self._heard_s = self._newest_s = time_s
        if self._wait.waiting:
            self._wait.start()
            self._news()

    def is_near(self, time_s: float) -> bool:
        """Whether the recorder has heard nearly everything of before that time, or is waited for no longer."""
        self._now_s = time_s
        near = self._heard_s is None or time_s - self._heard_s < (AHEAD_PERIODS + 0.5) * self._node.period_s
        if near:
            self._wait.stop()
        elif not self._wait.waiting:
            self._wait.start()
        return near

    def _give_up(self) -> None:
        self._node.get_logger().warning("the bag recorder is too slow or has died; the run goes on without waiting")
        self._heard_s = None  # until it is heard again
        self._news()
