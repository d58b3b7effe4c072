"""What a launch does when one of its nodes ends before the run does."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from launch.actions import LogInfo, OpaqueFunction, RegisterEventHandler, Shutdown, TimerAction
from launch.event_handlers import OnShutdown
from launch.events.process import ProcessExited
from launch_ros.actions import Node
from mir2_core.errors import EXIT_USER_ERROR, UserError

from launch import LaunchContext, LaunchDescriptionEntity
from mir2_swarm.run_clock import RunClock
from mir2_swarm.run_folder import CUT_SHORT, EventLog

RESTART_S = 1.0

Answer = Callable[[ProcessExited, LaunchContext], list[LaunchDescriptionEntity] | None]
Make = Callable[[Answer], Node]


class Supervisor:
    """Starts nodes again that died, says so in plain words and writes it into the run's record.

    A run in which a node died does not end with status 0.
    """

    def __init__(self, folder: Path) -> None:
        self._deaths: list[str] = []
        self._events = EventLog(folder)
        self._clock = RunClock()

    def restarted(self, what: str, meanwhile: str, make: Make) -> Node:
        """A node that is started again when it dies; `meanwhile` says what holds until then."""
        return self.succeeded(what, f"it is started again, and until then {meanwhile}", make, make)

    def succeeded(self, what: str, then: str, make: Make, successor: Make) -> Node:
        """A node that another one takes over from when it dies; `then` says so."""
        return make(partial(self._on_death, what, then, successor))

    def mourned(self, what: str, then: str, make: Make) -> Node:
        """A node without which the run goes on."""
        return make(partial(self._on_death, what, then, None))

    def needed(self, what: str, make: Make) -> Node:
        """A node without which there is no run."""
        return make(partial(self._on_loss, what))

    def awaited(self, what: str, make: Make) -> Node:
        """A node that ends the run."""
        return make(partial(self._on_end, what))

    def leave(self) -> LaunchDescriptionEntity:
        """What is to be done when the launch ends, whatever ended it."""
        return RegisterEventHandler(OnShutdown(on_shutdown=lambda *_: self._clock.close()))

    def _note(self, event: str, what: str, **detail: str) -> None:
        self._events.add(self._clock.time_s, event, node=what, **detail)

    def _on_death(
        self, what: str, then: str, successor: Make | None, event: ProcessExited, context: LaunchContext
    ) -> list[LaunchDescriptionEntity] | None:
        if context.is_shutdown:
            return None
        how = _how(event.returncode)
        if event.returncode == EXIT_USER_ERROR:  # a mistake, which no second start mends
            raise UserError(f"{what} {how}; see what it says above")
        self._note("node_died", what, detail=f"{how}; {then}")
        self._deaths.append(f"{what} {how}")
        told = LogInfo(msg=f"{what} {how}; {then}")
        if successor is None:
            return [told]
        note = OpaqueFunction(function=lambda _: self._note("node_restarted", what))
        again = TimerAction(period=RESTART_S, actions=[note, self.succeeded(what, then, successor, successor)])
        return [told, again]

    def _on_loss(self, what: str, event: ProcessExited, context: LaunchContext) -> None:
        if context.is_shutdown:
            return
        self._note("node_died", what, detail=_how(event.returncode))
        raise UserError(f"the run ended early: {what} {_how(event.returncode)}")

    def _on_end(self, what: str, event: ProcessExited, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        if context.is_shutdown:
            return None
        if event.returncode == EXIT_USER_ERROR:
            raise UserError(f"{what} {_how(event.returncode)}; see what it says above")
        if event.returncode != 0 or self._events.holds(CUT_SHORT):
            self._on_loss(what, event, context)
        if self._deaths:
            raise UserError(f"the run was not whole: {'; '.join(self._deaths)}")
        return [Shutdown(reason="the run is over")]


def _how(returncode: int) -> str:
    if returncode == 0:
        return "was told to end"
    return f"was killed by signal {-returncode}" if returncode < 0 else f"ended with status {returncode}"
