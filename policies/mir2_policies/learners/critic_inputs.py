"""What central critics are given of each task; a task that needs more than its state adds a file and a line here."""

from collections.abc import Callable
from typing import Any, Protocol

from mir2_core.tasks import Task
from torch import Tensor

from mir2_policies.learners.rendezvous_inputs import RendezvousInputs


class CriticInputs(Protocol):
    """Features (B, S) of a state, and what an action changes of them."""

    size: int
    effects_size: int

    def features(self, state: Tensor) -> Tensor:
        """Features (B, S) of states (B, N, ...)."""

    def effects(self, features: Tensor, actions: Tensor) -> Tensor:
        """Numbers (..., E), linear in the actions (..., N, A), that tell a critic what these do to the features."""


class StateInputs:
    """The state as it is, and nothing about actions: for a task that has no entry of its own."""

    effects_size = 0

    def __init__(self, task: Task) -> None:
        self.size = task.params.robots * task.state_size

    def features(self, state: Tensor) -> Tensor:
        """All numbers of the state."""
        return state.flatten(1)

    def effects(self, features: Tensor, actions: Tensor) -> Tensor:
        """None."""
        return features[..., :0]


CRITIC_INPUTS: dict[str, Callable[[Any], CriticInputs]] = {
    "rendezvous": RendezvousInputs,
}


def critic_inputs(task: Task) -> CriticInputs:
    """What critics are given of this task."""
    return CRITIC_INPUTS.get(task.name, StateInputs)(task)
