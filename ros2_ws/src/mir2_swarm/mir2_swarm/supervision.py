"""What a launch does when one of its nodes ends before the run does."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from launch.actions import LogInfo, OpaqueCoroutine, OpaqueFunction, RegisterEventHandler, Shutdown, TimerAction
from launch.event_handlers import OnShutdown
from launch.events.process import ProcessExited, SignalProcess
from launch_ros.actions import Node
from mir2_core.errors import EXIT_USER_ERROR, UserError
from mir2_core.scenario import ProcessEvent

from launch import LaunchContext, LaunchDescriptionEntity
from mir2_swarm.run_clock import RunClock
from mir2_swarm.run_folder import CUT_SHORT, EventLog

RESTART_S = 1.0
POLL_S = 0.02
SIGNALS = {"kill": signal.SIGKILL, "pause": signal.SIGSTOP, "continue": signal.SIGCONT}
DONE = {"kill": "killed", "pause": "paused", "continue": "continued"}

Answer = Callable[[ProcessExited, LaunchContext], list[LaunchDescriptionEntity] | None]
Make = Callable[[Answer], Node]


class Supervisor:
    """Starts nodes again that died, says so in plain words and writes it into the run's record.

    A run in which a node died does not end with status 0, unless it died because its scenario says so.
    """

    def __init__(self, folder: Path) -> None:
        self._deaths: list[str] = []
        self._running: dict[str, Node] = {}
        self._killed: list[Node] = []  # because a scenario says so
        self._events = EventLog(folder)
        self._clock = RunClock()

    def restarted(self, what: str, meanwhile: str, make: Make) -> Node:
        """A node that is started again when it dies; `meanwhile` says what holds until then."""
        return self.succeeded(what, f"it is started again, and until then {meanwhile}", make, make)

    def succeeded(self, what: str, then: str, make: Make, successor: Make) -> Node:
        """A node that another one takes over from when it dies; `then` says so."""
        return self._started(what, make(partial(self._on_death, what, then, successor)))

    def mourned(self, what: str, then: str, make: Make) -> Node:
        """A node without which the run goes on."""
        return self._started(what, make(partial(self._on_death, what, then, None)))

    def needed(self, what: str, make: Make) -> Node:
        """A node without which there is no run."""
        return self._started(what, make(partial(self._on_loss, what)))

    def awaited(self, what: str, make: Make) -> Node:
        """A node that ends the run."""
        return self._started(what, make(partial(self._on_end, what)))

    def _started(self, what: str, node: Node) -> Node:
        self._running[what] = node
        return node

    def play(self, events: Sequence[tuple[ProcessEvent, str]], mode: str) -> LaunchDescriptionEntity:
        """Kill, pause and continue nodes when a scenario says so; each event comes with what it happens to."""
        return OpaqueCoroutine(coroutine=partial(self._play, events=events, goes_on=mode == "realtime"))

    async def _play(self, context: LaunchContext, events: Sequence[tuple[ProcessEvent, str]], goes_on: bool) -> None:
        paused: dict[str, Node] = {}
        try:
            for event, what in sorted(events, key=lambda each: each[0].at_s):
                while (now_s := self._clock.now_s(goes_on=goes_on)) is None or now_s < event.at_s:
                    await asyncio.sleep(POLL_S)
                node = self._running[what]
                if node.return_code is not None:
                    self._events.add(now_s, "scenario_missed", node=what, detail=f"no {event.do}: it is not running")
                    continue
                if event.do == "kill":
                    self._killed.append(node)
                else:
                    paused[what] = node
                _signal(context, node, SIGNALS[event.do])
                self._events.add(now_s, f"node_{DONE[event.do]}", node=what, detail="as the scenario says")
                print(f"{now_s:5.0f} s   {what} is {DONE[event.do]}, as the scenario says", flush=True)
        finally:
            for node in paused.values():  # else they could not end
                _signal(context, node, signal.SIGCONT)

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
        if event.action not in self._killed:
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


def _signal(context: LaunchContext, node: Node, number: signal.Signals) -> None:
    context.emit_event_sync(SignalProcess(signal_number=number, process_matcher=lambda action: action is node))


def _how(returncode: int) -> str:
    if returncode == 0:
        return "was told to end"
    return f"was killed by signal {-returncode}" if returncode < 0 else f"ended with status {returncode}"
