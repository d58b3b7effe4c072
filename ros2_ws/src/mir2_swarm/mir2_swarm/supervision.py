"""What a launch does when one of its nodes ends before the run does."""

from collections.abc import Callable
from functools import partial

from launch.actions import LogInfo, Shutdown, TimerAction
from launch.events.process import ProcessExited
from launch_ros.actions import Node
from mir2_core.errors import EXIT_USER_ERROR, UserError

from launch import LaunchContext, LaunchDescriptionEntity

RESTART_S = 1.0

Answer = Callable[[ProcessExited, LaunchContext], list[LaunchDescriptionEntity] | None]
Make = Callable[[Answer], Node]


class Supervisor:
    """Starts nodes again that died and says so in plain words; a run in which one died does not end with status 0."""

    def __init__(self) -> None:
        self._deaths: list[str] = []

    def restarted(self, what: str, meanwhile: str, make: Make) -> Node:
        """A node that is started again when it dies; `meanwhile` says what holds until then."""
        return make(partial(self._on_death, what, meanwhile, make))

    def mourned(self, what: str, meanwhile: str, make: Make) -> Node:
        """A node without which the run goes on."""
        return make(partial(self._on_death, what, meanwhile, None))

    def awaited(self, what: str, make: Make) -> Node:
        """A node that ends the run."""
        return make(partial(self._on_end, what))

    def _on_death(
        self, what: str, meanwhile: str, make: Make | None, event: ProcessExited, context: LaunchContext
    ) -> list[LaunchDescriptionEntity] | None:
        if context.is_shutdown or event.returncode == 0:
            return None
        death = f"{what} {_how(event.returncode)}"
        if event.returncode == EXIT_USER_ERROR:  # a mistake, which no second start mends
            raise UserError(f"{death}; see what it says above")
        self._deaths.append(death)
        if make is None:
            return [LogInfo(msg=f"{death}; {meanwhile}")]
        again = TimerAction(period=RESTART_S, actions=[self.restarted(what, meanwhile, make)])
        return [LogInfo(msg=f"{death}; it is started again, and until then {meanwhile}"), again]

    def _on_end(self, what: str, event: ProcessExited, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        if context.is_shutdown:
            return None
        if event.returncode != 0:
            raise UserError(f"the run ended early: {what} {_how(event.returncode)}")
        if self._deaths:
            raise UserError(f"the run was not whole: {'; '.join(self._deaths)}")
        return [Shutdown(reason="the run is over")]


def _how(returncode: int) -> str:
    return f"was killed by signal {-returncode}" if returncode < 0 else f"ended with status {returncode}"
