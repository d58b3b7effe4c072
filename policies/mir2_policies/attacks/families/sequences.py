"""Gradients through the world: what traitors do or say at each step of an episode descends the return that it leaves.

Each episode is attacked for itself, from the best that others have found for it, so that search and figure are one.
"""

from collections.abc import Iterator
from typing import Any

import torch
from mir2_core.traitors.traitor import Deed
from torch import Tensor

from mir2_policies.attacks.duel import Duel, mapped
from mir2_policies.attacks.families.family import Family, Known, clock_s
from mir2_policies.attacks.families.scripts import FIRST_STARTS, grid
from mir2_policies.attacks.numbers import NumbersTraitor, returns_of

WINDOW_STEPS = 32  # that a gradient looks ahead
LEARNING_RATE = 0.02  # m, rad, or of the fastest wheel
RESTART_ROUNDS = 20  # after so many, each sequence begins anew beside the best that was found for its episode
NOISE = 0.1
FEW = 7  # one in so many simple lies is tried where nothing is known


class Sequences(Family):
    """Adam on whole sequences of deeds, with restarts."""

    share = 0.2
    on_fresh_starts = True
    needs_gradients = True
    episodes = 64

    def __init__(self, duel: Duel, known: Known) -> None:
        super().__init__(duel, known)
        self._generator = torch.Generator().manual_seed(duel.seed)
        self._starts = self.fresh_starts()
        self._best = torch.full((self.episodes,), torch.inf)
        self._rounds = 0

    def search(self, seconds: float) -> Iterator[float]:
        """A round plays every episode once and moves all deeds a little; one round at least."""
        begun = clock_s()
        best = self._first()
        deeds, optimizer = self._restart(best, noise=0.0)
        while True:
            self._rounds += 1
            played = self._inside(deeds.detach())
            left = self._descend(deeds, optimizer, self._rounds)
            better = left < self._best
            self._best = torch.where(better, left, self._best)
            best[:, better] = played[:, better]
            yield float(self._best.mean())
            if clock_s() - begun >= seconds:
                return
            if self._rounds % RESTART_ROUNDS == 0:
                deeds, optimizer = self._restart(best, NOISE)

    def returns(self) -> Tensor:
        """Of the worst sequence of each episode."""
        return self._best

    def found(self) -> dict[str, Any]:
        """How often the sequences were moved."""
        return {"rounds": self._rounds}

    @torch.no_grad()
    def _first(self) -> Tensor:
        """The deeds (T, B, K, ...) of the best numbers that are known; of plans, where these left less."""
        duel, state, deeds = self.duel, self.duel.begin(self._starts), []
        traitor, left = NumbersTraitor(duel, self._known_numbers()), torch.zeros(self.episodes)
        for step in range(duel.task.params.horizon):
            deed = traitor(duel.situation(state.poses, step))
            deeds.append(duel.made_up(deed))
            state, reward, _ = duel.step(state, deed)
            left = left + reward
        first = torch.stack(deeds)
        if self.known.deeds is not None and self.known.deeds_left is not None:
            better = self.known.deeds_left < left
            first[:, better] = self.known.deeds[:, better]
        return first

    def _known_numbers(self) -> Tensor:
        """The most harmful (K, SIZE); of a few simple ones, if none are known."""
        if self.known.numbers:
            return self.known.numbers[0][1]
        simple = grid(self.duel)[::FEW]
        left = returns_of(self.duel, simple, self._starts[:FIRST_STARTS]).mean(dim=1)
        return simple[int(left.argmin())]

    def _restart(self, best: Tensor, noise: float) -> tuple[Tensor, torch.optim.Adam]:
        moved = best + noise * torch.randn(best[:1].shape, generator=self._generator)  # the same at all times
        deeds = self._inside(moved).requires_grad_()
        return deeds, torch.optim.Adam([deeds], LEARNING_RATE)

    def _inside(self, deeds: Tensor) -> Tensor:
        """Deeds as they are allowed: places in the arena, wheel speeds in [−1, 1]."""
        if not self.duel.threat.lies:
            return deeds.clamp(-1.0, 1.0)
        return torch.cat([deeds[..., :2].clamp(0.0, self.duel.task.params.arena_m), deeds[..., 2:]], dim=-1)

    def _descend(self, deeds: Tensor, optimizer: torch.optim.Adam, phase: int) -> Tensor:
        """One step of all deeds against the returns (B,) that they left, over windows whose edges move with `phase`."""
        duel, state, earned = self.duel, self.duel.begin(self._starts), torch.zeros(())
        total, going = torch.zeros(self.episodes), torch.ones(self.episodes, dtype=torch.bool)
        optimizer.zero_grad(set_to_none=True)
        for step, deed in enumerate(self._inside(deeds).unbind()):
            state, reward, ended = duel.step(state, self._deed(deed))
            total = total + reward.detach() * going
            earned = earned + (reward * going).sum()
            going = going & ~ended
            if (step + 11 * phase) % WINDOW_STEPS == 0:
                earned.backward(retain_graph=True)  # type: ignore[no-untyped-call]
                state, earned = mapped(state, torch.Tensor.detach), torch.zeros(())
        if earned.requires_grad:
            earned.backward()  # type: ignore[no-untyped-call]
        assert deeds.grad is not None
        deeds.grad.nan_to_num_(0.0, 0.0, 0.0)
        optimizer.step()
        return total

    def _deed(self, made_up: Tensor) -> Deed:
        if not self.duel.threat.lies:
            return Deed(made_up)
        return Deed(torch.zeros(*made_up.shape[:2], self.duel.task.action_size), made_up)
