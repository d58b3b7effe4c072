"""How the swarm keeps time: by the wall clock, or step by step with everybody waiting for everybody."""

import math
from collections.abc import Callable, Iterable
from typing import Protocol

from mir2_core.roster import Roster
from mir2_core.types import Command
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy

LEASE_PERIODS = 3  # real time: what the injector said counts for so long
LEASE_S = 10.0  # lockstep: wall time for which the injector is waited for; shorter, and a busy machine decides the run
NOTICE_PERIODS = 2  # lockstep: how far ahead a change is announced, so that everybody knows of it in time

Stamps = Iterable[float | None]  # of the newest things here, s; None for what is not here


class Patience:
    """A wait for something; `give_up` is called when it lasts longer than `limit_s` of wall time, if that is finite."""

    def __init__(self, node: Node, limit_s: float, give_up: Callable[[], None]) -> None:
        self.waiting = False
        self._give_up = give_up
        self._timer = None
        if math.isfinite(limit_s):
            self._timer = node.create_timer(limit_s, self._over, clock=Clock(clock_type=ClockType.STEADY_TIME))
            self._timer.cancel()

    def start(self) -> None:
        """Begin, or begin anew."""
        self.waiting = True
        if self._timer is not None:
            self._timer.reset()

    def stop(self) -> None:
        """What was waited for is here."""
        self.waiting = False
        if self._timer is not None:
            self._timer.cancel()

    def _over(self) -> None:
        self.stop()
        self._give_up()


class Stamped(Protocol):
    """A command or a state."""

    @property
    def stamp_s(self) -> float:
        """Its time."""
        ...


class Lease(Protocol):
    """Whether the fault injector's hold on a robot's commands, or on its reports, still lasts."""

    def holds(self, time_s: float, newest: Stamped | None) -> bool:
        """Whether what the injector says counts at that time, given the newest of it."""
        ...

    def miss(self, time_s: float) -> None:
        """Only what the injector says for that time is missing."""
        ...

    def met(self) -> None:
        """Nothing is missing any more."""
        ...


class Pace(Protocol):
    """What a node asks about time."""

    @property
    def run_start_s(self) -> float | None:
        """When the run begins, where that is known beforehand."""
        ...

    @property
    def patient(self) -> bool:
        """Whether a step waits for everybody, however long."""
        ...

    @property
    def notice_s(self) -> float:
        """How long after its announcement a change takes effect, for everybody in the same step."""
        ...

    @property
    def control_depth(self) -> int:
        """How many messages of a topic a control loop keeps until it comes to them."""
        ...

    @property
    def odometry_qos(self) -> QoSProfile:
        """For subscriptions to odometry and sensors."""
        ...

    def now_s(self, newest: Iterable[float]) -> float:
        """The time, given the stamps of what has been heard."""
        ...

    def step_s(self, command: Command | None) -> float | None:
        """The time for which a decision is to be made, given the policy's newest command; None if for none."""
        ...

    def due(self, time_s: float, stamps: Stamps, *, news: bool = True) -> bool:
        """Whether to act for that time: is everything of it here, where the pace waits; is there news, where not."""
        ...

    def every(self, period_s: float, callback: Callable[[], None]) -> None:
        """Call back once per period, where time goes on by itself."""
        ...

    def after_news(self, callback: Callable[[], None]) -> None:
        """Call back because something was heard, where time goes on by what is heard."""
        ...

    def patience(self, seconds: float, give_up: Callable[[], None]) -> Patience:
        """A wait for late ones, as long as the pace allows."""
        ...

    def lease(self, give_up: Callable[[], None]) -> Lease:
        """The injector's lease of one robot; `give_up` is called when a wait for the injector has ended."""
        ...


