"""The emergency stop: a latched button for the whole swarm."""

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.task import Future
from std_msgs.msg import Bool
from std_srvs.srv import SetBool

from mir2_swarm.node import LATCHED, SwarmNode, spin
from mir2_swarm.stop_line import BUTTON, StopLine

ANSWER_S = 3.0  # wall time within which a gate has to confirm
UNDO_S = 0.5  # wall time in which another emergency-stop node's release also arrives here


class EmergencyStopNode(SwarmNode):
    """Serves `/emergency_stop/set`, the only way to release a stop, and answers which gates have confirmed.

    It says nothing when it starts, and takes over a stop that a gate still holds. A release that it has not made, by a
    call to a single gate, is undone: while it holds a stop, everybody does.
    """

    def __init__(self) -> None:
        super().__init__("emergency_stop")
        self._group = ReentrantCallbackGroup()  # a stop does not wait for a release that waits for answers
        self._button = self.create_publisher(Bool, BUTTON, LATCHED)
        self._line = StopLine(self, self._say)
        self._gates = {
            robot: self.create_client(SetBool, f"/{robot}/gate/emergency_stop", callback_group=self._group)
            for robot in self.roster.names
        }
        self.create_service(SetBool, "/emergency_stop/set", self._set, callback_group=self._group)
        self._suspected = False
        self.create_timer(UNDO_S, self._undo, callback_group=self._group, clock=self.steady_clock)

    def _say(self) -> None:
        self.get_logger().warning("emergency stop " + ("SET" if self._line.held else "released"))

    def _undo(self) -> None:
        """Press the button again if a robot was released behind this node's back, at least `UNDO_S` ago."""
        if self._suspected and self._line.released_elsewhere:
            self.get_logger().error("somebody has released a robot without /emergency_stop/set; all are stopped again")
            self._line.turn(True)
            self._button.publish(Bool(data=True))
        self._suspected = self._line.released_elsewhere

    async def _set(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._line.turn(request.data)
        self._button.publish(Bool(data=request.data))
        silent = await self._ask_gates(request.data)
        response.success = not silent
        everybody = len(self.roster.names)
        response.message = f"{'set' if request.data else 'released'} at {everybody - len(silent)} of {everybody} gates"
        if silent:
            response.message += f"; no answer within {ANSWER_S:g} s from {', '.join(silent)}; call again"
            self.get_logger().error(f"emergency stop {response.message}")
        elif request.data:
            response.message += "; holds until released with data: false"
        return response

    async def _ask_gates(self, on: bool) -> list[str]:
        """Tell every gate; the robots whose gates have not confirmed in time."""
        ready = {robot: client for robot, client in self._gates.items() if client.service_is_ready()}
        answers = {robot: client.call_async(SetBool.Request(data=on)) for robot, client in ready.items()}
        over = Future(executor=self.executor)

        def end_when_all_answered(_: Future) -> None:
            if all(answer.done() for answer in answers.values()):
                over.set_result(None)

        for answer in answers.values():
            answer.add_done_callback(end_when_all_answered)
        deadline = self.create_timer(
            ANSWER_S, lambda: over.set_result(None), callback_group=self._group, clock=self.steady_clock
        )
        if answers:
            await over
        self.destroy_timer(deadline)
        silent = [robot for robot in self._gates if robot not in answers or not answers[robot].done()]
        for robot in set(silent) & set(answers):
            self._gates[robot].remove_pending_request(answers[robot])
        return silent


def main() -> None:
    """Run the node."""
    spin(lambda: [EmergencyStopNode()])
