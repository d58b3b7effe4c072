"""When the machine's clock is set, by what it gains or loses on one that nobody sets."""

from mir2_swarm.node import SwarmNode

JUMP_S = 0.2  # what the clock gains at once


class ClockJumps:
    """Looked at often enough; simulated time is never set."""

    def __init__(self, node: SwarmNode) -> None:
        self._node = node
        self._ahead_s = self._now_ahead_s

    @property
    def _now_ahead_s(self) -> float:
        return self._node.now_s - self._node.steady_s

    def look(self) -> float:
        """By how much the clock was set since the last look, s."""
        ahead_s = self._now_ahead_s
        jump_s, self._ahead_s = ahead_s - self._ahead_s, ahead_s
        return 0.0 if self._node.pace.patient or abs(jump_s) < JUMP_S else jump_s
