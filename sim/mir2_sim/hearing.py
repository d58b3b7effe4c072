"""What robots hear of each other while they train: allies that are silent, out of range or late.

Dimensions: B worlds, N robots, S numbers of a robot's state.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from mir2_core.tasks import Task
from torch import Tensor

from mir2_sim.randomisation import Randomisation


class Heard(NamedTuple):
    """What robots believe: all the same (B, N, S), or in row i what robot i does (B, N, N, S); and whom they hear."""

    believed: Tensor
    present: Tensor | None = None  # (B, N, N)

    def observed(self, task: Task) -> Tensor:
        """The observations (B, N, O)."""
        observe = task.observe if self.believed.ndim == 3 else task.observe.of_listeners
        observations: Tensor = observe(self.believed, self.present)
        return observations

    def retold(self, allies: Tensor) -> "Heard":
        """The same, had the ally (B,) of each world said, or not said, what it does in the next world."""
        worlds = torch.arange(len(allies), device=allies.device)
        if self.present is None:
            believed = self.believed.clone()
            believed[worlds, allies] = self.believed.roll(-1, dims=0)[worlds, allies]
            return Heard(believed)
        believed, present = self.believed.clone(), self.present.clone()
        believed[worlds, :, allies] = self.believed.roll(-1, dims=0)[worlds, :, allies]
        present[worlds, :, allies] = self.present.roll(-1, dims=0)[worlds, :, allies]
        return Heard(believed, present)


class Hearing:
    """Draws for the worlds in which an episode begins who is disturbed and how; remembers what is reported late."""

    def __init__(self, randomisation: Randomisation, task: Any, batch: int, rng: np.random.Generator) -> None:
        self._settings, self._task = randomisation, task
        self._batch, self._robots = batch, task.params.robots
        self._generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
        self._past: list[Tensor] = []
        self._drawn = self._draw()

    def listen(self, state: Tensor, begins: Tensor) -> Heard:
        """What is heard in `state` (B, N, S), once a step; `begins` (B,) marks worlds in which an episode begins."""
        drawn_anew = self._draw() if bool(begins.any()) else {}
        for name, new in drawn_anew.items():
            wanted = begins.reshape(-1, *[1] * (new.ndim - 1))
            self._drawn[name] = torch.where(wanted, new, self._drawn[name])
        self._drawn["silent"] = self._fallen_silent_or_back()
        self._past = [torch.where(begins[:, None, None], state, past) for past in self._past]
        drawn, team = self._drawn, self._robots
        believed = state[:, None].expand(-1, team, -1, -1)
        for periods, past in enumerate(self._past, start=1):
            believed = torch.where((drawn["late"] == periods)[..., None], past[:, None], believed)
        self._past = [state, *self._past][: self._settings.latest_periods]
        place = state[..., :2].detach()
        in_range = torch.cdist(place, place) <= drawn["range_m"][:, None]
        return Heard(believed, in_range & ~drawn["silent"][:, None])

    def forget(self) -> None:
        """Let no gradient reach what came before."""
        self._past = [past.detach() for past in self._past]

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on from here."""
        return {"drawn": dict(self._drawn), "past": list(self._past), "generator": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        device = self._drawn["silent"].device
        self._drawn = {name: values.to(device) for name, values in state["drawn"].items()}
        self._past = [past.to(device) for past in state["past"]]
        self._generator.set_state(state["generator"])

    def _draw(self) -> dict[str, Tensor]:
        """How the episodes of all worlds would be disturbed if they began now."""
        settings, batch, team = self._settings, self._batch, self._robots
        disturbed = self._random(batch, 1) < settings.disturbed
        silenced, unsteady, ranged, late = (disturbed & (self._random(batch, 1) < 0.5) for _ in range(4))
        silent = self._random(batch, team) < settings.silent * self._random(batch, 1)
        whole_m = 2.0**0.5 * self._task.params.arena_m
        range_m = settings.shortest_range_m * (whole_m / settings.shortest_range_m) ** self._random(batch, 1)
        periods = torch.floor(self._random(batch, team, team) * (settings.latest_periods + 1))
        others = 1.0 - torch.eye(team, device=periods.device)
        return {
            "silent": silent & silenced,
            "unsteady": unsteady,
            "range_m": torch.where(ranged, range_m, torch.full_like(range_m, torch.inf)),
            "late": periods * others * late[..., None],
        }

    def _fallen_silent_or_back(self) -> Tensor:
        """Who is silent now (B, N)."""
        settings, drawn, dt_s = self._settings, self._drawn, self._task.params.dt_s
        chance, silent = self._random(self._batch, self._robots), drawn["silent"]
        rate_hz = torch.where(silent, settings.comes_back_hz, settings.falls_silent_hz)
        changed: Tensor = drawn["unsteady"] & (chance < rate_hz * dt_s)
        return silent ^ changed

    def _random(self, *shape: int) -> Tensor:
        """Uniform in [0, 1), the same numbers on every device."""
        values: Tensor = self._task.asarray(torch.rand(shape, generator=self._generator))
        return values
