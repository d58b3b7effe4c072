"""Search for the numbers of a closed-loop lie that hurt most, by CMA-ES (Hansen and Ostermeier, 2001)."""

import math
from collections.abc import Iterator
from typing import Any

import cma
import numpy as np
import torch
from torch import Tensor

from mir2_policies.attacks.duel import Duel
from mir2_policies.attacks.families.family import Family, Known, clock_s, named
from mir2_policies.attacks.numbers import SIZE, NumbersTraitor, from_point, returns_of, to_point, used

CANDIDATES = 16  # of a generation
STEP = 0.15  # first standard deviation, in the cube [−1, 1]
WIDE_STEP = 0.5  # where a search begins anywhere
MOST_GENERATIONS = 40  # until another beginning is tried …
GROWTH = 1.5  # … and so many times as many candidates, where it was anywhere
MOST_CANDIDATES = 64


class Rules(Family):
    """CMA-ES on common starts, begun anew from what else is known to hurt, then from anywhere, until time is up."""

    share = 0.2

    def __init__(self, duel: Duel, known: Known) -> None:
        super().__init__(duel, known)
        self._rng = np.random.default_rng([duel.seed, 1])
        self._traitors, self._used = len(duel.arena.robots), used(duel.threat)
        self._generations = self._begun = 0
        self._best = known.numbers[0] if known.numbers else (math.inf, torch.zeros(self._traitors, SIZE))

    def search(self, seconds: float) -> Iterator[float]:
        """One generation at least."""
        begun, starts = clock_s(), self.selection_starts()
        search = self._begin()
        while True:
            points = search.ask()
            candidates = self._numbers(np.stack(points))
            left = returns_of(self.duel, candidates, starts).mean(dim=1).tolist()
            search.tell(points, left)
            worst = int(np.argmin(left))
            self.known.add(left[worst], candidates[worst])
            self._best = self.known.numbers[0]
            self._generations += 1
            yield self._best[0]
            if clock_s() - begun >= seconds:
                return
            if search.stop() or search.countiter >= MOST_GENERATIONS:
                search = self._begin()

    def returns(self) -> Tensor:
        """Of the best numbers."""
        return self.duel.returns(NumbersTraitor(self.duel, self._best[1]), self.fresh_starts())

    def found(self) -> dict[str, Any]:
        """The numbers."""
        return {"numbers": named(self._best[1]), "generations": self._generations, "beginnings": self._begun}

    def _begin(self) -> Any:
        """A search from the most harmful numbers that are known, then in turn from anywhere and from the best.

        Those from anywhere look at more and more candidates (as in IPOP; Auger and Hansen, 2005).
        """
        wide, population = self._begun // 2, CANDIDATES
        if self._begun % 2 == 0 and self.known.numbers:
            best = to_point(self.known.numbers[0][1])[:, self._used]
            centre, step = best.flatten().double().numpy(), STEP
        else:
            centre, step = self._rng.uniform(-1.0, 1.0, self._traitors * len(self._used)), WIDE_STEP
            population = min(MOST_CANDIDATES, round(CANDIDATES * GROWTH**wide))
        self._begun += 1
        options = {
            "bounds": [-1.0, 1.0],
            "popsize": population,
            "seed": int(self._rng.integers(1, 2**31)),
            "verbose": -9,
        }
        return cma.CMAEvolutionStrategy(centre, step, options)

    def _numbers(self, points: Any) -> Tensor:
        """Numbers (C, K, SIZE) of points (C, ·) of the cube of those that are used."""
        full = torch.zeros(len(points), self._traitors, SIZE)
        full[..., self._used] = torch.tensor(points, dtype=torch.float32).reshape(len(points), self._traitors, -1)
        return from_point(full)
