"""Worlds: where robots are and what their wheels do."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Protocol, cast

from mir2_core.driver import HARDWARE
from mir2_core.errors import UserError, nearest
from mir2_core.roster import RobotEntry, Roster
from mir2_core.tasks import FloorTask
from mir2_core.types import FloatArray


class PhysicsError(UserError):
    """A simulated world that no longer obeys physics; the message says when and for which robot first."""


class World(Protocol):
    """N robots that are driven for a while at a time."""

    @property
    def tick_s(self) -> float:
        """How long one step lasts in real time."""
        ...

    def step(self, twists: FloatArray, duration_s: float) -> FloatArray:
        """Drive with body velocities (N, 2); returns what was really applied. Raises `PhysicsError`."""
        ...

    def poses(self) -> FloatArray:
        """x_m, y_m, heading_rad of every robot (N, 3)."""
        ...

    def velocities(self) -> FloatArray:
        """v_mps, omega_radps of every robot (N, 2)."""
        ...

    def proximity(self) -> Sequence[FloatArray]:
        """What each robot's proximity sensors read, (S,) from the rim in m; `inf` where they see nothing."""
        ...

    def close(self) -> None:
        """Release what the world holds."""
        ...


class Backend(Protocol):
    """A module that makes worlds of one sort."""

    KINDS: Mapping[str, str]
    """The robot kinds of a roster that it takes, and the kind that each becomes in its worlds."""

    def make_world(self, roster: Roster, task: FloorTask, poses: FloatArray, *, seed: int, gui: bool) -> World:
        """A world with the roster's robots at `poses` (N, 3), of kinds that `KINDS` gives; `seed` draws any noise."""
        ...


# Imported when used, since a robot needs none of them.
BACKENDS = {
    "kinematic": "mir2_core.kinematic",
    "pybullet": "mir2_sim.pybullet_backend",
    "gym_pybullet_drones": "mir2_sim.gym_pybullet_drones_backend",
}


def backend(name: str) -> Backend:
    """The backend of that name; a `UserError` lists the valid ones, or says what is not installed."""
    if name not in BACKENDS:
        raise UserError(f"unknown backend '{name}'; {nearest(name, (*BACKENDS, HARDWARE))}")
    try:
        return cast(Backend, import_module(BACKENDS[name]))
    except ModuleNotFoundError as error:
        raise UserError(
            f"backend '{name}' needs the Python package '{error.name}', which is not installed; "
            "install it, or choose backend:=kinematic"
        ) from None


def for_backend(roster: Roster, name: str) -> Roster:
    """The roster with each robot of the kind that it becomes in that backend's worlds; others are refused."""
    kinds = backend(name).KINDS

    def built(robot: RobotEntry) -> RobotEntry:
        if robot.kind not in kinds:
            others = ", ".join(other for other in BACKENDS if other != name)
            raise UserError(
                f"robot '{robot.name}': backend '{name}' cannot build the kind '{robot.kind}'; "
                f"{nearest(robot.kind, kinds)}; or try another backend: {others}"
            )
        return robot.model_copy(update={"kind": kinds[robot.kind]})

    return roster.model_copy(update={"robots": [built(robot) for robot in roster.robots]})
