"""Many worlds of one task stepped together in PyTorch, for training."""

from collections.abc import Callable
from typing import Any, NamedTuple

import array_api_compat.torch
import numpy as np
import torch
from mir2_core.disturbance import Disturbance
from mir2_core.tasks import Task, TaskParams, task_type
from torch import Tensor

from mir2_sim.bodies import some_bodies
from mir2_sim.disturbed import Disturbed
from mir2_sim.hearing import Heard, Hearing
from mir2_sim.randomisation import Randomisation


def float_tensors(device: str = "cpu") -> tuple[Any, Callable[[Any], Tensor]]:
    """`xp` and `asarray` of a task on float32 tensors."""

    def asarray(values: Any) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=device)

    return array_api_compat.torch, asarray


def torch_task(name: str, params: TaskParams, device: str = "cpu") -> Task:
    """The task of that name on float32 tensors."""
    return task_type(name).task(params, *float_tensors(device))


class Step(NamedTuple):
    """What one step of all worlds brought; `state` is that before any world starts anew."""

    state: Tensor  # (B, N, S)
    reward: Tensor  # (B,)
    done: Tensor  # (B,) the task is done: nothing follows
    truncated: Tensor  # (B,) only the time is up: more would follow


class BatchedWorld:
    """B worlds; one that ends starts anew at once.

    `state` (B, N, S) is that of the worlds now; `begins` (B,) tells where an episode begins.
    """

    def __init__(
        self,
        task: Task,
        batch: int,
        rng: np.random.Generator,
        randomisation: Randomisation | None = None,
        *,
        disturbance: Disturbance | None = None,
    ) -> None:
        self.task = task
        self._rng = rng
        self.state = self._starts(batch)
        # Worlds start at different ages, so that they do not all end at once.
        self.age = torch.as_tensor(rng.integers(0, task.params.horizon, batch), device=self.state.device)
        self.begins = torch.ones_like(self.age, dtype=torch.bool)
        varied = randomisation or Randomisation()
        self._hearing = Hearing(varied, task, batch, rng) if varied.disturbed else None
        self._bodies = some_bodies(task) if varied.bodies else None
        self._share = varied.bodies
        self._disturbed = Disturbed(disturbance, task, rng) if disturbance and not disturbance.off else None
        self._has_bodies = self._drawn_bodies()

    def heard(self) -> Heard:
        """What the robots hear of each other, once a step."""
        if self._hearing is None:
            return Heard(self.state) if self._disturbed is None else self._disturbed.heard(self.state, self.begins)
        known = self.state if self._disturbed is None else self._disturbed.known(self.state, self.begins)
        return self._hearing.listen(known, self.begins)

    def forget(self) -> None:
        """Let no gradient reach what came before."""
        self.state = self.state.detach()
        if self._disturbed is not None:
            self._disturbed.forget()
        if self._hearing is not None:
            self._hearing.forget()

    def step(self, actions: Tensor) -> Step:
        """Move all robots by `actions` (B, N, A)."""
        task, moves = self.task, actions
        if self._bodies is not None:
            moves = torch.where(self._has_bodies[:, None, None], self._bodies.allowed(self.state, actions), actions)
        if self._disturbed is not None:
            moves = self._disturbed.moves(moves, self.begins)
        state = task.step(self.state, moves)
        reward, done = task.outcome(state, actions)
        self.age += 1
        truncated = (self.age >= task.params.horizon) & ~done
        result = Step(state, reward, done, truncated)
        self.begins = done | truncated
        if self._bodies is not None:
            self._has_bodies = torch.where(self.begins, self._drawn_bodies(), self._has_bodies)
        self.state = self._restart(state, self.begins)
        return result

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on from here."""
        worlds = {"state": self.state.detach(), "age": self.age, "begins": self.begins}
        hearing = {} if self._hearing is None else {"hearing": self._hearing.state_dict()}
        bodies = {} if self._bodies is None else {"has_bodies": self._has_bodies}
        disturbed = {} if self._disturbed is None else {"disturbed": self._disturbed.state_dict()}
        return {**worlds, **hearing, **bodies, **disturbed, "rng": self._rng.bit_generator.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.state, self.age = state["state"].to(self.state), state["age"].to(self.age)
        self.begins = state["begins"].to(self.begins)
        self._rng.bit_generator.state = state["rng"]
        if self._hearing is not None:
            self._hearing.load_state_dict(state["hearing"])
        if self._bodies is not None:
            self._has_bodies = state["has_bodies"].to(self._has_bodies)
        if self._disturbed is not None:
            self._disturbed.load_state_dict(state["disturbed"])

    def _drawn_bodies(self) -> Tensor:
        """For every world (B,), whether its robots would have bodies if its episode began now."""
        if self._bodies is None:
            return torch.zeros_like(self.begins)
        return torch.as_tensor(self._rng.random(len(self.state)) < self._share, device=self.state.device)

    def _restart(self, state: Tensor, ended: Tensor) -> Tensor:
        count = int(ended.sum())
        if not count:
            return state
        state = state.clone()
        state[ended] = self._starts(count)
        self.age[ended] = 0
        return state

    def _starts(self, count: int) -> Tensor:
        state: Tensor = self.task.asarray(self.task.reset(self._rng, count))
        return state


class Worlds:
    """A batch of worlds for every team size that is trained, of which one is drawn at a time."""

    def __init__(
        self,
        task: Task,
        batch: int,
        rng: np.random.Generator,
        randomisation: Randomisation,
        *,
        disturbance: Disturbance | None = None,
    ) -> None:
        self._rng = rng
        self._worlds = {
            robots: BatchedWorld(task.of_size(robots), batch, rng, randomisation, disturbance=disturbance)
            for robots in randomisation.teams(task.params.robots)
        }

    def draw(self) -> BatchedWorld:
        """The worlds of a size, any as likely as another."""
        worlds = list(self._worlds.values())
        return worlds[int(self._rng.integers(len(worlds)))] if len(worlds) > 1 else worlds[0]

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on from here, by team size."""
        return {str(robots): world.state_dict() for robots, world in self._worlds.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        for robots, world in self._worlds.items():
            world.load_state_dict(state[str(robots)])
