"""An observation for a team of any size: a robot's own numbers, then the same few for every ally.

Dimensions: B worlds, N robots, S numbers of a robot's state, O of an observation, F of an ally.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from mir2_core.tasks.base import Observation, ObservationBlock, ObservationTerm
from mir2_core.tasks.geometry import Array

PRESENT = ObservationTerm("present", 1, "1", 1.0)


class AllyBlock(NamedTuple):
    """What a robot in state (..., 1, S) is given of allies (..., M, S), and which of them it can hear at all."""

    terms: tuple[ObservationTerm, ...]
    numbers: Callable[[Array, Array], Array]  # (..., M, F)
    in_range: Callable[[Array, Array], Array]  # (..., M)


class AllyObservation(Observation):
    """Own blocks, then a presence and the numbers of each ally in team order; those of an absent ally are all 0."""

    def __init__(self, xp: Any, robots: int, own: Iterable[ObservationBlock], ally: AllyBlock) -> None:
        super().__init__(xp, own)
        self._own_terms = self.terms
        self._ally = ally
        self._ally_size = sum(term.size for term in self.ally_terms)
        self._every = list(range(robots))
        self.terms = (*self.terms, *(_numbered(term, k) for k in range(1, robots) for term in self.ally_terms))
        self.size += (robots - 1) * self._ally_size

    def __call__(self, state: Array, present: Array | None = None) -> Array:
        """The observations (B, N, O) of robots in `state` (B, N, S); all hear all unless `present` (B, N, N) says."""
        batch, robots, size = state.shape
        return self._of_team(state, self._xp.broadcast_to(state[:, None], (batch, robots, robots, size)), present)

    def of_listeners(self, believed: Array, present: Array | None = None) -> Array:
        """The observations (B, N, O) of robots of which each believes something else: row i of (B, N, N, S)."""
        return self._of_team(believed[:, self._every, self._every], believed, present)

    def of_robot(self, state: Array, robot: int, present: Array | None = None) -> Array:
        """The observations (B, O) of one robot that hears those `present` (B, N): no other robot's is computed."""
        others = [ally for ally in self._every if ally != robot]
        heard = None if present is None else present[:, None, others]
        return self._observed(state[:, [robot]], state[:, None, others], heard)[:, 0]

    @property
    def own_terms(self) -> tuple[ObservationTerm, ...]:
        """The terms that there are whatever the team's size."""
        return self._own_terms

    @property
    def ally_terms(self) -> tuple[ObservationTerm, ...]:
        """The terms that follow them for every ally."""
        return (PRESENT, *self._ally.terms)

    @property
    def ally_columns(self) -> list[int]:
        """Where the numbers stand that allies' reports decide."""
        own = sum(term.size for term in self._own_terms)
        return [*super().ally_columns, *range(own, self.size)]

    def _of_team(self, own: Array, believed: Array, present: Array | None) -> Array:
        xp = self._xp
        known = None if present is None else _of_allies(xp, xp.broadcast_to(present, believed.shape[:3]))
        return self._observed(own, _of_allies(xp, believed), known)

    def _observed(self, own: Array, allies: Array, present: Array | None) -> Array:
        """What robots (B, R, S) observe (B, R, O) of `allies` (B, R, N − 1, S), of whom some are `present`."""
        xp, alone = self._xp, own[:, :, None]
        heard = self._ally.in_range(alone, allies)
        if present is not None:
            heard = heard & present
        numbers = self._ally.numbers(alone, allies)
        seen = xp.concatenate([xp.ones_like(numbers[..., :1]), numbers], axis=-1)
        seen = xp.where(heard[..., None], seen, 0.0)
        return xp.concatenate([super().__call__(own), xp.reshape(seen, (*own.shape[:2], -1))], axis=-1)


def _of_allies(xp: Any, values: Array) -> Array:
    """The values (B, N, N, ...) of every robot's allies (B, N, N − 1, ...): all but the diagonal."""
    batch, robots, _, *rest = values.shape
    after_diagonal = xp.reshape(values, (batch, robots * robots, *rest))[:, 1:]
    rows = xp.reshape(after_diagonal, (batch, robots - 1, robots + 1, *rest))[:, :, :-1]
    return xp.reshape(rows, (batch, robots, robots - 1, *rest))


def _numbered(term: ObservationTerm, ally: int) -> ObservationTerm:
    return term._replace(name=f"ally_{ally}_{term.name}")
