"""Planning with a receding horizon: every few steps, many lies are played some steps ahead in the true world."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mir2_policies.attacks.duel import Duel, State, mapped
from mir2_policies.attacks.families.family import Family, Known, clock_s
from mir2_policies.attacks.numbers import CHUNK_WORLDS, SIZE, NumbersTraitor, from_point, to_point

REPLANNED_STEPS = 4
STEP = 0.2  # standard deviation of a change to the plan that is followed, in the cube [−1, 1]
KNOWN_PLANS = 8


class Effort(NamedTuple):
    """How much a planner looks at."""

    plans: int
    ahead_steps: int


EFFORTS = (Effort(16, 10), Effort(24, 20), Effort(48, 20), Effort(64, 40), Effort(128, 40), Effort(256, 60))


class Plans(Family):
    """A plan is numbers; tried are those that are followed, changes to them, what is known to hurt, and chance."""

    share = 0.35
    on_fresh_starts = True
    episodes = 64

    def __init__(self, duel: Duel, known: Known) -> None:
        super().__init__(duel, known)
        self._generator = torch.Generator().manual_seed(duel.seed)
        kept = self.known.deeds_left
        self._best = torch.full((self.episodes,), torch.inf) if kept is None else kept
        self._spent: list[Effort] = []

    def search(self, seconds: float) -> Iterator[float]:
        """More and more effort while there is time for it; the worst of each episode is kept."""
        begun, starts, seconds_each = clock_s(), self.fresh_starts(), 0.0
        for effort in EFFORTS:
            work = effort.plans * effort.ahead_steps
            before = clock_s() - begun
            if before + seconds_each * work > seconds and self._spent:
                return
            left, deeds = self.play(starts, effort)
            self._keep(left, deeds)
            self._spent.append(effort)
            seconds_each = (clock_s() - begun - before) / work
            yield float(self._best.mean())

    def returns(self) -> Tensor:
        """Of the worst plans of each episode."""
        return self._best

    def found(self) -> dict[str, Any]:
        """The efforts that were made."""
        return {"efforts": [effort._asdict() for effort in self._spent], "replanned_steps": REPLANNED_STEPS}

    def _keep(self, left: Tensor, deeds: Tensor) -> None:
        """Keep what left less than anything before, episode by episode."""
        better = left < self._best
        self._best = torch.where(better, left, self._best)
        best = deeds if self.known.deeds is None else self.known.deeds
        best[:, better] = deeds[:, better]
        self.known.keep(best, self._best)

    @torch.no_grad()
    def play(self, starts: Tensor, effort: Effort) -> tuple[Tensor, Tensor]:
        """Returns (B,) of episodes from `starts` (B, N, 3), and what was done or said in them (T, B, K, ...)."""
        duel, state, batch = self.duel, self.duel.begin(starts), len(starts)
        horizon = duel.task.params.horizon
        total, going, deeds = torch.zeros(batch), torch.ones(batch, dtype=torch.bool), []
        plan = self._candidates(batch, 1, None)[:, 0]
        for step in range(horizon):
            if step % REPLANNED_STEPS == 0:
                ahead = min(effort.ahead_steps, horizon - step)
                plan = self._choose(state, step, self._candidates(batch, effort.plans, plan), ahead)
            deed = NumbersTraitor(duel, plan)(duel.situation(state.poses, step))
            deeds.append(duel.made_up(deed))
            state, reward, ended = duel.step(state, deed)
            total = total + reward * going
            going = going & ~ended
        return total, torch.stack(deeds)

    def _choose(self, state: State, step: int, candidates: Tensor, ahead: int) -> Tensor:
        """Of candidates (B, P, K, SIZE) those (B, K, SIZE) that leave least in the next steps."""
        plans = candidates.shape[1]
        worlds, numbers = torch.arange(len(candidates)).repeat_interleave(plans), candidates.flatten(0, 1)
        pairs = zip(torch.split(worlds, CHUNK_WORLDS), torch.split(numbers, CHUNK_WORLDS), strict=True)
        left = torch.cat([self._ahead(_rows(state, world), each, step, ahead) for world, each in pairs])
        worst = left.reshape(-1, plans).argmin(dim=1)
        return candidates[torch.arange(len(candidates)), worst]

    def _ahead(self, state: State, numbers: Tensor, step: int, ahead: int) -> Tensor:
        traitor, total = NumbersTraitor(self.duel, numbers), torch.zeros(len(numbers))
        for later in range(step, step + ahead):
            state, reward, _ = self.duel.step(state, traitor(self.duel.situation(state.poses, later)))
            total = total + reward
        return total

    def _candidates(self, batch: int, plans: int, followed: Tensor | None) -> Tensor:
        """Numbers (B, P, K, SIZE): the plan `followed` (B, K, SIZE) first."""
        shape = (batch, plans, len(self.duel.arena.robots), SIZE)
        points = 2.0 * torch.rand(shape, generator=self._generator) - 1.0
        points[:, ::2, :, -2:] = 0.0  # every other one neither turns nor switches
        if followed is None:
            return from_point(points)
        changed = plans // 3
        noise = STEP * torch.randn((batch, changed, *shape[2:]), generator=self._generator)
        points[:, 1 : 1 + changed] = to_point(followed)[:, None] + noise
        numbers = from_point(points)
        numbers[:, 0] = followed
        for place, (_, known) in enumerate(self.known.numbers[: min(KNOWN_PLANS, changed)]):
            numbers[:, 1 + changed + place] = known
        return numbers


def _rows(state: State, worlds: Tensor) -> State:
    chosen: State = mapped(state, lambda each: each[worlds])
    return chosen
