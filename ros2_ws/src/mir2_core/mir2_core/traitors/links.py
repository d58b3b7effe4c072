"""Faults of links: how late a report arrives on its way from one robot to another, if it ever does.

A link leads from a sender to a listener. A fault on links belongs to a robot and touches some links of the team; what
several do to one link adds up. What is drawn depends on seed, fault, link and step, never on the order of messages.
"""

import math
from abc import abstractmethod
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

import numpy as np
from pydantic import Field

from mir2_core.config import StrictModel
from mir2_core.errors import UserError, nearest
from mir2_core.traitors.traitor import RECALL_S
from mir2_core.types import FloatArray

if TYPE_CHECKING:
    from mir2_core.traitors.schedule import FaultSpec

LOST_S = math.inf
LOSSES = 6  # a stream of random numbers
MOST_UNDER_WAY = 1000  # reports on one link; of more the oldest are lost

Report = TypeVar("Report")


@dataclass(frozen=True)
class Passage:
    """What passes one link in one control step, in `worlds` worlds; robots are indices of the team."""

    robot: int  # whose links are at fault
    sender: int
    listener: int
    seed: int
    step: int  # since the fault began
    worlds: int = 1

    def draw(self, stream: int) -> FloatArray:
        """A number (B,) uniform in [0, 1) for each world; the first does not depend on how many there are."""
        return np.random.default_rng([stream, self.seed, self.robot, self.sender, self.listener, self.step]).random(
            self.worlds
        )

    def constant(self, value: float) -> FloatArray:
        """The same number (B,) for every world."""
        return np.full(self.worlds, value)


class LinkFault(StrictModel):
    """What is wrong with some links of a team."""

    @property
    @abstractmethod
    def named(self) -> tuple[str, ...]:
        """The robots that its parameters name."""

    @abstractmethod
    def touches(self, robot: str, sender: str, listener: str) -> bool:
        """Whether as a fault of `robot` it touches the link from `sender` to `listener`."""

    @abstractmethod
    def late_s(self, passage: Passage) -> FloatArray:
        """By how much reports (B,) on a link that it touches arrive late; `LOST_S` means never."""

    def require_robots(self, robots: Sequence[str]) -> None:
        """Refuse parameters that name robots which there are not."""
        for name in self.named:
            if name not in robots:
                raise UserError(f"unknown robot '{name}' in the parameters; {nearest(name, robots)}")


class _OwnLinks(LinkFault):
    """Touches links between the robot and the others, or those named."""

    allies: tuple[str, ...] = Field(default=(), description="the links with these only; none named: with all")
    way: Literal["both", "out", "in"] = Field(default="both", description="reports of the robot, to it, or both")

    @property
    def named(self) -> tuple[str, ...]:
        """The allies."""
        return self.allies

    def touches(self, robot: str, sender: str, listener: str) -> bool:
        """Whether the robot is at one end of the link, and one of the allies at the other."""
        if robot not in (sender, listener):
            return False
        way, other = ("out", listener) if robot == sender else ("in", sender)
        return self.way in ("both", way) and (not self.allies or other in self.allies)


class Loss(_OwnLinks):
    """Lose a share of the reports."""

    share: float = Field(default=0.3, ge=0.0, le=1.0)

    def late_s(self, passage: Passage) -> FloatArray:
        """Never, or at once."""
        return np.where(passage.draw(LOSSES) < self.share, LOST_S, 0.0)


class Latency(_OwnLinks):
    """Deliver reports late, in the order of sending."""

    s: float = Field(default=0.3, ge=0.0, le=RECALL_S)

    def late_s(self, passage: Passage) -> FloatArray:
        """Always the same."""
        return passage.constant(self.s)


class Partition(LinkFault):
    """Cut the robot and its group off from the rest of the team."""

    group: tuple[str, ...] = Field(default=(), description="robots on the robot's side; none named: it is alone")

    @property
    def named(self) -> tuple[str, ...]:
        """The group."""
        return self.group

    def touches(self, robot: str, sender: str, listener: str) -> bool:
        """Whether the link's ends are on different sides."""
        side = (robot, *self.group)
        return (sender in side) != (listener in side)

    def late_s(self, passage: Passage) -> FloatArray:
        """Never."""
        return passage.constant(LOST_S)


class Links:
    """The links of a team of `names` under faults; `seed` draws what is lost."""

    def __init__(self, faults: "Iterable[FaultSpec]", names: Sequence[str], *, seed: int = 0, period_s: float) -> None:
        self._faults = [(spec, spec.link()) for spec in faults if spec.on_links]
        self._index = {name: index for index, name in enumerate(names)}
        self._seed, self._period_s = seed, period_s

    def touched(self, time_s: float, sender: str, listener: str) -> bool:
        """Whether anything is wrong with a link at a time."""
        return bool(self._touching(time_s, sender, listener))

    def late_s(self, time_s: float, sender: str, listener: str, worlds: int = 1) -> FloatArray:
        """By how much reports (B,) sent at a time arrive late, which is `LOST_S` where they never do."""
        late_s = np.zeros(worlds)
        for spec, fault in self._touching(time_s, sender, listener):
            step = max(0, math.floor((time_s - spec.start_s) / self._period_s + 0.5))
            ends = (self._index[spec.robot], self._index[sender], self._index[listener])
            late_s = late_s + fault.late_s(Passage(*ends, seed=self._seed, step=step, worlds=worlds))
        return late_s

    def _touching(self, time_s: float, sender: str, listener: str) -> "list[tuple[FaultSpec, LinkFault]]":
        return [
            (spec, fault)
            for spec, fault in self._faults
            if spec.active(time_s) and fault.touches(spec.robot, sender, listener)
        ]


class UnderWay(Generic[Report]):
    """Reports on one link, which arrive in the order of sending."""

    def __init__(self) -> None:
        self._reports: deque[tuple[float, Report]] = deque(maxlen=MOST_UNDER_WAY)

    def send(self, report: Report, arrives_s: float) -> None:
        """Put a report on its way, unless it never arrives."""
        if arrives_s < LOST_S:
            self._reports.append((arrives_s, report))

    def arrived(self, now_s: float, *, whole: bool) -> list[Report]:
        """Take what has arrived by now; where the link is whole again, that is all."""
        here = []
        while self._reports and (whole or self._reports[0][0] <= now_s):
            here.append(self._reports.popleft()[1])
        return here