class RealTime:
    """The wall clock: nobody waits for long, and what is late is done without."""

    run_start_s = None
    patient = False
    notice_s = 0.0
    control_depth = 1  # what is newer counts: a machine that is too slow falls behind by one message, not by all

    def __init__(self, node: Node, roster: Roster) -> None:
        self._node, self._period_s = node, 1.0 / roster.rate_hz

    @property
    def odometry_qos(self) -> QoSProfile:
        """Best effort, which also hears publishers of sensor data."""
        return QoSProfile(depth=self.control_depth, reliability=ReliabilityPolicy.BEST_EFFORT)

    def now_s(self, newest: Iterable[float] = ()) -> float:
        """The node's clock."""
        return float(self._node.get_clock().now().nanoseconds * 1e-9)

    def step_s(self, command: Command | None) -> float | None:
        """Now."""
        return self.now_s()

    def due(self, time_s: float, stamps: Stamps, *, news: bool = True) -> bool:
        """With whatever is here, as soon as there is news."""
        return news

    def every(self, period_s: float, callback: Callable[[], None]) -> None:
        """A timer, by a clock that nobody sets."""
        self._node.create_timer(period_s, callback, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def after_news(self, callback: Callable[[], None]) -> None:
        """Nothing: the timer will."""

    def patience(self, seconds: float, give_up: Callable[[], None]) -> Patience:
        """As long as asked for."""
        return Patience(self._node, seconds, give_up)

    def lease(self, give_up: Callable[[], None]) -> Lease:
        """By the age of the newest that the injector said."""
        return _LeaseByAge(LEASE_PERIODS * self._period_s)


class _LeaseByAge:
    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s

    def holds(self, time_s: float, newest: Stamped | None) -> bool:
        return newest is not None and abs(time_s - newest.stamp_s) <= self._limit_s

    def miss(self, time_s: float) -> None:
        """The next command or the age will tell."""

    def met(self) -> None:
        """Nothing was waited for."""


class Lockstep:
    """Simulated time, which goes on only when everything of a step is here: no order of messages matters."""

    run_start_s = 0.0
    patient = True
    control_depth = 10  # nothing may be lost

    def __init__(self, node: Node, roster: Roster) -> None:
        roster.require_stamped_commands()
        self._node = node
        self.notice_s = NOTICE_PERIODS / roster.rate_hz

    @property
    def odometry_qos(self) -> QoSProfile:
        """Reliable."""
        return QoSProfile(depth=self.control_depth)

    def now_s(self, newest: Iterable[float] = ()) -> float:
        """The newest time that anybody has reported."""
        return max(newest, default=0.0)

    def step_s(self, command: Command | None) -> float | None:
        """The time that the policy's command answers."""
        return None if command is None else command.stamp_s

    def due(self, time_s: float, stamps: Stamps, *, news: bool = True) -> bool:
        """When everything of that time is here."""
        return all(stamp_s is not None and stamp_s >= time_s for stamp_s in stamps)

    def every(self, period_s: float, callback: Callable[[], None]) -> None:
        """Nothing: between two steps nothing happens."""

    def after_news(self, callback: Callable[[], None]) -> None:
        """At once."""
        callback()

    def patience(self, seconds: float, give_up: Callable[[], None]) -> Patience:
        """Endless."""
        return Patience(self._node, math.inf, give_up)

    def lease(self, give_up: Callable[[], None]) -> Lease:
        """By wall time: the injector may have died."""
        return _LeaseByWait(self._node, give_up)


class _LeaseByWait:
    """Lost when the injector was waited for in vain, and found again when it says anything new."""

    def __init__(self, node: Node, give_up: Callable[[], None]) -> None:
        self._node, self._give_up = node, give_up
        self._wait = Patience(node, LEASE_S, self._end)
        self._newest_s: float | None = None
        self._lost = False

    def holds(self, time_s: float, newest: Stamped | None) -> bool:
        newest_s = newest.stamp_s if newest else None
        self._lost = self._lost and newest_s == self._newest_s
        self._newest_s = newest_s
        return not self._lost

    def miss(self, time_s: float) -> None:
        if not self._wait.waiting:
            self._wait.start()

    def met(self) -> None:
        self._wait.stop()

    def _end(self) -> None:
        self._lost = True
        self._node.get_logger().warning(
            f"the fault injector has said nothing for {LEASE_S:g} s; going on without it until it is heard again"
        )
        self._give_up()


PACES: dict[str, Callable[[Node, Roster], Pace]] = {"realtime": RealTime, "lockstep": Lockstep}
