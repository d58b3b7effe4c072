"""What a task is, what its observation is made of, and how its columns are found.

Dimensions: B worlds, N robots, S numbers of a robot's state, O of its observation, A of its action.
"""

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any, Literal, NamedTuple, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mir2_core.config import StrictModel
from mir2_core.errors import UserError
from mir2_core.robots.model import RobotModel
from mir2_core.tasks.geometry import Array

ActionKind = Literal["continuous", "labels"]


class TaskParams(StrictModel):
    """What every task has to be told; each task adds its own."""

    robots: int = Field(ge=2, le=64)
    horizon: int = Field(ge=1, description="control steps of an episode")
    dt_s: float = Field(gt=0.0)


class ObservationTerm(NamedTuple):
    """A part of an observation: `size` numbers, each a quantity in `unit` times `scale`."""

    name: str
    size: int
    unit: str
    scale: float


class ObservationBlock(NamedTuple):
    """Terms and the function that computes them: states (B, N, S) to as many numbers (B, N, ...) as they declare."""

    terms: tuple[ObservationTerm, ...]
    numbers: Callable[[Array], Array]
    of_allies: bool = False  # whether what allies report decides them

    @property
    def size(self) -> int:
        """How many numbers the terms declare."""
        return sum(term.size for term in self.terms)


class Observation:
    """Blocks side by side; called, it turns states (B, N, S) into observations (B, N, O)."""

    def __init__(self, xp: Any, blocks: Iterable[ObservationBlock]) -> None:
        self._xp = xp
        self._blocks = [(block, block.size) for block in blocks]
        self.terms = tuple(term for block, _ in self._blocks for term in block.terms)
        self.size = sum(size for _, size in self._blocks)

    def __call__(self, state: Array, present: Array | None = None) -> Array:
        """The observations (B, N, O); `ValueError` if a block does not compute what its terms declare.

        `present` (B, N, N) tells whom each robot hears. Here it says nothing: `state` has stand-ins for the absent.
        """
        return self._xp.concatenate([_computed(block, size, state) for block, size in self._blocks], axis=-1)

    def of_listeners(self, believed: Array, present: Array | None = None) -> Array:
        """The observations (B, N, O) of robots of which each believes something else: row i of (B, N, N, S)."""
        batch, team = believed.shape[:2]
        observed = self(self._xp.reshape(believed, (-1, *believed.shape[2:])))
        every = list(range(team))
        return self._xp.reshape(observed, (batch, team, team, -1))[:, every, every]

    def of_robot(self, state: Array, robot: int, present: Array | None = None) -> Array:
        """The observations (B, O) of one robot that hears those `present` (B, N): row `robot` of all."""
        known = None if present is None else present[:, None]
        return self(state, known)[:, robot]

    @property
    def own_terms(self) -> tuple[ObservationTerm, ...]:
        """The terms that there are whatever the team's size."""
        return self.terms

    @property
    def ally_terms(self) -> tuple[ObservationTerm, ...]:
        """The terms that follow them for every ally, if the observation is one for any team."""
        return ()

    @property
    def ally_columns(self) -> list[int]:
        """Where the numbers stand that allies' reports decide."""
        of_allies = [block.of_allies for block, size in self._blocks for _ in range(size)]
        return [column for column, told in enumerate(of_allies) if told]


def _computed(block: ObservationBlock, size: int, state: Array) -> Array:
    """The numbers of a block, as many as its terms declare."""
    numbers = block.numbers(state)
    if numbers.shape[-1] != size:
        names = ", ".join(term.name for term in block.terms)
        raise ValueError(f"the terms {names} declare {size} numbers, but {numbers.shape[-1]} were computed")
    return numbers


def columns(terms: Iterable[ObservationTerm], pattern: str) -> list[int]:
    """Where the numbers of terms stand whose name matches a `pattern` such as `ally_*_distance`, in order."""
    found: list[int] = []
    start = 0
    for term in terms:
        if fnmatchcase(term.name, pattern):
            found += range(start, start + term.size)
        start += term.size
    if not found:
        raise ValueError(f"no term of the observation is called '{pattern}'")
    return found


class Task(Protocol):
    """A team's task on arrays of `xp`: NumPy on a robot, PyTorch in training.

    A state (B, N, S) holds in row i what concerns robot i; what its columns mean, only the task knows. It has to be one
    array with one row a robot, so that memories, worlds and checkpoints can keep it and number the robots anew.
    """

    @property
    def name(self) -> str:
        """As in the registry."""

    @property
    def robot_kind(self) -> str:
        """The kind of robot that a policy is made for; 'none' for a game without robots."""

    @property
    def params(self) -> TaskParams:
        """The parameters of this instance."""

    @property
    def xp(self) -> Any:
        """The array namespace."""

    @property
    def state_size(self) -> int:
        """S."""

    @property
    def action_kind(self) -> ActionKind:
        """Whether an action is A numbers in [−1, 1] or one of A labels, given as a one-hot vector."""

    @property
    def action_size(self) -> int:
        """A."""

    @property
    def action_meaning(self) -> str:
        """What the numbers, or the labels, do."""

    @property
    def observe(self) -> Observation:
        """What each robot is given, and what it is made of."""

    def asarray(self, values: Any, /) -> Array:
        """A NumPy array as an array of `xp`, with the data type and on the device of this instance."""

    def of_size(self, robots: int) -> Self:
        """The same task for a team of another size."""

    def reset(self, rng: np.random.Generator, batch: int = 1) -> NDArray[np.float64]:
        """Fresh NumPy states (B, N, S)."""

    def step(self, state: Array, actions: Array) -> Array:
        """The states (B, N, S) one control step later."""

    def reward(self, state: Array, actions: Array) -> Array:
        """The reward (B,) that all robots share, for states after the step and the actions that led there."""

    def done(self, state: Array, actions: Array) -> Array:
        """Whether (B,) the task is done, so that nothing follows."""

    def outcome(self, state: Array, actions: Array) -> tuple[Array, Array]:
        """`reward` and `done`, from one look."""


class FloorParams(TaskParams):
    """Parameters of a task on a square floor."""

    arena_m: float = Field(gt=0.0, le=1000.0, description="side")


@runtime_checkable
class FloorTask(Task, Protocol):
    """A task of robots that drive: row i of a state is robot i's x_m, y_m, heading_rad."""

    @property
    def params(self) -> FloorParams:
        """The parameters of this instance."""

    @property
    def robot(self) -> RobotModel:
        """The robot that the task assumes."""

    def action_to_twist(self, actions: Array) -> tuple[Array, Array]:
        """v_mps and omega_radps (...,) of actions (..., A), which are clipped to [−1, 1]."""

    def twist_to_action(self, v_mps: Array, omega_radps: Array) -> Array:
        """The action (..., A) that gives this body velocity; beyond [−1, 1] if the robot cannot reach it."""


def on_floor(task: Task, source: str) -> FloorTask:
    """The task, unless it is a game without a floor: then a `UserError` says so; `source` is where it came from."""
    if not isinstance(task, FloorTask):
        raise UserError(
            f"{source}: the task '{task.name}' has no robots on a floor, as deployments, attacks and reports need them"
        )
    return task
