"""What is wrong with what a robot hears: always by its radio, and by faults while the fault injector's lease runs."""

from collections.abc import Callable, Sequence

from mir2_core.radio import Radio

from mir2_swarm.fault_news import FaultNews
from mir2_swarm.pace import Pace, Stamps


class LinkFaults:
    """The faults on links from `allies` into the robot of a `radio`; `settled` is called when no word is waited for.

    While there are any, the injector announces them anew once per control period. In real time they hold until its
    newest announcement is three periods old; where the pace waits, each time needs one, which is waited for
    as long as the lease says.
    """

    def __init__(
        self, pace: Pace, radio: Radio, allies: Sequence[str], news: FaultNews, settled: Callable[[], None]
    ) -> None:
        self._pace, self._radio, self._allies, self._news = pace, radio, allies, news
        self._robot = radio.robot
        self._lease = pace.lease(settled)
        news.tell(lambda: pace.after_news(settled))

    def is_settled(self, time_s: float, lies: Stamps) -> bool:
        """Whether it is known what becomes of the reports of a time; `lies` are of what two-faced allies say."""
        lies = list(lies)
        at_fault = bool(lies) or any(self.touched(time_s, ally) for ally in self._allies)
        needed = [None if self._news.faults is None else self._news.stamp_s if at_fault else time_s]
        if self._pace.due(time_s, [*needed, *lies]):
            self._lease.met()
            return True
        if at_fault:
            self._lease.miss(time_s)
        return False

    def is_two_faced(self, time_s: float, ally: str) -> bool:
        """Whether an ally tells each robot something else at a time."""
        lying = any(spec.robot == ally and spec.two_faced and spec.active(time_s) for spec in self._news.faults or [])
        return lying and self._lease.holds(time_s, self._news)

    def touched(self, time_s: float, ally: str) -> bool:
        """Whether anything is wrong with the link from an ally at a time."""
        return self._news.links.touched(time_s, ally, self._robot) and self._lease.holds(time_s, self._news)

    def late_s(self, time_s: float, ally: str) -> float:
        """By how much an ally's report that was sent at a time arrives late; infinite if it never does."""
        late_s = float(self._news.links.late_s(time_s, ally, self._robot)[0]) if self.touched(time_s, ally) else 0.0
        return late_s + self._radio.late_s(time_s, ally)
